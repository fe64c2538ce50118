"""The commands for teachers, `d2lres assignments ...`: parse, call the package, print.

Explained in the chapter "For teachers".
"""

import click

from .grading.commands import COMMANDS


@click.group()
def assignments():
    """The book's graded assignments: list them, hand them out, check and grade what comes back."""


@assignments.command("list")
def list_them():
    """Print every assignment, its points and its title."""
    from .assignments import list_assignments

    for assignment in list_assignments().values():
        click.echo(f"{assignment.name}: {assignment.title} ({assignment.points} points)")


@assignments.command()
@click.argument("names", nargs=-1, metavar="[NAME] ...")
@click.option("--out", type=click.Path(), required=True, help="Folder of the student versions.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def release(names, out, force):
    """Write the student version of NAME, or of every assignment: no solutions, no hidden tests."""
    from .assignments import release

    for path in release(names, out, force=force):
        click.echo(path)


for command in COMMANDS:
    assignments.add_command(command)
