"""Two nets with the same weights: what agrees, and what must not."""

from math import inf

import pytest

import d2lres
from d2lres import nn, np
from d2lres.live import conv3x3, difference, sequential

X = np.random.uniform(-1, 1, size=(2, 3, 8, 8))


class Otherwise(nn.HybridBlock):
    """A basic block with other names, made in another order: the projection first."""

    def __init__(self, channels, strides):
        super().__init__()
        self.p = nn.Conv2D(channels, 1, strides, use_bias=False)
        self.n, self.b, self.a = nn.BatchNorm(), nn.BatchNorm(), nn.BatchNorm()
        self.d = nn.Conv2D(channels, 3, padding=1, use_bias=False)
        self.c = nn.Conv2D(channels, 3, strides, padding=1, use_bias=False)

    def hybrid_forward(self, F, X):
        Y = self.b(self.d(F.npx.relu(self.a(self.c(X)))))
        return F.npx.relu(Y + self.n(self.p(X)))


def test_names_and_order_do_not_matter():
    assert difference(Otherwise(6, 2), d2lres.BasicBlock(6, 3, 2), X) < 1e-5


def test_a_stride_in_another_place_is_seen():
    def convs(first, second):
        return sequential(conv3x3(6, 3, first), conv3x3(6, 6, second))

    assert difference(convs(1, 2), convs(1, 2), X) == 0
    assert difference(convs(1, 2), convs(2, 1), X) > 0.01


def test_other_parameters_or_shapes_are_infinitely_far():
    conv = nn.Conv2D(6, 3, use_bias=False)
    assert difference(nn.Conv2D(6, 3), conv, X) == inf
    assert difference(nn.Conv2D(6, 3, padding=1, use_bias=False), conv, X) == inf


def test_a_deep_net_keeps_its_signal():
    """Else every difference would drown, or be infinite."""
    ours, theirs = (d2lres.build("resnet18", classes=10) for _ in range(2))
    assert difference(ours, theirs, np.random.uniform(size=(1, 3, 40, 40))) < 1e-5
    assert 1e-3 < float(np.abs(ours(np.ones((1, 3, 40, 40)))).max()) < 1e3


def test_another_seed_gives_other_weights():
    nets = [nn.Conv2D(6, 3) for _ in range(2)]
    weights = []
    for seed in (0, 1, 0):
        difference(*nets, X, seed=seed)
        weights.append(nets[0].weight.data().asnumpy())
    assert (weights[0] == weights[2]).all() and (weights[0] != weights[1]).any()


def test_a_parameter_of_no_known_kind_is_refused():
    class Odd(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.odd = self.params.get("odd", shape=(1,))

        def hybrid_forward(self, F, X, odd):
            return X * odd

    with pytest.raises(d2lres.ConfigError, match="odd: of no known kind"):
        difference(Odd(), Odd(), X)
