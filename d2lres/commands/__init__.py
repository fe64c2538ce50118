"""The command line: parse, call the package, print.  Everything else is elsewhere.

`program` is the whole; `counting`, `data`, `training`, `experiments` and `assignments` hold the
commands, a file for each group; `doctor` looks at the machine.
"""

from .program import main

__all__ = ["main"]
