"""`d2lres data ...`: find, fetch and verify the data sets."""

import click


@click.group()
def data():
    """Find, fetch and verify the data sets: fashion-mnist, cifar-10."""


root_option = click.option("--root", type=click.Path(), help="Look in this folder first.")


@data.command()
@click.argument("name")
@root_option
def fetch(name, root):
    """Download NAME where it is not found, verify it, and print where it is."""
    from ..data import fetch

    click.echo(fetch(name, root=root))


@data.command()
@click.argument("name")
@root_option
def verify(name, root):
    """Check the content of every file of NAME and print its SHA-256."""
    from ..data import verify

    for file in verify(name, root=root):
        click.echo(f"{file.sha256}  {file.path}  ({file.variant})")


@data.command()
@click.argument("name")
@root_option
def where(name, root):
    """Print the folder or archive that holds NAME; exit status 1 where there is none."""
    from ..data import SETS, where
    from ..data.find import missing

    copy = where(name, root=root)
    if copy is None:
        raise missing(SETS[name], root)
    click.echo(copy)
