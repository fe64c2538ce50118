"""Where the time of a training step goes: the kernels that oneDNN, MXNet's library, runs for it.

    python benchmarks/kernels.py [--net cifar-resnet20] [--side 32] [--batch-size 128] [--isa AVX2]

oneDNN has several programs ("kernels") for each operation.  Those called `ref` are written to be
understood; they are slower by an order of magnitude, and it takes one where no fast kernel fits the
way in which the numbers lie in memory.  A `reorder` lays them out anew.  Both are listed by name.
Chapter "CIFAR-10", section "Making it fast"; what a line of oneDNN's means, its documentation says
under "Verbose Mode".
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass

#: oneDNN's words for the parts of a step, and ours.
KINDS = {
    "convolution": "convolutions",
    "batch_normalization": "batch normalization",
    "eltwise": "ReLU",
    "pooling_v2": "pooling",
    "sum": "sums",
    "reorder": "reorders",
    "inner_product": "the dense layer",
    "softmax": "softmax",
}


@dataclass(frozen=True)
class Kernel:
    """One call of oneDNN: what, by which program, on an array of which shape, in how many ms."""

    kind: str
    program: str  # such as jit:avx512_common, ref:any or bnorm_ref:any
    shape: str
    ms: float

    @property
    def reference(self) -> bool:
        return "ref:" in self.program


# --- the step, in a process of its own -----------------------------------------------------------


def train(net_name: str, side: int, batch_size: int) -> None:
    """Three steps of training; oneDNN says on standard output what it runs for the last."""
    import d2lres
    from d2lres import autograd, gluon, np
    from d2lres.train import CrossEntropy

    net = d2lres.build(net_name, classes=10)
    net.initialize()
    net.hybridize(static_alloc=True, static_shape=True)
    X = np.random.normal(size=(batch_size, 3, side, side))
    y, loss = np.zeros(batch_size, dtype="int32"), CrossEntropy()
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"momentum": 0.9})
    for step in range(3):
        if step == 2:
            print("the step", flush=True)
        with autograd.record():
            value = loss(net(X), y)
        value.backward()
        trainer.step(1)
        value.wait_to_read()
        for parameter in net.collect_params(".*weight").values():
            parameter.data().wait_to_read()


def kernels(net: str, side: int, batch_size: int, isa: str | None = None) -> list[Kernel]:
    """What oneDNN runs for one step of training, in order.

    Arguments: `net`, an architecture's name; `side` of its images in pixels; `isa`, the newest
    instructions that it may use, such as "AVX2" (None: all that the processor has).
    """
    environment = {**os.environ, "MKLDNN_VERBOSE": "1", "OMP_PROC_BIND": "false"}
    if isa:
        environment["DNNL_MAX_CPU_ISA"] = isa
    words = [
        __file__,
        "--net",
        net,
        "--side",
        str(side),
        "--batch-size",
        str(batch_size),
        "--train",
    ]
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stdout.split("the step\n")[1].splitlines()
    fields = [line.split(",") for line in lines if line.startswith(("dnnl_verbose", "mkldnn"))]
    return [Kernel(f[3], f[4], f[-2], float(f[-1])) for f in fields if f[1] == "exec"]


# --- the table -----------------------------------------------------------------------------------


def main(options) -> None:
    found = kernels(options.net, options.side, options.batch_size, options.isa)
    total = sum(kernel.ms for kernel in found)
    print(
        f"{options.net}, {options.batch_size} images of {options.side}x{options.side} pixels: ",
        end="",
    )
    print(f"{len(found)} kernels, {total:.0f} ms")
    for kind, words in KINDS.items():
        mine = [kernel for kernel in found if kernel.kind == kind]
        share = sum(kernel.ms for kernel in mine) / total
        print(f"  {words:20} {len(mine):4} {share:6.1%}")
    slow = [kernel for kernel in found if kernel.reference]
    print(f"  of these, reference kernels: {len(slow)}, {sum(k.ms for k in slow) / total:.1%}")
    for kernel in slow:
        print(f"    {kernel.kind} {kernel.program}, {kernel.shape}: {kernel.ms:.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--net", default="cifar-resnet20")
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--isa", help='the newest instructions allowed, such as "AVX2"')
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        train(given.net, given.side, given.batch_size)
    else:
        main(given)
