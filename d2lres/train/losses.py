"""The loss of a batch: smoothed labels, mixed images."""

from ..live import nn, np


class CrossEntropy(nn.HybridBlock):
    """Minus the logarithm of the probability of the right class, for each image (N,).

    Argument: `smoothing`, the share of the target that is spread evenly over all classes.
    Source: Szegedy et al. (2016), section 7.  Chapter "Images, targets and seeds".
    """

    def __init__(self, smoothing: float = 0.0):
        super().__init__()
        self._smoothing = smoothing

    def hybrid_forward(self, F, y_hat, y):
        log_p = F.npx.log_softmax(y_hat, axis=-1)
        right = -F.npx.pick(log_p, y, axis=-1)
        if not self._smoothing:
            return right
        return (1 - self._smoothing) * right - self._smoothing * log_p.mean(axis=-1)


class MixedLoss(nn.HybridBlock):
    """The loss of mixed images: y (N, 3) holds two class numbers and the share of the first."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def hybrid_forward(self, F, y_hat, y):
        first, second, share = (y[:, i] for i in range(3))
        return share * self.loss(y_hat, first) + (1 - share) * self.loss(y_hat, second)


def mixed(train_iter, alpha: float, rng):
    """Each batch mixed with itself in another order (MixUp), as `MixedLoss` takes it.

    Source: Zhang et al. (2018), equation 1.  Chapter "Images, targets and seeds".
    """
    for X, y in train_iter:
        share, order = rng.beta(alpha, alpha), np.array(rng.permutation(len(X)), dtype="int32")
        y = y.astype("float32")
        yield (
            share * X + (1 - share) * X[order],
            np.stack([y, y[order], np.full_like(y, share)], axis=1),
        )
