"""A recorded run as a file that other programs run.  Nothing here needs MXNet."""

from ..data import SETS
from ..errors import ConfigError, unknown_name
from ..twins.params import read_params
from .parts import architecture_of
from .records import Run, weights_of


def export_run(run: Run, path, form: str = "onnx", **options) -> None:
    """Write the net of a recorded run, with its weights, as a file of another form.

    Arguments: `form`, one of FORMS: "onnx", a file that says what its images must be like, and the
    run's data; or "torch", a state dict.  `options`, of the form: "onnx" has `stages` and
    `switches`, as in `twins.onnx.model_of`.
    Raises ConfigError for an unknown form, weights of another net, or a path that is a folder;
    DataError where the run kept no weights or the file cannot be written; MissingDependency where
    the form needs a package that is not installed.
    Chapter "After MXNet".
    """
    if form not in FORMS:
        raise unknown_name("form", form, FORMS)
    FORMS[form](run, path, **options)


def export_onnx(run: Run, path, **options) -> None:
    from ..twins import onnx  # here, since the package onnx need not be there

    net, parameters = architecture_of(run.recipe), read_params(weights_of(run))
    shape = image_shape(run)
    onnx.export(net, path, parameters, input_shape=shape, facts=facts(run), **options)


def export_torch(run: Run, path, **options) -> None:
    from ..twins import torch  # here, since PyTorch need not be there

    if options:
        raise ConfigError(
            f"export: {', '.join(options)} of a state dict; expected none, which is ONNX's. Leave "
            "it out, or write --to onnx."
        )
    net, parameters = architecture_of(run.recipe), read_params(weights_of(run))
    twin = torch.build(net, input_shape=image_shape(run))
    torch.load_gluon_arrays(twin, parameters)
    torch.save(twin, path)


FORMS = {"onnx": export_onnx, "torch": export_torch}


def image_shape(run: Run) -> tuple[int, int, int]:
    """(C, H, W) of the images that a run was tested on."""
    recipe = run.recipe
    if recipe.dataset not in SETS:  # photographs, which have colours and a side
        return (3, recipe.resize, recipe.resize)
    channels, height, width = SETS[recipe.dataset].image_shape
    return (channels, recipe.resize or height, recipe.resize or width)


def facts(run: Run) -> dict:
    """What whoever uses the net of a run must know, and where it comes from."""
    recipe, normalization = run.recipe, run.normalization
    known = SETS[recipe.dataset].classes if recipe.dataset in SETS else ()
    means, deviations = normalization or (None, None)
    return {
        "means": means,
        "deviations": deviations,
        "classes": recipe.only or known,  # the folders of photographs are not recorded
        "recipe": recipe.name,
        "data": run.record["data"]["label"],
        "test_acc": run.record["final"].get("test_acc"),
    }
