"""Test the weights of a recorded run again."""

from ..errors import DataError
from .engines import find_engine
from .parts import with_photographs
from .records import Run, load_run, weights_of, write_record


def evaluate_run(
    folder, device=None, data_folder=None, engine="mxnet"
) -> tuple[float, float | None, str]:
    """Test a recorded run's weights: (accuracy now, accuracy recorded, label of the data).

    Of a run that was stopped, no accuracy is recorded for the weights as they were left: None.
    Arguments: `data_folder`, where the run's photographs lie now (None: where they lay); `engine`,
    "mxnet" or "torch", whichever trained it, and `device` one of its devices.
    Raises DataError when the run kept no weights, or when the data here is not the run's.
    Chapter "Training on Fashion-MNIST".
    """
    run, net, train_iter, test_iter = _trained(folder, device, data_folder, engine)
    accuracy, recorded = _accuracy(net, test_iter, engine), run.record["final"].get("test_acc")
    return accuracy, recorded, train_iter.dataset.label


def recalibrate_run(folder, device=None, data_folder=None, engine="mxnet") -> Run:
    """Test a recorded run's weights with the statistics of BN measured anew, and note the result.

    It is added to the record, as "recalibrated"; the weights in the folder stay as they are.
    Arguments and errors as for `evaluate_run`.  Chapter "Training on Fashion-MNIST".
    """
    run, net, train_iter, test_iter = _trained(folder, device, data_folder, engine)
    train_iter.epoch = run.recipe.num_epochs  # an order that the training did not have
    images = find_engine(engine).recalibrate(net, train_iter)
    found = {"images": images, "test_acc": _accuracy(net, test_iter, engine)}
    if engine != "mxnet":
        found["engine"] = engine
    write_record(run.folder, {**run.record, "recalibrated": found}, "Make room, and try again.")
    return load_run(folder)


def _accuracy(net, test_iter, engine) -> float:
    y_hat, y = find_engine(engine).predict(net, test_iter)
    return float((y_hat == y).mean())


def _trained(folder, device, data_folder, engine):
    """(run, net, training iterator, test iterator) of a recorded run that kept its weights."""
    run = load_run(folder)
    weights = weights_of(run)  # at once, before the data is read
    recipe, settings = run.recipe, run.record["settings"]
    if data_folder is not None:
        recipe = with_photographs(recipe, data_folder)
    framework = find_engine(engine)
    device = device or framework.usual()
    train_iter, test_iter = framework.images(recipe, settings["data"], settings["seed"], device)
    dataset = train_iter.dataset
    if dataset.sha256 != run.record["data"]["sha256"]:
        raise DataError(
            f"{recipe.dataset}: {dataset.label} differs from the data of the run, "
            f"{run.record['data']['label']}; expected the same. Fetch that one."
        )
    return run, framework.read(recipe, weights, device), train_iter, test_iter
