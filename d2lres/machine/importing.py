"""Whoever imports MXNet after `import d2lres` finds it prepared: the hook that sees to it.

d2l imports MXNet, a reader does, and so do Gluon's worker processes: asking all of them to import
it through this package would be forgotten.  Hence the help comes from Python's own import system.
`Finder` stands before Python's finders and wraps what loads MXNet: the repairs and the threads come
before it, and what can be done only with the library loaded comes after.

Putting the hook there is all that `import d2lres` does: the rest waits until MXNet is imported.

Explained in the appendix "How MXNet runs today".
"""

import os
import sys
import warnings

# --- threads -------------------------------------------------------------------------------------


def set_threads() -> None:
    """Give MXNet every usable core, and bind its threads to them, unless the user chose otherwise.

    Left alone, MXNet takes half of the cores that it sees: one thread on two cores.  It reads the
    number once, when the library is loaded.

    Binding is faster when one training has the machine to itself and harmful when several share it:
    set OMP_PROC_BIND=false there.
    """
    from .processor import usable_cores

    os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    os.environ.setdefault("OMP_PROC_BIND", "true")


def keep_one_team() -> None:
    """Let the thread that imports MXNet do alone what little it computes itself.

    MXNet computes in a thread of its own, with a team of as many as there are cores.  The importing
    thread makes a second team when it copies 200,000 numbers or more, and in `fit` after a test.
    OpenMP then counts more threads than cores, and from that moment all of them fall asleep between
    two loops in place of staying awake: training takes a fifth to a half longer.
    """
    library = getattr(sys.modules.get("mxnet.base"), "_LIB", None)
    if hasattr(library, "omp_set_num_threads"):  # OpenMP's function for the calling thread alone
        library.omp_set_num_threads(1)


# --- the import ----------------------------------------------------------------------------------


def forget_failed_import(module) -> None:
    """Drop the files of an MXNet whose import failed half-way: Python would take them for whole."""
    if "base" not in vars(module):  # else MXNet is here, and is loaded once more
        for name in list(sys.modules):
            if name.startswith("mxnet."):
                del sys.modules[name]


def load_cuda() -> None:
    """Load the CUDA libraries of MXNet's build for CUDA, where that is the one installed."""
    from . import nvidia

    if (folder := nvidia.cuda_folder()) and folder.exists():
        nvidia.load_cuda(folder)


def finish() -> None:
    """What comes after MXNet's import."""
    from multiprocessing import current_process

    keep_one_team()
    # Processes that are spawned begin with nothing imported.  They take this dictionary over before
    # their work, and to read `install` they import d2lres: so MXNet comes after it there as well.
    current_process()._config["d2lres"] = install


def prepared(exec_module):
    """A loader's `exec_module` with all that MXNet needs around it."""

    def exec_mxnet(module):
        from .repairs import repair

        forget_failed_import(module)
        set_threads()
        load_cuda()
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
        repair()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # no reader can mend MXNet's
                exec_module(module)
        finally:
            if cores:
                # Binding has tied this thread, and every process that it will start, to one core.
                os.sched_setaffinity(0, cores)
        finish()

    return exec_mxnet


def wrapper(name: str):
    """What is to be put around the `exec_module` of this module, or None."""
    if name == "mxnet":
        return prepared
    if name in ("mxnet.ndarray.register", "mxnet.symbol.register"):
        from .compiled import compiled_once

        return compiled_once
    return None


class Finder:
    """Says where MXNet is, as the finders behind this one tell, and has its import prepared.

    To be asked where it is (importlib.util.find_spec) changes nothing yet.
    """

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if not (around := wrapper(name)):
            return None
        behind = sys.meta_path[sys.meta_path.index(cls) + 1 :]
        found = (f.find_spec(name, path, target) for f in behind if hasattr(f, "find_spec"))
        spec = next(filter(None, found), None)
        if spec and spec.loader:  # a mere folder of that name has no loader
            spec.loader.exec_module = around(spec.loader.exec_module)
        return spec


def install() -> None:
    """Put the hook before Python's finders, in the place of one that an earlier import put there.

    Where MXNet came before d2lres, its threads are set; do what can still be done.
    """
    others = [f for f in sys.meta_path if getattr(f, "__module__", None) != __name__]
    sys.meta_path[:] = [Finder, *others]
    if sys.modules.get("mxnet"):
        from .repairs import repair

        repair()
        finish()
