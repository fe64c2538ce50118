"""RecordIO: read as MXNet reads it; what is not what it says is refused by record."""

import math
import shutil
import struct

import numpy
import pytest
from test_folder import CLASSES, photos, records  # noqa: F401  # fixtures

from d2lres import DataError
from d2lres.data import PhotoIterator
from d2lres.data.recordio import MAGIC, Records
from d2lres.live import mx


def packed(label, number: int, content: bytes) -> bytes:
    """A record as MXNet packs it, which fails with several labels on NumPy 2.3 and later."""
    if isinstance(label, list):
        labels = struct.pack(f"<{len(label)}f", *label)
        return struct.pack("<IfQQ", len(label), 0, number, 0) + labels + content
    return mx.recordio.pack(mx.recordio.IRHeader(0, label, number, 0), content)


def written(root, labels, contents=None, split="train"):
    """A file with a record of each of the labels, and its index, as MXNet writes them."""
    path = root / f"{split}.rec"
    out = mx.recordio.MXIndexedRecordIO(str(path.with_suffix(".idx")), str(path), "w")
    for i, label in enumerate(labels):
        content = contents[i] if contents else bytes(50 + i)
        out.write_idx(10 + i, packed(label, i, content))
    out.close()
    return path


def test_every_record_is_what_mxnet_reads(tmp_path):
    magic = struct.pack("<I", MAGIC)  # a record that holds it is written in parts
    contents = [b"", b"a", magic, b"1234" + magic * 2 + b"5", bytes(99), magic + bytes(3) + magic]
    path = written(tmp_path, [0, 1, 2, 2, 1, 0], contents)
    found = Records(path)
    theirs = mx.recordio.MXIndexedRecordIO(str(path.with_suffix(".idx")), str(path), "r")
    for i, key in enumerate(theirs.keys):
        header, content = mx.recordio.unpack(theirs.read_idx(key))
        assert found.read(i) == (content, header.label) == (contents[i], header.label)
        assert found.name(i) == f"{path}, record {key}"
    assert found.classes == ["0", "1", "2"] and len(found) == 6


def test_one_label_in_a_list_is_one_label(tmp_path):
    path = written(tmp_path, [0, [1.0]], [b"zero", b"one"])
    assert [Records(path).read(i) for i in (0, 1)] == [(b"zero", 0), (b"one", 1)]


@pytest.mark.parametrize(
    "label, said",
    [
        ([1.0, 2.0], "record 12: 2 labels; expected one label, a whole number from 0 on"),
        (-1, "record 12: label -1; expected one label"),
        (0.7, "record 12: label 0.7;"),
        (math.nan, "record 12: label nan;"),
        (math.inf, "record 12: label inf;"),
        (5, "record 12: label 5, but no record has label 2; expected labels from 0 on without a"),
        (1e9, "record 12: label 1000000000, but no record has label 2"),
    ],
)
def test_a_label_that_is_no_class_names_its_record(tmp_path, label, said):
    path = written(tmp_path, [0, 1, label, 1])
    with pytest.raises(DataError, match=said) as refused:
        PhotoIterator(tmp_path, "train", 2)
    assert str(refused.value).startswith(f"{path}, ")


def test_labels_from_1_are_refused(tmp_path):
    written(tmp_path, [1, 2, 3])
    with pytest.raises(DataError, match="record 12: label 3, but no record has label 0"):
        PhotoIterator(tmp_path, "train", 2)


def test_a_label_of_val_is_one_of_train(photos, records, tmp_path):  # noqa: F811
    for name in ("train.rec", "train.idx"):
        shutil.copy(records / name, tmp_path)
    content = (photos / "val" / "red" / "0.jpg").read_bytes()
    written(tmp_path, [2, 2], [content] * 2, split="val")  # the others are not there
    (_, y), *_ = PhotoIterator(tmp_path, "val", 2, side=8, augment=False)
    assert y.tolist() == [2, 2]
    written(tmp_path, [2, len(CLASSES)], split="val")
    with pytest.raises(DataError, match=r"val\.rec, record 11: label 3; expected one .*, 0 to 2"):
        PhotoIterator(tmp_path, "val", 2)


def test_a_record_too_short_for_a_label_is_named(tmp_path):
    path = tmp_path / "train.rec"
    out = mx.recordio.MXIndexedRecordIO(str(tmp_path / "train.idx"), str(path), "w")
    out.write_idx(7, b"short")
    out.close()
    with pytest.raises(DataError, match="record 7: label nan"):
        PhotoIterator(tmp_path, "train", 2)


def test_half_a_file_is_refused_wherever_it_ends(tmp_path):
    path = written(tmp_path, [0, 1, 0])
    whole = path.read_bytes()
    begins = [int(line.split()[1]) for line in path.with_suffix(".idx").read_text().splitlines()]
    for size in range(1, len(whole) - 4):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError) as refused:
            Records(path)
        last = max(begin for begin in begins if begin < size)
        cut = f"{path}, record at byte {last}: it goes on after byte {size}, where the file ends"
        missing = f"{path.with_suffix('.idx')}: record"  # cut between two records
        assert str(refused.value).startswith((cut, missing))


@pytest.mark.parametrize(
    "kept, said",
    [
        (slice(0, 2), r"train\.idx: no record at byte \d+, unlike train\.rec; expected the index "
                      r"of its 3 records"),
        (slice(0, 0), "no record at byte 0, unlike"),
    ],
)  # fmt: skip
def test_an_index_that_leaves_records_out_is_refused(tmp_path, kept, said):
    path = written(tmp_path, [0, 1, 0])
    index = path.with_suffix(".idx")
    index.write_text("".join(index.read_text().splitlines(keepends=True)[kept]))
    with pytest.raises(DataError, match=said):
        PhotoIterator(tmp_path, "train", 2)


def test_the_index_of_another_file_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    other = written(tmp_path / "other", [0, 1, 0], [bytes(500)] * 3)
    path = written(tmp_path, [0, 1, 0])
    shutil.copy(other.with_suffix(".idx"), path.with_suffix(".idx"))
    said = r"train\.idx: record 11 at byte 532, unlike train\.rec; .* Make the index anew"
    with pytest.raises(DataError, match=said):
        PhotoIterator(tmp_path, "train", 2)


@pytest.mark.parametrize(
    "text, said",
    [
        ("<!DOCTYPE html>\n<title>404</title>\n", r"line 1: '<!DOCTYPE html>'; expected a key"),
        ("10\t0\n11\tsoon\n", r"line 2: '11\\tsoon'"),
        ("10\t0\n10\t84\n", r"line 2: '10\\t84'"),
        ("10\t-4\n", "line 1"),
        ("\0" * 99, "line 1"),
    ],
)
def test_an_index_that_is_none_names_the_line(tmp_path, text, said):
    path = written(tmp_path, [0, 1])
    path.with_suffix(".idx").write_text(text)
    with pytest.raises(DataError, match=rf"train\.idx, {said}"):
        PhotoIterator(tmp_path, "train", 2)


def test_a_file_that_is_none_is_named(tmp_path):
    path = written(tmp_path, [0, 1])
    path.write_bytes(b"<!DOCTYPE html>" * 20)
    with pytest.raises(DataError, match=r"train\.rec, byte 0: b'<!DO'; expected a record"):
        PhotoIterator(tmp_path, "train", 2)


def test_a_file_that_changes_after_the_start_names_the_record(records, tmp_path):  # noqa: F811
    for name in ("train.rec", "train.idx"):
        shutil.copy(records / name, tmp_path)
    found = PhotoIterator(tmp_path, "train", 4, side=8)
    (tmp_path / "train.rec").unlink()
    with pytest.raises(DataError, match=r"train\.rec, record 0: No such file"):
        list(found)
    (tmp_path / "train.rec").touch()
    with pytest.raises(DataError, match=r"train\.rec, record 0: "):
        list(found)


def test_damaged_files_are_read_or_refused(records, tmp_path):  # noqa: F811
    rng = numpy.random.RandomState(0)
    whole = {name: (records / name).read_bytes() for name in ("train.rec", "train.idx")}
    refused = 0
    for i in range(100):
        for name, content in whole.items():
            damaged = bytearray(content)
            for _ in range(i % 4 + 1):
                damaged[rng.randint(min(len(damaged), 3000))] = rng.randint(256)
            (tmp_path / name).write_bytes(damaged if i % 2 or name == "train.rec" else content)
        try:
            for X, _ in PhotoIterator(tmp_path, "train", 24, side=8):
                assert X.shape == (24, 3, 8, 8)
        except DataError as error:
            assert str(error).startswith(str(tmp_path / "train"))
            refused += 1
    assert refused > 50
