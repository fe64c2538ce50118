"""The command line: parse, call the package, print.  Everything else is elsewhere.

`program` is the whole; `counting`, `data`, `training`, `exporting`, `weights`, `experiments` and
`assignments` hold the commands, a file for each group; `doctor` looks at the machine.
"""

from ..names import on_first_use

# The doctor works where click is missing, so the program is not imported before it is run.
_LATER = {"main": "program"}
__all__ = [*_LATER]
__getattr__, __dir__ = on_first_use(__name__, _LATER)
