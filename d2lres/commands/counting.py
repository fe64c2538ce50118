"""`d2lres list`, `summary` and `compare`: what there is, and what it costs."""

import json
import re

import click

from ..errors import ConfigError


@click.command("list")
def list_names():
    """Print every architecture and recipe name."""
    from ..structure import architecture_families
    from ..train import recipe_names

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
        click.option("--padding", help="same or valid.  [default: the net's own]"),
        click.option("--shortcut", help="A, B or C.  [default: the paper's]"),
        click.option("--version", help="One in `d2lres list`.  [default: the net's first]"),
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


@click.command()
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
    from ..structure import summarize

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


@click.command()
@click.argument("archs", nargs=-1, required=True, metavar="ARCH ARCH ...")
@architecture_options
def compare(archs, input_shape, as_json, markdown, **options):
    """Total parameters, buffers and MACs of several ARCHs."""
    from ..structure import contrast

    table = contrast(archs, input_shape, **options)
    show(table.table(), table.to_dict(), as_json, markdown)
