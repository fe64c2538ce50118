"""The commands for teachers, `d2lres assignments ...`: parse, call the package, print.

Explained in the chapter "For teachers".
"""

import sys

import click

from ..classroom import need_nbgrader


@click.group()
def assignments():
    """The book's graded assignments: list them, hand them out, check and grade what comes back."""


@assignments.command("list")
def list_them():
    """Print every assignment, its points and its title."""
    from ..classroom import list_assignments

    for assignment in list_assignments().values():
        click.echo(f"{assignment.name}: {assignment.title} ({assignment.points} points)")


@assignments.command()
@click.argument("names", nargs=-1, metavar="[NAME] ...")
@click.option("--out", type=click.Path(), required=True, help="Folder of the student versions.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def release(names, out, force):
    """Write the student version of NAME, or of every assignment: no solutions, no hidden tests."""
    from ..classroom import release

    for path in release(names, out, force=force):
        click.echo(path)


course_option = click.option(
    "--course", type=click.Path(), help="Folder that holds `source`.  [default: the book's]"
)


@assignments.command("collect-check")
@click.argument("name")
@click.argument("folder", type=click.Path())
@course_option
def collect_check(name, folder, course):
    """Check the submissions for assignment NAME in FOLDER; grade nothing.

    FOLDER holds STUDENT/NAME.ipynb or STUDENT.ipynb, or is what nbgrader has collected, or the zip
    that Moodle or Canvas makes of a class.  Exit status 1 where one is damaged.
    """
    need_nbgrader()
    from ..classroom import collect_check

    damaged = 0
    for student, ok, lines in collect_check(name, folder, course):
        damaged += not ok
        if student:
            click.echo(f"{'ok' if ok else 'DAMAGED':8} {student}")
        for line in lines:
            click.echo(f"{'':8} {line}")
    click.echo(f"\n{damaged} damaged." if damaged else "\nNone is damaged.")
    sys.exit(1 if damaged else 0)


@assignments.command()
@click.argument("name")
@click.argument("folder", type=click.Path())
@click.option("--out", type=click.Path(), required=True, help="Folder for the results.")
@click.option("--no-sandbox", is_flag=True, help="Run student code unprotected, as yourself.")
@click.option("--jobs", type=int, help="Submissions at a time.  [default: the usable cores]")
@click.option("--cell-seconds", type=float, default=120, show_default=True, help="For each cell.")
@click.option("--seconds", type=float, default=600, show_default=True, help="For a submission.")
@click.option("--memory", type=int, default=4096, show_default=True, help="MB for a submission.")
@course_option
def grade(name, folder, out, no_sandbox, jobs, cell_seconds, seconds, memory, course):
    """Grade the submissions for assignment NAME in FOLDER, each in a sandbox.

    Stop it with Ctrl-C; the same command goes on.  Delete OUT/STUDENT.json to grade one again.
    """
    need_nbgrader()
    from ..classroom import MB, Limits, Settings, grade, memory_limit

    limits = Limits(cell_seconds=cell_seconds, seconds=seconds, memory=memory * MB)
    settings = Settings(limits=limits, sandboxed=not no_sandbox)
    now, number, lines = grade(name, folder, out, course=course, settings=settings, jobs=jobs)
    for line in lines:
        click.echo(line)
    click.echo(f"Memory was limited by {memory_limit()}." if not no_sandbox else "No sandbox.")
    click.echo(f"{now} graded now, {number} in all; next: d2lres assignments report {out}")


@assignments.command()
@click.argument("out", type=click.Path())
@click.option("--show-hidden-tests", is_flag=True, help="Print their code in the feedback.")
@click.option("--export", type=click.Choice(["canvas", "moodle"]), help="Write its table, too.")
@click.option("--gradebook", type=click.Path(), help="nbgrader's database: add the marks.")
def report(out, show_hidden_tests, export, gradebook):
    """Write grades.csv and the feedback pages from the results in OUT.

    Points and comments for written answers go into OUT/manual.csv; the next report counts them.
    """
    need_nbgrader()
    from ..classroom import report

    grades, pages, lines = report(
        out, show_hidden=show_hidden_tests, export=export, gradebook=gradebook
    )
    for line in lines:
        click.echo(line)
    click.echo(f"{grades}\n{len(pages)} pages of feedback in {out}/feedback")
