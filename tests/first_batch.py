"""Nets as most tests need them: initialized, and past the batch that decides the shapes."""

from d2lres.live import mx, np


def started(net, shape):
    """The net, its weights drawn and its shapes known."""
    mx.random.seed(0)
    net.initialize()
    # wait: MXNet can crash where weights are read while a first pass still sorts them anew
    net(np.zeros((1, *shape))).wait_to_read()
    return net
