"""`d2lres train` and `evaluate`."""

import click

# What trains, and where.
engine_option = click.option(
    "--engine", default="mxnet", show_default=True, help="mxnet, or torch: PyTorch."
)
device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto, cpu or gpu:N; of PyTorch auto, cpu, cuda:N or mps.",
)


@click.command()
@click.argument("recipe")
@click.option("--data", type=click.Choice(["full", "sample"]), default="full", show_default=True)
@click.option(
    "--data-folder",
    type=click.Path(),
    help="Photographs of yours, in train/CLASS and val/CLASS, in place of the recipe's images.",
)
@click.option(
    "--validation",
    is_flag=True,
    help="Hold out a tenth of the training images, and ask them in place of the test images.",
)
@click.option("--epochs", type=int, help="Instead of the recipe's.")
@click.option("--batch-size", type=int, help="Instead of the recipe's.")
@engine_option
@device_option
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", type=click.Path(), help="Folder of the run.  [default: runs/RECIPE]")
@click.option("--resume", is_flag=True, help="Go on from the last finished epoch.")
@click.option("--floor", is_flag=True, help="Measure the device, and say what it allows at most.")
@click.option(
    "--kvstore",
    type=click.Choice(["local", "device", "dist_sync"]),
    default="device",
    show_default=True,
    help="How gradients are combined.",
)
def train(
    recipe,
    data,
    data_folder,
    validation,
    epochs,
    batch_size,
    engine,
    device,
    seed,
    out,
    resume,
    floor,
    kvstore,
):
    """Train RECIPE and record the run."""
    from .. import runs
    from ..train import find_recipe

    changes = {"num_epochs": epochs, "batch_size": batch_size, "validation": validation or None}
    chosen = find_recipe(recipe).changed(**{k: v for k, v in changes.items() if v is not None})
    if data_folder is not None:
        chosen = runs.with_photographs(chosen, data_folder)
    if floor:
        runs.check_floor(chosen)
    framework = runs.find_engine(engine)  # after the recipe is found: it takes seconds to import
    device = framework.find_device(device)
    run = runs.train_recipe(
        chosen,
        out or f"runs/{recipe}",
        data=data,
        seed=seed,
        device=device,
        kvstore=kvstore,
        resume=resume,
        engine=engine,
    )
    if framework.leads():  # of the processes that train together, one reports
        click.echo(f"{run.history}\n{run.record['data']['label']}; recorded in {run.folder}")
        if floor:
            click.echo(runs.floor(run, device=device))


@click.command()
@click.argument("run_dir", type=click.Path())
@engine_option
@device_option
@click.option("--data-folder", type=click.Path(), help="Where the run's photographs lie now.")
@click.option(
    "--recalibrate",
    is_flag=True,
    help="Measure the statistics of batch normalization anew first; note the result in run.json.",
)
def evaluate(run_dir, engine, device, data_folder, recalibrate):
    """Test accuracy of the weights in RUN_DIR, on the data that the run names."""
    from ..runs import evaluate_run, find_engine, recalibrate_run

    device = find_engine(engine).find_device(device)
    if recalibrate:
        run = recalibrate_run(run_dir, device, data_folder, engine)
        found = run.record["recalibrated"]
        accuracy, label = found["test_acc"], run.record["data"]["label"]
        recorded = run.record["final"].get("test_acc")
        label += f", with statistics of {found['images']:,} training images"
    else:
        accuracy, recorded, label = evaluate_run(run_dir, device, data_folder, engine)
    known = "the run is not finished" if recorded is None else f"recorded {recorded:.4f}"
    click.echo(f"test accuracy {accuracy:.4f} on {label}; {known}")
