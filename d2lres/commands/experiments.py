"""The commands `d2lres experiments ...`: parse, call the package, print.

Each imports what it needs when it runs.  Explained in the README of `runs/`.
"""

import click

from .training import engine_options


@click.group()
def experiments():
    """The book's experiments: list them, run them."""


@experiments.command("list")
def list_experiments():
    """Print every experiment, what it asks, and about how long it takes on two cores."""
    from ..runs import EXPERIMENTS

    for e in EXPERIMENTS.values():
        number = len(e.recipes) * len(e.seeds)
        runs = f"{number} run{'s' * (number > 1)}, about {e.minutes} minutes"
        click.echo(f"{e.name}: {e.question} ({runs})")


@experiments.command("run")
@click.argument("names", nargs=-1, metavar="[NAME] ...")
@click.option("--out", type=click.Path(), default="runs", show_default=True, help="Folder.")
@click.option("--data", type=click.Choice(["full", "sample"]), help="[default: the experiment's]")
@engine_options
@click.option("--keep-weights", is_flag=True, help="Keep those of every run, of any size.")
def run_experiments(names, out, data, engine, device, keep_weights):
    """Record the runs of NAME, or of every experiment, that are not recorded yet.

    Stop it with Ctrl-C; the same command goes on.
    """
    from ..runs import (
        check_data,
        experiment_names,
        find_engine,
        find_experiment,
        run_experiment,
    )

    chosen = [find_experiment(name) for name in names or experiment_names()]
    for experiment in chosen:  # now, not hours later
        check_data(experiment, out, data)
    framework = find_engine(engine)  # after the names are found: it takes seconds to import
    options = {"data": data, "keep_weights": keep_weights, "engine": engine}
    options["device"] = framework.find_device(device)
    for experiment in chosen:
        run_experiment(experiment, out, say=click.echo, **options)


@experiments.command("table")
@click.option("--out", type=click.Path(), default="runs", show_default=True, help="Folder.")
def table_of_experiments(out):
    """Print what is recorded as a table in Markdown, and put it into the folder's README.md."""
    from ..runs import results, tabulate

    click.echo(results(out).to_markdown())
    tabulate(out)
