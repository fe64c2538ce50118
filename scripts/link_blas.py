"""Let MXNet load on Linux aarch64: give it OpenBLAS where it asks for Arm's Performance Libraries.

MXNet's wheel for aarch64 names three of Arm's libraries, which no distribution ships.  What it
calls in them is CBLAS, LAPACK and LAPACKE: OpenBLAS and LAPACKE have those under the same names;
the C library has the rest.  Links beside libmxnet.so, where it looks first, put them in place.

    python scripts/link_blas.py            make the links (nothing to do on another system)
    python scripts/link_blas.py --check    exit 1 where the libraries to link to are missing
"""

import ctypes
import platform
import re
import sys
import sysconfig
from pathlib import Path

ARM = ("libarmpl_lp64_mp.so", "libamath.so", "libastring.so")
STAND_INS = ("libopenblas.so.0", "liblapacke.so.3", "libopenblas.so.0")  # the third is not called


def loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def path_of(name: str) -> str:
    """Where the loaded library lies, as the kernel tells it."""
    stem = re.escape(name.partition(".")[0])
    maps = Path("/proc/self/maps").read_text()
    return re.search(rf"/\S*/{stem}[\w.-]*\.so\S*$", maps, re.MULTILINE)[0]


def main() -> int:
    if (platform.system(), platform.machine()) != ("Linux", "aarch64") or all(map(loads, ARM)):
        return 0
    if not all(map(loads, STAND_INS)):
        return 1
    if "--check" not in sys.argv:
        folder = Path(sysconfig.get_path("purelib"), "mxnet")
        for name, stand_in in zip(ARM, STAND_INS, strict=True):
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(path_of(stand_in))
    return 0


if __name__ == "__main__":
    sys.exit(main())
