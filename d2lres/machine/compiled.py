"""MXNet's functions, compiled once: else half of the time that its import takes.

MXNet has a function in Python for each of its operators, twice: for arrays and for symbols.  It
writes the texts of these 2,500 functions each time that it is imported, and compiles them.  What
Python compiles from files it keeps in `__pycache__`; here the same is done with these texts, in
the same folder.  The functions are what they would have been.

Explained in the appendix "How MXNet runs today".
"""

import contextlib
import hashlib
import marshal
import re
import sys
from pathlib import Path
from types import CodeType

from ..errors import DataError
from ..files import write_whole

CALLS = "_imperative_invoke(", "_symbol_creator("  # what stands before the operator's address
DIGITS = re.compile(r"\d+")
ANYWHERE = 2**62 + 1  # stands for the address in what is kept


class Kept:
    """Compiled texts by their digests: `found` in the file, `used` by this import."""

    def __init__(self, file: Path):
        self.file, self.found, self.used = file, {}, {}
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
            check, content = file.read_bytes()[:16], file.read_bytes()[16:]
            if check == digest(content):
                self.found = marshal.loads(content)

    def compile(self, text: str) -> CodeType:
        """What `compile` gives for a text.  Its one address is another in each process."""
        before, address, after = parted(text)
        text = f"{before}{ANYWHERE}{after}"
        name = digest(text.encode())
        self.used[name] = self.found.get(name) or compile(text, "<string>", "exec")
        return with_number(self.used[name], address)

    def write(self) -> None:
        """Keep what was used, where something was missing and Python may write."""
        if self.used.keys() - self.found.keys() and not sys.dont_write_bytecode:
            content = marshal.dumps(self.used)
            with contextlib.suppress(DataError):  # a folder in which we may not write
                write_whole(self.file, digest(content) + content)


def parted(text: str) -> tuple[str, int, str]:
    """The address of the operator that a text calls, between what stands before and after it."""
    [call] = (each for each in CALLS if each in text)
    before, _, after = text.partition(call)
    address = DIGITS.match(after)[0]
    return before + call, int(address), after.removeprefix(address)


def digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def with_number(code: CodeType, number: int) -> CodeType:
    """The code with this number in the place of ANYWHERE, also in the functions that it defines."""
    constants = (
        with_number(each, number) if isinstance(each, CodeType)
        else number if each == ANYWHERE
        else each
        for each in code.co_consts
    )  # fmt: skip
    return code.replace(co_consts=tuple(constants))


def compiled_once(exec_module):
    """The `exec_module` of a module that writes functions: it finds them compiled."""

    def exec_register(module):
        folder = Path(module.__file__).parent.parent / "__pycache__"
        kept = Kept(folder / f"{module.__name__}.{sys.implementation.cache_tag}.d2lres")
        # Of the module's three arguments, the second is None: its own names.
        module.exec = lambda text, _, names: exec(kept.compile(text), vars(module), names)
        exec_module(module)
        del module.exec
        kept.write()

    return exec_register
