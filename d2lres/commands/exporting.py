"""`d2lres export`."""

import click


@click.command()
@click.argument("run")
@click.option("--to", "form", required=True, metavar="FORM", help="Of what kind: onnx or torch.")
@click.option("--out", type=click.Path(), required=True, help="The file to write.")
@click.option("--stages", is_flag=True, help="ONNX: what leaves each stage is an output.")
@click.option("--switches", is_flag=True, help="ONNX: an input for each block leaves it out.")
def export(run, form, out, stages, switches):
    """Write the net of RUN, a folder or the name of a recorded run, for other programs."""
    from ..runs import export_run, find_run

    found = find_run(run)
    chosen = {"stages": stages, "switches": switches}
    export_run(found, out, form, **{name: True for name, given in chosen.items() if given})
    name, label = found.recipe.architecture, found.record["data"]["label"]
    click.echo(f"{out}: {name} with {found.record['params']:,} parameters, trained on {label}")
