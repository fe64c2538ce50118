"""Nets as most tests need them: initialized, and past the batch that decides the shapes."""

import numpy

from d2lres.live import mx, np

# To draw every weight of every net took a quarter of the time that these tests take.
NUMBERS = numpy.random.RandomState(0).uniform(-0.07, 0.07, 999_983).astype("float32")  # a prime


class Repeated(mx.init.Initializer):
    """Weights as uniform as MXNet's own, out of a million numbers over and over."""

    def _init_weight(self, _, array):
        array[:] = np.array(numpy.resize(NUMBERS, array.shape))


def started(net, shape):
    """The net, its weights drawn and its shapes known."""
    mx.random.seed(0)
    net.initialize(Repeated())
    # wait: MXNet can crash where weights are read while a first pass still sorts them anew
    net(np.zeros((1, *shape))).wait_to_read()
    return net
