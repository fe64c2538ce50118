"""The program `d2lres`: its errors are one line on stderr, and its commands stand in other files.

Each command imports what it needs when it runs, so that `d2lres summary` never waits for MXNet.
"""

import os
import sys

import click

from .. import __version__
from ..errors import D2lresError
from .assignments import assignments
from .counting import compare, list_names, summary
from .data import data
from .experiments import experiments
from .exporting import export
from .training import evaluate, train
from .weights import weights


class Commands(click.Group):
    """Commands whose errors are one line on stderr, `error: ...`, and an exit status."""

    def list_commands(self, ctx):
        return list(self.commands)  # in the order of definition, which is that of use

    def main(self, *args, **options):
        arguments = args[0] if args else sys.argv[1:]
        debug = "--debug" in arguments
        try:
            sys.exit(super().main(*args, standalone_mode=False, **options))
        except click.ClickException as error:
            fail(f"{_where(error)}{error.format_message()}", 2)
        except D2lresError as error:
            if debug:
                raise
            fail(str(error), error.exit_status)
        except (KeyboardInterrupt, click.Abort):
            fail("stopped by the keyboard; what was finished is kept.", 130)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except Exception as error:
            if debug:
                raise
            fail(
                f"{type(error).__name__}: {error}; this is a fault of d2lres, not yours. "
                "Run the command again with --debug after `d2lres` and report what it prints.",
                1,
            )


def _where(error) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path}: " if context else ""


def fail(message: str, status: int):
    click.echo("error: " + " ".join(message.split()), err=True)
    sys.exit(status)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__)
def main(debug):
    """Residual networks, block by block: count them, train them, look into them."""


@main.command()
def doctor():
    """Check this machine: versions, threads, GPUs, data, disk space."""
    from .doctor import report, run

    checks, ok = run()
    click.echo(report(checks))
    sys.exit(0 if ok else 1)


for command in (
    list_names, summary, compare, data, train, evaluate, export, weights, experiments, assignments,
):  # fmt: skip
    main.add_command(command)
