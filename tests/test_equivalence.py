"""Two nets with the same weights: what agrees, and what must not."""

from math import inf

import pytest
from first_batch import started

import d2lres
from d2lres import nn, np
from d2lres.live import conv3x3, deepen, difference, hand_on, sequential

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


# --- a deeper net that computes what a shallower one does ----------------------------------------


@pytest.mark.parametrize("kind", ["plain", "resnet"])
def test_a_deeper_net_can_compute_what_a_shallower_one_does(kind):
    """He et al. (2015), section 1: the added layers hand on, so the deeper net is no worse."""
    shape = (3, 16, 16)
    shallow, deep = (started(d2lres.build(f"cifar-{kind}{depth}"), shape) for depth in (8, 20))
    deep.initialize(force_reinit=True)  # else both began with the same seed
    X = np.random.uniform(-1, 1, size=(2, *shape))
    wanted = shallow(X)
    assert np.abs(deep(X) - wanted).max() > 0.1 * np.abs(wanted).max()
    deepen(shallow, deep)
    assert np.abs(deep(X) - wanted).max() < 1e-3 * np.abs(wanted).max()


def test_a_residual_block_hands_on_by_one_vector_and_a_plain_one_by_all_its_weights():
    """What is negative is cut off by the last ReLU, in both."""
    for name in ("resnet", "plain"):
        stage = d2lres.architecture(f"cifar-{name}8").stages[0]
        block = d2lres.build(stage)[0]
        block.initialize()
        block(np.random.uniform(size=(2, 16, 6, 6)))
        before = [p.data().asnumpy() for p in block.collect_params(".*weight").values()]
        hand_on(block)
        after = [p.data().asnumpy() for p in block.collect_params(".*weight").values()]
        X = np.random.uniform(-1, 1, size=(2, 16, 6, 6))
        assert np.abs(block(X) - np.maximum(X, 0)).max() < 1e-4
        kept = all((a == b).all() for a, b in zip(before, after, strict=True))
        assert kept == (name == "resnet")


def test_what_cannot_be_deepened_is_refused_in_words():
    shape = (3, 16, 16)
    nets = [started(d2lres.build(f"cifar-plain{depth}"), shape) for depth in (14, 8)]
    with pytest.raises(d2lres.ConfigError, match=r"\[2, 2, 2\] blocks in the stages, then \[1, 1"):
        deepen(*nets)
    v2 = started(d2lres.build("wrn-10-1"), shape)
    with pytest.raises(d2lres.ConfigError, match="ends in no batch normalization"):
        hand_on(v2[1][0])
