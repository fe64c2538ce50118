"""How fast the training of a run could have been at most, beside how fast it was."""

from ..errors import ConfigError
from ..structure import count, training_step
from ..train import Recipe
from ..train.rates import Rates
from .engines import find_engine
from .exporting import image_shape
from .parts import architecture_of
from .records import Run


def check_floor(recipe: Recipe) -> None:
    """Raise ConfigError for a recipe whose steps are not those that `training_step` counts."""
    if recipe.frozen:
        raise ConfigError(
            f"--floor: of {recipe.name}, whose features are frozen; expected a recipe that trains "
            "the whole net. Leave --floor out."
        )


def floor(run: Run, rates: Rates | None = None, device=None) -> str:
    """Images per second of a run's last epoch, and what the device allows at most, in words.

    Arguments: `rates`, of the device (None: measured now, on `device`, or the engine's usual one).
    Appendix "Where it runs".
    """
    recipe, settings = run.recipe, run.record["settings"]
    check_floor(recipe)
    framework = find_engine(settings.get("engine", "mxnet"))
    rates = rates or framework.rates(device or framework.usual())
    half = settings.get("precision", "float32") != "float32"
    rows = count(architecture_of(recipe), image_shape(run))
    batch_size = max(1, recipe.batch_size // settings.get("workers", 1))
    step = training_step(rows, batch_size, 2 if half else 4)
    bounds, found = step.images_per_s(*rates), run.history.epochs[-1].examples_per_s
    gflop, mb = step.operations / step.images / 1e9, step.bytes / step.images / 1e6
    return (
        f"{found:,.0f} images/s in the last epoch: {found / min(bounds):.2g} of what the device "
        "allows by the rates measured on it\n"
        f"  {bounds[0]:,.0f} by the operations: {gflop:,.3f} GFLOP an image, "
        f"{rates.operations_per_s / 1e9:,.0f} GFLOP/s\n"
        f"  {bounds[1]:,.0f} by the bytes: {mb:,.2f} MB an image, "
        f"{rates.bytes_per_s / 1e9:,.1f} GB/s"
    )
