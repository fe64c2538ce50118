"""An architecture of d2lres as a PyTorch net, for the benchmarks: the same data, the same layers.

Lazy modules learn their input channels from the first batch, as Gluon's layers do.
"""

from torch import nn
from torch.nn.functional import pad, relu

from d2lres.structure import arch


class Residual(nn.Module):
    def __init__(self, block):
        super().__init__()
        parts = (block.before, block.branch, block.shortcut, block.after)
        self.before, self.branch, self.shortcut, self.after = map(chain, parts)

    def forward(self, X):
        X = self.before(X)
        return self.after(self.branch(X) + self.shortcut(X))


class ZeroChannels(nn.Module):
    def __init__(self, added):
        super().__init__()
        self.added = added

    def forward(self, X):
        return pad(X, (0, 0, 0, 0, 0, self.added))


class ReLU(nn.Module):
    def forward(self, X):
        return relu(X)


LAYERS = {
    arch.Conv: lambda c: nn.LazyConv2d(
        c.channels, c.kernel, c.strides, c.padding, groups=c.groups, bias=c.use_bias
    ),
    arch.BatchNorm: lambda _: nn.LazyBatchNorm2d(),
    arch.ReLU: lambda _: ReLU(),
    arch.MaxPool: lambda p: nn.MaxPool2d(p.kernel, p.strides, p.padding),
    arch.GlobalAvgPool: lambda _: nn.AdaptiveAvgPool2d(1),
    arch.Dense: lambda d: nn.Sequential(nn.Flatten(), nn.LazyLinear(d.units)),
    arch.ZeroChannels: lambda z: ZeroChannels(z.added),
    arch.Residual: Residual,
    arch.Plain: lambda block: chain(block.branch),
}


def chain(layers):
    return nn.Sequential(*(LAYERS[type(layer)](layer) for layer in layers))


def twin(architecture):
    """The PyTorch net of an architecture; pass it one batch before its parameters are used."""
    return nn.Sequential(*map(chain, architecture.parts.values()))
