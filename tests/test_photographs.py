"""Photographs as people have them: what lies in a folder, and what a decoder makes of a file."""

import io
import json
import os
import shutil
import struct
import warnings

import numpy
import pytest
from PIL import Image
from test_cli import d2lres
from test_folder import CLASSES, photos  # noqa: F401  # a fixture

from d2lres import DataError
from d2lres.data import PhotoIterator
from d2lres.data.decoding import FORMATS, decoded
from d2lres.errors import ConfigError
from d2lres.runs import iterators, with_photographs
from d2lres.train import find_recipe


def picture(path, value=100, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 24), (value,) * 3).save(path, **options)


@pytest.fixture
def pets(tmp_path):
    """Two classes, cat and dog: two images of each in train, one in val."""
    for value, name in ((50, "cat"), (200, "dog")):
        for file in ("train/{}/0.png", "train/{}/1.png", "val/{}/0.png"):
            picture(tmp_path / "pets" / file.format(name), value)
    return tmp_path / "pets"


def labels(root, split):
    found = PhotoIterator(root, split, 4, side=8, augment=False)
    return [label for _, y in found for label in y.tolist()]


# --- what lies there -----------------------------------------------------------------------------


def test_what_programs_leave_is_no_class_and_no_image_and_is_listed(pets, capfd):
    for folder in (".ipynb_checkpoints", "__MACOSX"):
        (pets / "train" / folder).mkdir()
    picture(pets / "val" / ".hidden" / "0.png")
    picture(pets / "val" / "dog" / "__MACOSX" / "0.png")
    for file in ("train/.DS_Store", "train/cat/._0.jpg", "train/cat/notes.txt", "val/0.jpg"):
        (pets / file).write_bytes(b"nothing")
    for split, passed in (
        ("train", "5 files passed over: .DS_Store, .ipynb_checkpoints/, __MACOSX/, cat/._0.jpg, "
                  "cat/notes.txt"),
        ("val", "3 files passed over: .hidden/, 0.jpg, dog/__MACOSX/"),
    ):  # fmt: skip
        found = PhotoIterator(pets, split, 4, side=8, augment=False)
        assert found.dataset.classes == ("cat", "dog")
        assert capfd.readouterr().err == f"d2lres: {split}: {passed}\n"
    assert labels(pets, "train") == [0, 0, 1, 1] and labels(pets, "val") == [0, 1]


def test_a_long_list_is_cut_and_a_clean_folder_says_nothing(pets, capfd):
    labels(pets, "train")
    assert capfd.readouterr().err == ""
    for i in range(9):
        (pets / "train" / "cat" / f"{i}.txt").touch()
    labels(pets, "train")
    assert capfd.readouterr().err.endswith("cat/3.txt, cat/4.txt, and 4 more\n")


def test_the_classes_of_train_number_both_splits(pets):
    (pets / "val" / "cat" / "0.png").unlink()
    (pets / "val" / "cat").rmdir()
    assert labels(pets, "val") == [1]  # dog is still 1


@pytest.mark.parametrize(
    "split, name, said",
    [
        ("val", "Cat", "val: class 'Cat': no such name; did you mean 'cat'. Valid: cat, dog"),
        ("val", "bird", "val: class 'bird': no such name; Valid: cat, dog"),
        ("train", "empty", "train/empty: no image there; expected one of each class"),
    ],
)
def test_a_class_that_cannot_be_learned_is_refused_by_name(pets, split, name, said):
    (pets / split / name).mkdir()
    with pytest.raises(DataError, match=said):
        labels(pets, split)


def test_folders_below_a_class_belong_to_it_whatever_they_are_called(pets, capfd):
    picture(pets / "train" / "cat" / "shots.jpg" / "deep" / "0.png")
    os.symlink(pets / "train" / "cat", pets / "train" / "cat" / "round")  # would never end
    assert labels(pets, "train") == [0, 0, 0, 1, 1]
    assert capfd.readouterr().err == "d2lres: train: 1 file passed over: cat/round/\n"


def test_a_dangling_link_is_listed_and_a_file_that_goes_later_is_named(pets, capfd):
    os.symlink(pets / "nowhere.jpg", pets / "train" / "cat" / "link.jpg")
    found = PhotoIterator(pets, "train", 4, side=8)
    assert capfd.readouterr().err == "d2lres: train: 1 file passed over: cat/link.jpg\n"
    (pets / "train" / "cat" / "1.png").unlink()
    with pytest.raises(DataError, match=r"cat/1\.png: No such file .*Remove or replace it"):
        list(found)


def test_a_name_that_is_not_utf_8_is_read_and_escaped_where_it_is_printed(pets, capfd):
    cat = os.fsencode(pets / "train" / "cat")
    os.rename(os.path.join(cat, b"0.png"), os.path.join(cat, b"M\xfcller.png"))
    with open(os.path.join(cat, b"M\xfc.txt\x1b"), "w"):
        pass
    assert labels(pets, "train") == [0, 0, 1, 1]
    assert capfd.readouterr().err.endswith(r"cat/M\\xfc.txt\x1b" "\n")
    with open(os.path.join(cat, b"M\xfcller.png"), "wb"):
        pass
    with pytest.raises(DataError, match=r"cat/M\\xfcller\.png"):
        labels(pets, "train")


def test_a_folder_that_may_not_be_read_is_named(pets, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", refuse)  # root may read everything
    with pytest.raises(DataError, match="pets/train: Permission denied; expected images"):
        labels(pets, "train")


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_every_format_is_read_beside_a_jpg(tmp_path, suffix):
    if FORMATS[suffix] not in Image.registered_extensions().values():
        pytest.skip(f"this Pillow has no {FORMATS[suffix]}")
    picture(tmp_path / "train" / "one" / "0.jpg", 100)
    picture(tmp_path / "train" / "one" / f"1{suffix.upper()}", 100, format=FORMATS[suffix])
    (X, y), *_ = PhotoIterator(tmp_path, "train", 2, side=8)
    assert len(y) == 2 and abs(X[0] - X[1]).max() < 0.05  # both are 100, within JPEG's rounding


# --- what a decoder makes of it ------------------------------------------------------------------


def saved(image, form, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def gray(kind, *values):
    return Image.fromarray(numpy.array([values], dtype=kind))


@pytest.mark.parametrize(
    "image, form, expected",
    [
        (gray("uint16", 0, 0x8000, 0xFFFF), "PNG", [0, 128, 255]),
        (gray("uint16", 0, 0x8000, 0xFFFF), "TIFF", [0, 128, 255]),
        (gray(">u2", 0, 0x8000, 0xFFFF), "TIFF", [0, 128, 255]),
        (gray("uint16", 0, 0x8000, 0xFFFF), "PPM", [0, 128, 255]),
        (gray("uint16", 0, 100, 200), "PNG", [0, 0, 1]),  # dark, but 16 bits
        (gray("uint16", 0, 100, 200), "PPM", [0, 0, 1]),
        (gray("int32", 0, 0x8000, 0xFFFF), "TIFF", [0, 128, 255]),
        (gray("int32", 0, 128, 255), "TIFF", [0, 128, 255]),
        (gray("float32", 0, 0.25, 1), "TIFF", [0, 64, 255]),
        (gray("float32", 0, 128, 255), "TIFF", [0, 128, 255]),
        (gray("float32", 0, 0x8000, 0xFFFF), "TIFF", [0, 128, 255]),
        (gray("uint8", 0, 128, 255), "PNG", [0, 128, 255]),
    ],
)
def test_gray_of_more_than_8_bits_is_scaled_and_not_cut(image, form, expected):
    found = numpy.asarray(decoded(saved(image, form)))
    assert found.shape == (1, 3, 3)
    assert found[0].tolist() == [[value] * 3 for value in expected]


@pytest.mark.parametrize("values", [(-1, 5), (0, 70000), (0, float("nan"))])
def test_gray_beyond_every_range_is_refused(tmp_path, values):
    file = tmp_path / "train" / "one" / "0.tif"
    file.parent.mkdir(parents=True)
    file.write_bytes(saved(gray("float32", *values), "TIFF"))
    with pytest.raises(DataError, match=r"0\.tif: gray values from .* beyond 0 to 65535; expected"):
        list(PhotoIterator(tmp_path, "train", 1, side=8))


def exif(orientation):
    noted = Image.Exif()
    noted[0x0112] = orientation
    return noted


# EXIF 2.3, table 6: where the corner that is stored first belongs: (row, column)
CORNERS = {
    1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0),
}  # fmt: skip


@pytest.mark.parametrize("orientation", CORNERS)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_image_stands_as_the_camera_was_held(form, orientation):
    pixels = numpy.zeros((16, 32), dtype="uint8")
    pixels[:8, :8] = 255
    image = Image.fromarray(pixels).convert("RGB")
    found = decoded(saved(image, form, exif=exif(orientation)))
    assert found.size == ((32, 16) if orientation < 5 else (16, 32))
    array = numpy.asarray(found)[:, :, 0]
    bright = [corner for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)) if array[corner] > 200]
    assert bright == [CORNERS[orientation]]


def test_an_orientation_that_cannot_be_read_is_none():
    content = saved(Image.new("RGB", (8, 4)), "JPEG", exif=b"Exif\0\0MM\0*\0\0")
    assert decoded(content).size == (8, 4)


@pytest.mark.parametrize(
    "error", [SyntaxError("broken PNG file"), RuntimeError(), struct.error("short"),
              Image.DecompressionBombError("too large"), MemoryError(), KeyError("IHDR")],
)  # fmt: skip
def test_whatever_a_decoder_raises_names_the_file(pets, monkeypatch, error):
    def broken(*args, **options):
        raise error

    monkeypatch.setattr(Image, "open", broken)
    said = str(error) or type(error).__name__
    with pytest.raises(DataError, match=rf"\d\.png: {said}; expected an image"):
        labels(pets, "train")


def test_damaged_files_give_an_image_or_an_error_that_names_them(tmp_path):
    rng = numpy.random.RandomState(0)
    noise = Image.fromarray(rng.randint(0, 255, size=(12, 12, 3)).astype("uint8"))
    folder = tmp_path / "train" / "one"
    folder.mkdir(parents=True)
    known = Image.registered_extensions().values()
    forms = {form: suffix for suffix, form in FORMATS.items() if form in known}
    whole = {suffix: saved(noise, form) for form, suffix in forms.items()}
    refused, tried = 0, 60
    for suffix, content in whole.items():
        for i in range(tried):
            damaged = bytearray(content)
            for _ in range(rng.randint(1, 6)):  # half of them in the header, where lengths are
                damaged[rng.randint(len(damaged) if i % 2 else 64)] = rng.randint(256)
            if i % 3 == 0:
                del damaged[rng.randint(len(damaged)) :]
            file = folder / f"{i}{suffix}"
            file.write_bytes(damaged)
            try:
                with warnings.catch_warnings(action="ignore"):
                    ((X, _),) = PhotoIterator(tmp_path, "train", 1, side=8)
                assert X.shape == (1, 3, 8, 8)
            except DataError as error:
                assert str(error).startswith(f"{file}: ")
                refused += 1
            file.unlink()
    assert refused > tried * len(whole) / 4  # so that the test damages something


# --- a data set of the reader's own --------------------------------------------------------------


@pytest.mark.parametrize(
    "name, sides", [("cifar10-paper", [32]), ("fashion-mnist-native", [28]),
                    ("fashion-mnist-reference", [96]), ("imagenet-v1.5", [224]),
                    ("cifar10-fast", [16, 24, 32])],
)  # fmt: skip
def test_any_recipe_takes_photographs_at_its_own_size(photos, name, sides):  # noqa: F811
    recipe = with_photographs(find_recipe(name).changed(batch_size=4), photos)
    train_iter, test_iter = iterators(recipe, "full", 0)
    assert train_iter.dataset.classes == test_iter.dataset.classes == tuple(CLASSES)
    for epoch, side in zip((0, 20, 40), sides, strict=False):
        train_iter.epoch = epoch
        assert next(iter(train_iter))[0].shape == (4, 3, side, side)
    assert next(iter(test_iter))[0].shape == (4, 3, sides[-1], sides[-1])


def test_a_recipe_that_chooses_among_its_images_is_refused_for_photographs(photos):  # noqa: F811
    recipe = find_recipe("cifar10-paper").changed(images=100)
    with pytest.raises(ConfigError, match="images = 100 for photographs"):
        iterators(with_photographs(recipe, photos), "full", 0)


def test_the_command_line_trains_on_a_folder_and_evaluate_finds_it_again(
    photos, monkeypatch, tmp_path, capfd  # noqa: F811
):  # fmt: skip
    from small_recipe import SMALL

    from d2lres.train.recipes import RECIPES

    monkeypatch.setitem(RECIPES, "small", SMALL.changed(warmup=0, images=None))
    monkeypatch.chdir(photos.parent)  # so that the folder is given as people give it
    out = str(tmp_path / "r")
    words = ("train", "small", "--data-folder", photos.name, "--epochs", "2", "--batch-size", "8")
    status, said, _ = d2lres(capfd, *words, "--out", out)
    assert status == 0 and f"{photos.name} (24 + 12 photographs); recorded" in said
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert record["recipe"]["dataset"] == str(photos) and record["recipe"]["classes"] == 3
    assert record["recipe"]["normalize"] and record["recipe"]["augment"] == ["crop", "flip"]
    monkeypatch.chdir(tmp_path)
    status, said, _ = d2lres(capfd, "evaluate", out)
    recorded = f"{record['final']['test_acc']:.4f}"
    assert status == 0 and said.startswith(f"test accuracy {recorded} on {photos.name}")
    shutil.copytree(photos, tmp_path / photos.name)
    folder = str(tmp_path / photos.name)
    status, moved, _ = d2lres(capfd, "evaluate", out, "--data-folder", folder)
    assert status == 0 and moved == said
    for split in ("val", "train"):  # no longer the data of the run
        gone = tmp_path / photos.name / split / "red" / "0.jpg"
        content = gone.read_bytes()
        gone.unlink()
        status, _, said = d2lres(capfd, "evaluate", out, "--data-folder", folder)
        assert status == 1 and "differs from the data of the run" in said, split
        gone.write_bytes(content)


def test_a_folder_that_is_none_is_named(capfd, tmp_path):
    words = ("train", "cifar10-paper", "--data-folder", str(tmp_path / "none"))
    status, _, said = d2lres(capfd, *words, "--out", str(tmp_path / "r"))
    assert status == 1 and f"{tmp_path / 'none'}: no images of 'train'; expected train/CL" in said
    assert not (tmp_path / "r").exists()
