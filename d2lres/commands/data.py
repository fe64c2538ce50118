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
    """Download NAME where it is not found, verify it, and print its folder."""
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
    """Print the folder in which NAME is found; exit status 1 where there is none."""
    from ..data import where
    from ..errors import DataError

    folder = where(name, root=root)
    if folder is None:
        raise DataError(
            f"{name}: not found on this machine; expected its files. "
            f"Run `d2lres data fetch {name}`, or use the sample: --data sample."
        )
    click.echo(folder)
