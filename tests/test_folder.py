"""Photographs of any size, from folders and RecordIO: the whole modern recipe on a tiny set."""

import numpy
import pytest
from PIL import Image

from d2lres import ConfigError, DataError, evaluate
from d2lres.data import PhotoIterator
from d2lres.data.folder import middle_box, random_box
from d2lres.live import mx
from d2lres.runs import evaluate_run, train_recipe
from d2lres.train import find_recipe

CLASSES = {"blue": (20, 40, 220), "green": (30, 200, 40), "red": (220, 30, 20)}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Noisy pictures of one colour a class, of many sizes, in ImageNet's layout."""
    root, rng = tmp_path_factory.mktemp("data") / "imagenet", numpy.random.RandomState(0)
    for split, number in (("train", 8), ("val", 4)):
        for name, color in CLASSES.items():
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(number):
                height, width = rng.randint(20, 60, size=2)
                pixels = numpy.clip(rng.normal(color, 20, size=(height, width, 3)), 0, 255)
                mode = "L" if i == 0 else "RGB"  # ImageNet has some gray photographs
                Image.fromarray(pixels.astype("uint8")).convert(mode).save(folder / f"{i}.jpg")
    return root


@pytest.fixture(scope="module")
def records(photos, tmp_path_factory):
    """The same as RecordIO."""
    root = tmp_path_factory.mktemp("records") / "imagenet"
    root.mkdir()
    for split in ("train", "val"):
        out = mx.recordio.MXIndexedRecordIO(
            str(root / f"{split}.idx"), str(root / f"{split}.rec"), "w"
        )
        files = [
            (label, file)
            for label, name in enumerate(CLASSES)
            for file in sorted((photos / split / name).iterdir())
        ]
        for i, (label, file) in enumerate(files):
            header = mx.recordio.IRHeader(0, float(label), i, 0)
            out.write_idx(i, mx.recordio.pack(header, file.read_bytes()))
        out.close()
    return root


def test_every_image_comes_once_with_its_class(photos):
    passed = PhotoIterator(photos, "train", 7, side=16, shuffle=True)
    shapes, labels = [], []
    for X, y in passed:
        shapes.append(X.shape)
        labels += y.tolist()
    assert shapes == [(7, 3, 16, 16)] * 3 + [(3, 3, 16, 16)] and len(passed) == 4
    assert sorted(labels) == [0] * 8 + [1] * 8 + [2] * 8
    assert passed.dataset.classes == tuple(CLASSES)


def test_a_pass_is_a_function_of_seed_and_epoch(photos):
    def images(seed, epoch):
        passed = PhotoIterator(photos, "train", 24, side=16, shuffle=True, seed=seed)
        passed.epoch = epoch
        return next(iter(passed))[0].asnumpy()

    assert (images(1, 2) == images(1, 2)).all()
    assert (images(1, 2) != images(1, 3)).any() and (images(1, 2) != images(2, 2)).any()


def test_records_hold_what_the_folders_hold(photos, records):
    for folder, record in zip(*(PhotoIterator(root, "val", 5, side=16, augment=False)
                                for root in (photos, records)), strict=True):  # fmt: skip
        assert (folder[0] == record[0]).all() and (folder[1] == record[1]).all()


def test_random_boxes_lie_inside_and_have_the_sizes_of_the_paper():
    rng = numpy.random.RandomState(0)
    for _ in range(300):
        left, top, right, bottom = random_box(rng, 60, 40)
        assert 0 <= left < right <= 60 and 0 <= top < bottom <= 40
        ratio, area = (right - left) / (bottom - top), (right - left) * (bottom - top)
        assert 3 / 4 - 1e-9 <= ratio <= 4 / 3 + 1e-9 and 0.08 <= area / 2400 <= 1
    assert middle_box(60, 40, 0.5) == (20, 10, 40, 30)


@pytest.mark.parametrize("form", ["photos", "records"])
def test_the_modern_recipe_runs_whole_and_learns_the_colours(form, request, monkeypatch, tmp_path):
    root = request.getfixturevalue(form)
    monkeypatch.setenv("D2LRES_DATA", str(root.parent))
    recipe = find_recipe("imagenet-v1.5").changed(
        architecture="cifar-resnet8",
        version="v1",
        batch_size=8,
        lr=0.02,
        lr_batch=8,
        resize=32,
        num_epochs=6,
    )
    run = train_recipe(recipe, tmp_path / "r")
    assert run.record["recipe"]["classes"] == 3 and "24 + " in run.record["data"]["label"]
    losses = run.history.column("train_loss")
    assert losses[-1] < losses[0]
    accuracy, recorded, _ = evaluate_run(tmp_path / "r")
    assert accuracy == recorded == evaluate_again(run, root)


def evaluate_again(run, root):
    from d2lres.runs import build_net

    net = build_net(run.recipe)
    net.load_parameters(str(run.folder / "net.params"))
    return evaluate(net, PhotoIterator(root, "val", 4, side=32, augment=False))


def test_a_damaged_image_is_named(photos, tmp_path):
    for split in ("train", "val"):
        (tmp_path / split / "one").mkdir(parents=True)
    good = (photos / "train" / "red" / "1.jpg").read_bytes()
    (tmp_path / "train" / "one" / "half.jpg").write_bytes(good[: len(good) // 2])
    with pytest.raises(DataError, match="half.jpg: .*Remove or replace it"):
        list(PhotoIterator(tmp_path, "train", 2, side=16))


@pytest.mark.parametrize("made", [[], ["train"], ["train/one"]])
def test_a_folder_without_images_says_what_is_expected(tmp_path, made):
    for folder in made:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DataError, match="no images of 'train'; expected train/CLASS"):
        PhotoIterator(tmp_path, "train", 2)


@pytest.mark.parametrize(
    "data, changes, said",
    [
        ("sample", {}, "data 'sample' of imagenet: it has no sample; expected 'full'"),
        ("half", {}, "data 'half' of imagenet"),
        ("full", {"images": 4}, "recipe imagenet-v1.5: images = 4 for photographs; expected None"),
        ("full", {"only": ("red", "blue")}, r"only = \('red', 'blue'\)"),
        ("full", {"validation": True}, "validation = True"),
        ("full", {"normalize": False}, "normalize = False for photographs; expected True"),
        ("full", {"augment": ("flip",)}, r"augment = \('flip',\)"),
    ],
)
def test_what_is_not_done_to_photographs_is_not_recorded_as_done(
    photos, monkeypatch, tmp_path, data, changes, said
):
    monkeypatch.setenv("D2LRES_DATA", str(photos.parent))
    recipe = find_recipe("imagenet-v1.5").changed(architecture="cifar-resnet8", **changes)
    with pytest.raises(ConfigError, match=said):
        train_recipe(recipe, tmp_path / "r", data=data)
    assert not (tmp_path / "r").exists()
