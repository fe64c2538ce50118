"""The trained networks of a page: recorded runs as ONNX files, and the images of the sample.

nets.json says what the page must know of them.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from d2lres.data import load
from d2lres.runs import Run, export_run, recorded

RUNTIME = Path(__file__).parents[2] / "_static" / "onnxruntime"
#: What the page calls each run.  They differ in nothing but the shortcuts.
NETS = {"ResNet-20": "cifar10-fast-0", "plain-20": "depth/plain20-0"}
IMAGES = "test-images.webp"  # 20 in a row


def files() -> dict[str, bytes]:
    """What the worker loads, by name."""
    data = load("cifar-10", data="sample")
    found = {path.name: path.read_bytes() for path in sorted(RUNTIME.glob("ort*"))}
    found[IMAGES] = (data.source / f"{data.name}-{IMAGES}").read_bytes()
    nets = []
    for title, name in NETS.items():
        run = recorded(name)
        nets.append(described(title, run))
        found[nets[-1]["file"]] = exported(run)
    facts = {
        "classes": data.classes,
        "labels": data.test_labels.tolist(),
        "images": IMAGES,
        "nets": nets,
    }
    return found | {"nets.json": json.dumps(facts).encode()}


def exported(run: Run) -> bytes:
    """The net of a run, with an output for each stage and a switch for each block."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        export_run(run, path, stages=True, switches=True)
        return path.read_bytes()


def described(title: str, run: Run) -> dict:
    """What the page must know of a net."""
    means, deviations = run.normalization
    final = run.record["final"]
    return {
        "title": title,
        "run": run.folder.name,
        "file": f"{run.recipe.name.replace('/', '-')}.onnx",
        "means": means,
        "deviations": deviations,
        "accuracy": final["test_acc"],
        "asked": sum(map(sum, final["confusion"])),
    }
