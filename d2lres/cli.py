"""The command line: parse, call the package, print.  Everything else is elsewhere.

Each command imports what it needs when it runs, so that `d2lres summary` never waits for MXNet.
"""

import json
import os
import re
import sys

import click

from . import __version__
from .cli_assignments import assignments
from .cli_experiments import experiments
from .errors import ConfigError, D2lresError


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


@main.command("list")
def list_names():
    """Print every architecture and recipe name."""
    from .recipes import recipe_names
    from .zoo import architecture_families

    click.echo("architectures:")
    for family in architecture_families():
        versions, shortcuts = " ".join(family.versions), " ".join(family.shortcuts)
        click.echo(f"  # {family.rule}; version {versions}; shortcut {shortcuts}")
        click.echo("".join(f"  {name}\n" for name in family.examples), nl=False)
    click.echo("recipes:\n  " + "\n  ".join(recipe_names()))


def parse_shape(ctx, parameter, text):
    """3,224,224 as a tuple; the numbers are judged where they are used."""
    if text is None:
        return None
    if not re.fullmatch(r"\s*\d+\s*,\s*\d+\s*,\s*\d+\s*", text):
        raise ConfigError(
            f"--input: {text!r}; expected channels, height, width, such as 3,224,224."
        )
    return tuple(map(int, text.split(",")))


def architecture_options(command):
    """The options that choose and count an architecture, for `summary` and `compare`."""
    for option in (
        click.option("--markdown", is_flag=True, help="Print Markdown."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option(
            "--layout", default="NCHW", show_default=True, help="NCHW; NHWC takes --input H,W,C."
        ),
        click.option("--shortcut", help="A, B or C.  [default: the paper's]"),
        click.option("--version", help="v1, v1.5, v1-no-relu or v2.  [default: the net's first]"),
        click.option("--classes", type=int, help="Width of the head.  [default: the data set's]"),
        click.option("--input", "input_shape", callback=parse_shape, help="C,H,W of an image."),
    ):
        command = option(command)
    return command


def show(table, data, as_json: bool, markdown: bool) -> None:
    """Print plain data as JSON, or a table as Markdown or text."""
    if as_json and markdown:
        raise ConfigError("--json and --markdown: both; expected one of them.")
    click.echo(
        json.dumps(data) if as_json else table.to_markdown() if markdown else table.to_text()
    )


@main.command()
@click.argument("arch")
@click.option(
    "--show",
    "view",
    type=click.Choice(["counts", "fields", "memory"]),
    default="counts",
    show_default=True,
    help="Costs, receptive fields, or bytes.",
)
@click.option("--batch-size", type=int, help="For --show memory.  [default: 1]")
@architecture_options
def summary(arch, input_shape, view, batch_size, as_json, markdown, **options):
    """Shapes, parameters, buffers and MACs of ARCH, layer by layer."""
    from .report import summarize

    if batch_size is not None and view != "memory":
        raise ConfigError(f"--batch-size: given with --show {view}; expected --show memory.")
    s = summarize(arch, input_shape, **options)
    if view == "memory":
        batch_size = 1 if batch_size is None else batch_size
        show(s.memory_table(batch_size), s.memory_dict(batch_size), as_json, markdown)
    elif view == "fields":
        show(s.fields(), s.fields_dict(), as_json, markdown)
    else:
        show(s.table(), s.to_dict(), as_json, markdown)


@main.command()
@click.argument("archs", nargs=-1, required=True, metavar="ARCH ARCH ...")
@architecture_options
def compare(archs, input_shape, as_json, markdown, **options):
    """Total parameters, buffers and MACs of several ARCHs."""
    from .report import contrast

    table = contrast(archs, input_shape, **options)
    show(table.table(), table.to_dict(), as_json, markdown)


@main.group()
def data():
    """Find, fetch and verify the data sets: fashion-mnist, cifar-10."""


root_option = click.option("--root", type=click.Path(), help="Look in this folder first.")


@data.command()
@click.argument("name")
@root_option
def fetch(name, root):
    """Download NAME where it is not found, verify it, and print its folder."""
    from .data import fetch

    click.echo(fetch(name, root=root))


@data.command()
@click.argument("name")
@root_option
def verify(name, root):
    """Check the content of every file of NAME and print its SHA-256."""
    from .data import verify

    for file in verify(name, root=root):
        click.echo(f"{file.sha256}  {file.path}  ({file.variant})")


@data.command()
@click.argument("name")
@root_option
def where(name, root):
    """Print the folder in which NAME is found; exit status 1 where there is none."""
    from .data import where
    from .errors import DataError

    folder = where(name, root=root)
    if folder is None:
        raise DataError(
            f"{name}: not found on this machine; expected its files. "
            f"Run `d2lres data fetch {name}`, or use the sample: --data sample."
        )
    click.echo(folder)


@main.command()
@click.argument("recipe")
@click.option("--data", type=click.Choice(["full", "sample"]), default="full", show_default=True)
@click.option("--epochs", type=int, help="Instead of the recipe's.")
@click.option("--batch-size", type=int, help="Instead of the recipe's.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or gpu:N.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", type=click.Path(), help="Folder of the run.  [default: runs/RECIPE]")
@click.option("--resume", is_flag=True, help="Go on from the last finished epoch.")
@click.option(
    "--kvstore",
    type=click.Choice(["local", "device", "dist_sync"]),
    default="device",
    show_default=True,
    help="How gradients are combined.",
)
def train(recipe, data, epochs, batch_size, device, seed, out, resume, kvstore):
    """Train RECIPE and record the run."""
    from .recipes import find_recipe

    changes = {"num_epochs": epochs, "batch_size": batch_size}
    chosen = find_recipe(recipe).changed(**{k: v for k, v in changes.items() if v is not None})

    from ._mxnet import find_device  # after the recipe is found: MXNet takes seconds to import
    from .runs import train_recipe

    run = train_recipe(
        chosen,
        out or f"runs/{recipe}",
        data=data,
        seed=seed,
        device=find_device(device),
        kvstore=kvstore,
        resume=resume,
    )
    click.echo(f"{run.history}\n{run.record['data']['label']}; recorded in {run.folder}")


@main.command()
@click.argument("run_dir", type=click.Path())
@click.option("--device", default="auto", show_default=True, help="auto, cpu or gpu:N.")
@click.option(
    "--recalibrate",
    is_flag=True,
    help="Measure the statistics of batch normalization anew first; note the result in run.json.",
)
def evaluate(run_dir, device, recalibrate):
    """Test accuracy of the weights in RUN_DIR, on the data that the run names."""
    from ._mxnet import find_device
    from .runs import evaluate_run, recalibrate_run

    device = find_device(device)
    if recalibrate:
        run = recalibrate_run(run_dir, device=device)
        found = run.record["recalibrated"]
        accuracy, label = found["test_acc"], run.record["data"]["label"]
        recorded = run.record["final"]["test_acc"]
        label += f", with statistics of {found['images']:,} training images"
    else:
        accuracy, recorded, label = evaluate_run(run_dir, device=device)
    click.echo(f"test accuracy {accuracy:.4f} on {label}; recorded {recorded:.4f}")


main.add_command(experiments)
main.add_command(assignments)
