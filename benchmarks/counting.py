"""What a reader waits for before anything trains: importing, summarizing, counting, building.

python benchmarks/counting.py
"""

import subprocess
import sys
from time import perf_counter

import d2lres
from d2lres.structure import architecture_families


def seconds(work, repeat=5):
    """The shortest of several tries."""
    times = []
    for _ in range(repeat):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def python(*words):
    return lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


# The import of MXNet as it would be without `d2lres.machine.compiled`.
COMPILING = """
import d2lres
from d2lres.machine import compiled
compiled.Kept.compile = lambda self, text: compile(text, "<string>", "exec")
import mxnet
"""


def every_variant():
    """(name, version, shortcut) of everything that is registered."""
    return [
        (name, version, shortcut)
        for family in architecture_families()
        for name in family.examples
        for version in family.versions
        for shortcut in family.shortcuts
    ]


def count_the_zoo():
    for name, version, shortcut in every_variant():
        d2lres.count(d2lres.architecture(name, version=version, shortcut=shortcut))


def build():
    """A Gluon ResNet-152 whose shapes are known: built, initialized, and shown one small image."""
    net = d2lres.build("resnet152")
    net.initialize()
    net(d2lres.np.zeros((1, 3, 32, 32))).wait_to_read()


def main():
    bare = seconds(python("-c", "pass"), repeat=15)
    loaded = seconds(python("-c", "import d2lres"), repeat=15)
    kept = seconds(python("-c", "import d2lres, mxnet"))
    compiling = seconds(python("-c", COMPILING))
    table = seconds(python("-m", "d2lres", "summary", "resnet152", "--json"))
    counted = seconds(lambda: d2lres.count(d2lres.architecture("resnet152")))
    zoo = seconds(count_the_zoo, repeat=3)
    built = seconds(build, repeat=2)
    print(
        f"import d2lres: {1000 * (loaded - bare):.0f} ms more than Python's own {1000 * bare:.0f}"
    )
    print(
        f"import mxnet: {kept - loaded:.2f} s; {compiling - loaded:.2f} s where its functions "
        "are compiled each time"
    )
    print(f"d2lres summary resnet152 --json: {table:.2f} s")
    print(
        f"counting resnet152: {1000 * counted:.1f} ms; building it in Gluon: {1000 * built:.0f} ms"
    )
    print(f"counting is {built / counted:.0f} times faster")
    print(f"counting all {len(every_variant())} architectures of the zoo: {zoo:.2f} s")


if __name__ == "__main__":
    main()
