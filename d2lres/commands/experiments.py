"""The commands `d2lres experiments ...`: parse, call the package, print.

Each imports what it needs when it runs.  Explained in the README of `runs/`.
"""

import click

from .training import device_option


@click.group()
def experiments():
    """The book's experiments: list them, run them."""


@experiments.command("list")
def list_experiments():
    """Print every experiment, what it asks, and about how long it takes.

    On two cores, or, with PyTorch, on the GPU of a data centre.
    """
    from ..runs import EXPERIMENTS

    for e in EXPERIMENTS.values():
        number = len(e.recipes) * len(e.seeds)
        where = " on a GPU" * (e.engine == "torch")
        runs = f"{number} run{'s' * (number > 1)}, about {e.minutes} minutes{where}"
        click.echo(f"{e.name}: {e.question} ({runs})")


@experiments.command("run")
@click.argument("names", nargs=-1, metavar="[NAME] ...")
@click.option("--out", type=click.Path(), default="runs", show_default=True, help="Folder.")
@click.option("--data", type=click.Choice(["full", "sample"]), help="[default: the experiment's]")
@click.option("--engine", help="mxnet, or torch: PyTorch.  [default: the experiment's]")
@device_option
@click.option("--keep-weights", is_flag=True, help="Keep those of every run, of any size.")
def run_experiments(names, out, data, engine, device, keep_weights):
    """Record the runs of NAME, or of every experiment, that are not recorded yet.

    Stop it with Ctrl-C; the same command goes on.  Started in several terminals, each takes runs
    that no other is training.
    """
    from ..runs import (
        check_data,
        experiment_names,
        find_engine,
        find_experiment,
        missing_runs,
        run_experiment,
    )

    chosen = [find_experiment(name) for name in names or experiment_names()]
    for experiment in chosen:  # now, not hours later
        check_data(experiment, out, data)
    engines = {engine or e.engine for e in chosen if missing_runs(e, out)}
    devices = {name: find_engine(name).find_device(device) for name in sorted(engines)}
    options = {"data": data, "keep_weights": keep_weights, "say": click.echo}
    for experiment in chosen:
        name = engine or experiment.engine
        run_experiment(experiment, out, engine=name, device=devices.get(name), **options)


@experiments.command("table")
@click.option("--out", type=click.Path(), default="runs", show_default=True, help="Folder.")
def table_of_experiments(out):
    """Print what is recorded as a table in Markdown, and put it into the folder's README.md."""
    from ..runs import results, tabulate

    click.echo(results(out).to_markdown())
    tabulate(out)
