"""`d2lres weights`: whose weights a file holds, and the same for Gluon."""

import click


@click.command()
@click.argument("file", type=click.Path())
@click.option("--into", metavar="ARCH", help="The net they are meant for.  [default: any]")
@click.option("--version", help="One in `d2lres list`.  [default: what fits]")
@click.option("--shortcut", help="A, B or C.  [default: what fits]")
@click.option("--out", type=click.Path(), help="Write them for Gluon's net.load_parameters.")
def weights(file, into, version, shortcut, out):
    """Say which net the weights in FILE belong to: PyTorch's .pth, or Gluon's .params."""
    from ..twins.weights import convert, identify

    first, *others = identify(file, into, version, shortcut)
    size = sum(array.size for array in first.arrays.values())
    click.echo(
        f"{first}, {first.classes} classes: {len(first.arrays)} arrays with {first.words} names, "
        f"{size:,} numbers; nothing is missing and nothing is left over"
    )
    if others:
        click.echo(f"names and shapes fit as well: {', '.join(map(str, others))}")
    if out:
        convert(first, out)
        click.echo(f"written for Gluon: {out}")
