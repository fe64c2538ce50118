"""Files as scripts: whole again in the end, written once, and gone when nothing needs them."""

import gzip
import random
import re
import sys
from base64 import b64decode
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))
packs = pytest.importorskip("browser.packs", reason="no Sphinx")


def whole(places: list[str], folder: Path) -> bytes:
    """The file of some scripts, each read as the page reads it: alone."""
    texts = [(folder / place).read_text("ascii") for place in places]
    pieces = [re.fullmatch(r'book\.piece="([\w+/=]*)";\n', text)[1] for text in texts]
    return gzip.decompress(b"".join(map(b64decode, pieces)))


@pytest.mark.parametrize("size, number", [(0, 1), (1, 1), (2 * packs.PIECE, 3)])
def test_a_file_is_whole_again_and_its_pieces_are_as_many_as_it_needs(size, number, tmp_path):
    """Random bytes cannot be compressed: gzip adds some twenty to them."""
    content = random.Random(0).randbytes(size)
    places = packs.pack({"a.bin": content}, tmp_path)["a.bin"]
    assert len(places) == number and whole(places, tmp_path) == content


def test_what_is_there_is_not_written_again_and_what_is_not_needed_goes(tmp_path):
    first = packs.pack({"a": b"one", "b": b"two"}, tmp_path)
    times = {place: (tmp_path / place).stat().st_mtime_ns for (place,) in first.values()}
    second = packs.pack({"a": b"one", "b": b"three"}, tmp_path)
    assert second["a"] == first["a"] and second["b"] != first["b"]
    assert times[second["a"][0]] == (tmp_path / second["a"][0]).stat().st_mtime_ns
    packs.forget(tmp_path, second)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        place.split("/")[0] for (place,) in second.values()
    )


def test_a_build_that_was_broken_off_leaves_nothing_that_is_taken_for_whole(tmp_path, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packs, "b64encode", broken)
        with pytest.raises(KeyboardInterrupt):
            packs.pack({"a": b"one"}, tmp_path)
    (place,) = packs.pack({"a": b"one"}, tmp_path)["a"]
    assert whole([place], tmp_path) == b"one"
    packs.forget(tmp_path, {"a": [place]})
    assert len(list(tmp_path.iterdir())) == 1
