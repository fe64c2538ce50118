"""The errors that d2lres raises on purpose.

Each message has one form, `WHERE: FOUND; EXPECTED. NEXT STEP`, so that a learner reads what to do
and not a traceback.  The command line prints it after `error: ` (see `d2lres.commands.program`).
"""


class D2lresError(Exception):
    """Any error that d2lres raises on purpose.  `exit_status` is the command line's exit status."""

    exit_status = 1


class ConfigError(D2lresError, ValueError):
    """A request that makes no sense: an unknown name, an option out of range.  Exit status 2."""

    exit_status = 2


class ShapeError(ConfigError):
    """Shapes that do not fit together: channels that differ, an image too small for the net."""


class DataError(D2lresError):
    """A data set or checkpoint that is missing, damaged, or not what its name says."""


class InUse(DataError):
    """A folder that another process is at work in."""


class Stopped(D2lresError):
    """Ended by the keyboard, with what was finished kept.  Exit status 130, as a shell has it."""

    exit_status = 130


class MissingDependency(D2lresError, ImportError):
    """A package that is not installed, or that is broken here.  The message holds the fix."""


MANY = 150  # names: more of them fill a screen


def unknown_name(kind: str, found: str, valid) -> ConfigError:
    """The error for a name that is not in `valid`: lists the nearest names, then all of them.

    Of names that would fill a screen it lists the first.

    >>> print(unknown_name("architecture", "resnet81", ["resnet18", "resnet34"]))
    architecture 'resnet81': no such name; did you mean 'resnet18'? Valid: resnet18, resnet34.
    """
    from difflib import get_close_matches  # here, since the import costs time and errors are rare

    valid = list(valid)
    near = get_close_matches(str(found), valid, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    names = ", ".join(valid)
    if len(valid) > MANY:
        names = f"{', '.join(valid[:20])} and {len(valid) - 20} more"
    return ConfigError(f"{kind} {found!r:.80}: no such name; {hint}Valid: {names}.")
