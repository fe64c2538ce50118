"""The trained networks of a page: recorded runs as ONNX files, and the images of the sample.

They lie in a folder beside the pages, with nets.json, which says what the page must know of them.
"""

import json
from pathlib import Path
from shutil import copyfile

from sphinx.application import Sphinx

from d2lres.data import load
from d2lres.runs import Run, export_run, recorded

#: What the page calls each run.  The latter two differ in nothing but the shortcuts.
NETS = {
    "ResNet-20": "cifar10-fast-0",
    "ResNet-20, short": "degradation/resnet20-0",
    "plain-20, short": "degradation/plain20-0",
}
IMAGES = "test-images.webp"  # 20 in a row
RUNTIME = "onnxruntime/ort-wasm-simd-threaded.wasm"


def setup(app: Sphinx) -> None:
    app.connect("build-finished", write)


def write(app: Sphinx, error: "Exception | None") -> None:
    """Write the folder where the pages find it."""
    if error or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    folder = static / "nets"
    folder.mkdir(exist_ok=True)
    data = load("cifar-10", data="sample")
    copyfile(data.source / f"{data.name}-{IMAGES}", folder / IMAGES)
    facts = {
        "classes": data.classes,
        "labels": data.test_labels.tolist(),
        "images": IMAGES,
        "nets": [written(title, recorded(name), folder) for title, name in NETS.items()],
        "runtime": {"file": f"../{RUNTIME}", "bytes": (static / RUNTIME).stat().st_size},
    }
    (folder / "nets.json").write_text(json.dumps(facts), encoding="utf-8")


def written(title: str, run: Run, folder: Path) -> dict:
    """Write the net of a run; what the page must know of it."""
    file = f"{run.recipe.name.replace('/', '-')}.onnx"
    export_run(run, folder / file, stages=True, switches=True)
    means, deviations = run.normalization
    recipe, final = run.recipe, run.record["final"]
    return {
        "title": title,
        "run": run.folder.name,
        "file": file,
        "bytes": (folder / file).stat().st_size,
        "side": recipe.resize or 32,
        "means": means,
        "deviations": deviations,
        "accuracy": final["test_acc"],
        "asked": sum(map(sum, final["confusion"])),
        "of": "validation" if recipe.validation else "test",
    }
