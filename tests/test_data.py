"""The data sets: what is known of them, the samples, where they are looked for, how they load."""

import dataclasses
import gzip
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from tiny_cifar import tiny_cifar
from tiny_fashion import idx, tiny_fashion

from d2lres.data import SETS, candidates, find, formats, load, sets, verify, where
from d2lres.data.checksums import digest
from d2lres.data.dataset import SAMPLES
from d2lres.data.formats import IMAGES, LABELS
from d2lres.errors import ConfigError, DataError

NAMES = sorted(SETS)
FOUND = {name: where(name) for name in NAMES}  # before the fixture hides them


@pytest.fixture(autouse=True)
def alone(request, monkeypatch, tmp_path):
    """Hide whatever data this machine has, but for the tests marked by their name `..._here`."""
    if not request.node.originalname.endswith("_here"):
        monkeypatch.delenv("D2LRES_DATA", raising=False)
        monkeypatch.setattr(find, "DEBIAN", tmp_path / "no-debian")
        monkeypatch.setattr(find, "cache", lambda: tmp_path / "no-cache")


# --- what is known of the sets --------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_sizes_follow_from_counts(name):
    data_set = SETS[name]
    pixels = int(np.prod(data_set.image_shape))
    if data_set.format == "idx":  # 4 bytes for the magic number and for each axis
        sizes = [s for n in (data_set.train, data_set.test) for s in (16 + n * pixels, 8 + n)]
    else:
        sizes = [(data_set.train + data_set.test) // 6 * (1 + pixels)] * 6
    assert [size for _, size in data_set.files] == sizes
    assert len(data_set.classes) == len(set(data_set.classes)) == 10
    for copy in data_set.copies:
        assert len(set(copy.sha256)) == len(data_set.files)
        assert all(re.fullmatch("[0-9a-f]{64}", d) for d in copy.sha256)


def test_magic_numbers_are_type_and_axes():
    assert IMAGES == 0x0803 and LABELS == 0x0801


def test_unknown_name_lists_the_valid_ones():
    for function in (load, where, verify, candidates):
        with pytest.raises(ConfigError, match="did you mean 'fashion-mnist'.*cifar-10"):
            function("fashion_mnist")


# --- the samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_sample_is_balanced_and_says_so(name):
    d = load(name, "sample")
    assert d.variant == "sample" and "sample" in d.label and d.label.startswith(name)
    assert d.train_images.shape == (2000, *SETS[name].image_shape)
    assert d.test_images.shape == (500, *SETS[name].image_shape)
    assert d.train_images.dtype == d.test_images.dtype == np.uint8
    assert d.train_labels.dtype == d.test_labels.dtype == np.int32
    assert np.bincount(d.train_labels).tolist() == [200] * 10
    assert np.bincount(d.test_labels).tolist() == [50] * 10
    assert len(set(d.train_labels[:50].tolist())) == 10  # mixed, not class after class
    assert d.train_images.min() == 0 and d.train_images.max() == 255
    assert len({image.tobytes() for image in d.train_images}) > 1990  # real images, not repeats
    assert d.sha256 == SETS[name].sample.sha256


def test_samples_are_small():
    for name in NAMES:
        assert sum(path.stat().st_size for path in SAMPLES.glob(f"{name}-*")) < 5_000_000


def test_the_sample_is_read_once_and_nobody_can_change_it_for_the_next():
    one, other = load("cifar-10", "sample"), load("cifar-10", "sample")
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        array = getattr(one, name)
        assert array is getattr(other, name)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.webp")), ids=lambda path: path.stem)
def test_a_picture_of_many_images_is_read_as_it_was_written(tmp_path, path):
    """Without loss; and one that is cut short, or of another size, is refused by name."""
    images = getattr(
        load("cifar-10", "sample"), f"{'train' if 'train' in path.stem else 'test'}_images"
    )
    formats.write_mosaic(images, tmp_path / "a.webp")
    assert formats.read_mosaic(tmp_path / "a.webp", (3, 32, 32), images.size, "cifar-10") == (
        images.tobytes()
    )
    (tmp_path / "b.webp").write_bytes(path.read_bytes()[:9000])
    formats.write_mosaic(images[:40], tmp_path / "c.webp")
    for name in "bc":
        with pytest.raises(DataError, match=f"{name}.webp: .*expected .*{images.size:,}"):
            formats.read_mosaic(tmp_path / f"{name}.webp", (3, 32, 32), images.size, "cifar-10")


def test_damaged_sample_is_refused(monkeypatch):
    wrong = dataclasses.replace(sets.FASHION_MNIST.sample, sha256="0" * 64)
    monkeypatch.setitem(
        SETS, "fashion-mnist", dataclasses.replace(sets.FASHION_MNIST, sample=wrong)
    )
    with pytest.raises(DataError, match="expected 0000.*Install d2lres again"):
        load("fashion-mnist", "sample")


@pytest.mark.parametrize(
    "name", ["cifar-10-train-images.webp", "cifar-10-test-labels-idx1-ubyte.xz"]
)
@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"?")])
def test_a_sample_without_one_of_its_files_says_how_to_have_it_again(
    monkeypatch, tmp_path, name, harm
):
    copy = shutil.copytree(SAMPLES, tmp_path / "samples")
    harm(copy / name)
    monkeypatch.setattr("d2lres.data.dataset.SAMPLES", copy)
    with pytest.raises(DataError, match=name) as error:
        load("cifar-10", "sample")
    assert "Install d2lres again" in str(error.value) and "data fetch" not in str(error.value)


# --- auto, full, and where ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_auto_takes_the_sample_and_says_so_loudly(name, capsys):
    assert load(name).variant == "sample"
    first = capsys.readouterr()
    assert "SAMPLE" in first.err and f"d2lres data fetch {name}" in first.err and not first.out
    load(name)
    assert capsys.readouterr().err == first.err  # the same words each time: notebooks compare them
    load(name, "sample")
    assert not capsys.readouterr().err  # asked for, so no surprise


def test_full_that_is_missing_says_how_to_get_it(tmp_path):
    for function in (lambda: load("cifar-10", "full", tmp_path), lambda: verify("cifar-10")):
        with pytest.raises(
            DataError,
            match="cifar-10: not found in [^(]*no-cache[^(]*; expected its 6 files, "
            "data_batch_1.bin to test_batch.bin, or cifar-10-binary.tar.gz. "
            "Run `d2lres data fetch cifar-10`",
        ):
            function()


def test_unknown_variant_is_refused():
    with pytest.raises(ConfigError, match="data 'foo'.*'full', 'sample' or 'auto'"):
        load("fashion-mnist", "foo")


def test_order_of_search(monkeypatch, tmp_path):
    names = ("root", "env", "no-cache", "no-debian")
    for name in names:
        tiny_fashion(monkeypatch, tmp_path / name / "fashion-mnist")
    monkeypatch.setenv("D2LRES_DATA", str(tmp_path / "env"))
    found = candidates("fashion-mnist", tmp_path / "root")
    assert [c.origin for c in found] == ["--root", "$D2LRES_DATA", "user cache", "Debian"]
    assert [c.found for c in found] == [tmp_path / name / "fashion-mnist" for name in names]
    for name in names:  # each is the first once those before it are gone
        folder = where("fashion-mnist", tmp_path / "root")
        assert folder == tmp_path / name / "fashion-mnist"
        assert load("fashion-mnist", "auto", tmp_path / "root").source == folder
        (folder / "t10k-labels-idx1-ubyte.gz").unlink()  # not complete, so not there
    assert where("fashion-mnist", tmp_path / "root") is None


@pytest.mark.parametrize(
    "layout", [".", "cifar-10", "cifar-10-batches-bin", "cifar-10/cifar-10-batches-bin"]
)
def test_common_layouts_are_found(monkeypatch, tmp_path, layout):
    contents = tiny_cifar(monkeypatch, tmp_path / layout)
    d = load("cifar-10", "full", tmp_path)
    assert d.variant == "full" and d.label == "cifar-10 (full)" and d.source == tmp_path / layout
    assert d.train_labels.tolist() == [0, 3, 1, 3, 2, 3, 3, 3, 4, 3]
    assert d.test_images[1].tobytes() == contents[5][3074:]  # record: label, then 3,072 bytes


def test_plain_files_need_no_gzip(monkeypatch, tmp_path):
    for name in tiny_fashion(monkeypatch, tmp_path):
        (tmp_path / name).write_bytes(gzip.decompress((tmp_path / f"{name}.gz").read_bytes()))
        (tmp_path / f"{name}.gz").unlink()
    assert load("fashion-mnist", "full", tmp_path).train_images.shape == (6, 1, 28, 28)
    assert [check.variant for check in verify("fashion-mnist", tmp_path)] == ["full"] * 4


def test_digest_is_what_sha256sum_prints(monkeypatch, tmp_path):
    tiny_cifar(monkeypatch, tmp_path)
    names = [name for name, _ in SETS["cifar-10"].files]
    printed = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True).stdout
    assert load("cifar-10", "full", tmp_path).sha256 == digest(printed)


# --- damage: each is refused, by name, with the way out -------------------------------------------

FIX = "Run `d2lres data fetch fashion-mnist`"


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (
            {"train_images": idx(np.zeros((5, 28, 28)))},
            "train-images.*3,936 bytes once decompressed; expected 4,720",
        ),
        ({"t10k_labels": idx(np.zeros(5))}, "t10k-labels.*more than 12 bytes"),
        (
            {"train_labels": idx(np.array([0, 1, 2, 3, 4, 10]))},
            "train-labels.*label 10; expected.*9",
        ),
        (
            {"train_labels": bytes([0, 0, 9, 1]) + idx(np.arange(6))[4:]},
            "train-labels.*magic number 2305; expected 2049",
        ),
        (
            {"train_images": idx(np.zeros((6, 14, 56)))},
            r"train-images.*shape \(6, 14, 56\); expected "
            r"\(6, 28, 28\)",
        ),
        (
            {
                "train_labels": bytes([0, 0, 8, 1, 0, 0, 0, 5]) + bytes(6)
            },  # fewer labels than images
            r"train-labels.*shape \(5,\); expected \(6,\)",
        ),
        (
            {"t10k_images": idx(np.zeros((4, 28, 28)))},
            "t10k-images.*SHA-256 [0-9a-f]{64} .*expected",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_content_is_refused(monkeypatch, tmp_path, replaced, message):
    tiny_fashion(monkeypatch, tmp_path, **replaced)
    with pytest.raises(DataError, match=f"{message}.*{FIX}"):
        load("fashion-mnist", "full", tmp_path)
    with pytest.raises(DataError):
        load("fashion-mnist", "auto", tmp_path)  # never the sample in place of a damaged set
    with pytest.raises(DataError, match=next(iter(replaced)).replace("_", "-")):
        verify("fashion-mnist", tmp_path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda packed: packed[:-9],  # cut short
        lambda packed: packed[:40] + bytes(40) + packed[80:],  # bits lost inside
        lambda packed: packed[:2] + b"\xff" + packed[3:],  # no such method
        lambda packed: packed[:-8] + b"????" + packed[-4:],  # its own checksum
        lambda packed: b"<html>404</html>",  # an error page, saved
        lambda packed: b"",
    ],
)
def test_damaged_gzip_is_refused(monkeypatch, tmp_path, harm):
    name = tiny_fashion(monkeypatch, tmp_path)[0]
    path = tmp_path / f"{name}.gz"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(
        DataError, match=f"{name}.gz: .*expected 4,720 bytes|{name}.*; expected 4,720.*{FIX}"
    ):
        load("fashion-mnist", "full", tmp_path)


def test_bomb_is_not_unpacked(monkeypatch, tmp_path):
    name = tiny_fashion(monkeypatch, tmp_path)[0]
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(bytes(200_000_000), compresslevel=1))
    start = time.process_time()
    with pytest.raises(DataError, match="more than 4,720 bytes"):
        verify("fashion-mnist", tmp_path)
    assert time.process_time() - start < 0.1  # 200 MB would take longer


def test_other_copy_of_cifar_is_labelled(monkeypatch, tmp_path, capsys):
    contents = tiny_cifar(monkeypatch, tmp_path)
    (tmp_path / "test_batch.bin").write_bytes(contents[5][:-1] + b"?")
    d = load("cifar-10", "full", tmp_path)
    assert (d.variant, d.label) == ("unverified", "cifar-10 (unverified)")
    assert "no known checksum" in capsys.readouterr().err
    with pytest.raises(DataError, match="test_batch.bin: SHA-256"):
        verify("cifar-10", tmp_path)


def test_cifar_labels_are_checked(monkeypatch, tmp_path):
    tiny_cifar(monkeypatch, tmp_path, last_label=10)
    with pytest.raises(DataError, match="data_batch_1.bin: label 10; expected labels 0 to 9"):
        load("cifar-10", "full", tmp_path)


# --- the full sets, where this machine has them ---------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_full_set_and_its_sample_here(name):
    if FOUND[name] is None:
        pytest.skip(f"the full {name} is not on this machine: d2lres data fetch {name}")
    full, sample = load(name, "full", FOUND[name]), load(name, "sample")
    assert full.label == f"{name} ({full.variant})" and full.variant == "full"
    assert np.bincount(full.train_labels).tolist() == [SETS[name].train // 10] * 10
    assert np.bincount(full.test_labels).tolist() == [SETS[name].test // 10] * 10
    for split in ("train", "test"):
        images, labels = getattr(full, f"{split}_images"), getattr(full, f"{split}_labels")
        known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
        for image, label in zip(
            getattr(sample, f"{split}_images"), getattr(sample, f"{split}_labels"), strict=True
        ):
            assert known[image.tobytes()] == label


def test_finding_data_needs_no_mxnet():
    code = (
        "import sys, d2lres.data as data; data.where('cifar-10'); data.load('fashion-mnist', "
        "'sample'); print(sorted({'mxnet', 'requests', 'tqdm', 'PIL'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
