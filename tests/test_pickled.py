"""Pickles: CIFAR-10's are read to the last bit, and whatever else a pickle asks for is refused.

What must hold for a pickle by a stranger: a DataError that names the file, nothing run, and no more
time or memory than its size accounts for.
"""

import os
import pickle
import pickletools
import random
import struct
import time
import tracemalloc

import numpy as np
import pytest
from python_cifar import number, python2_pickle, string, write_batches
from tiny_cifar import tiny_cifar

from d2lres.data import SETS, find, load
from d2lres.data.formats import Damaged
from d2lres.data.pickled import released
from d2lres.errors import DataError

RECORDS = b"".join(bytes([i]) + np.random.RandomState(i).bytes(3072) for i in range(5))
PIXELS = np.frombuffer(RECORDS, np.uint8).reshape(5, 3073)[:, 1:].copy()
GOOD = python2_pickle(RECORDS)


def read(content: bytes) -> bytes:
    return released(content, 5, 3072, "some/test_batch", "cifar-10")


# --- what is read ---------------------------------------------------------------------------------


def test_the_authors_pickles_hold_the_released_records():
    assert read(GOOD) == RECORDS
    # The instructions were put together by hand, so Python's own machine says what they mean.
    batch = pickle.loads(GOOD, encoding="bytes")
    assert batch[b"labels"] == [0, 1, 2, 3, 4] and (batch[b"data"] == PIXELS).all()
    assert {"SHORT_BINSTRING", "BINSTRING"} < {op.name for op, _, _ in pickletools.genops(GOOD)}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("keys", [("labels", "data"), (b"labels", b"data")])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_python_3_wrote_from_it_is_the_same(protocol, keys, order):
    values = [0, 1, 2, 3, 4], np.array(PIXELS, order=order)
    content = pickle.dumps(dict(zip(keys, values, strict=True)), protocol)
    assert read(content) == RECORDS
    for old, new in (("numpy.core", "numpy._core"), ("numpy._core", "numpy.core")):
        if protocol < 4:  # in these, nothing counts the letters of a name
            assert read(content.replace(old.encode(), new.encode())) == RECORDS


# --- what is refused ------------------------------------------------------------------------------


class Calls:
    """Asks whoever reads it to call something."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called

    def __call__(self):
        """So that what it gives can be called in turn."""


def batch(labels=b"](K\x00K\x01K\x02K\x03K\x04e", **changed) -> bytes:
    """The instructions of a good batch, with some changed."""
    parts = {
        "call": b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
        "shape": number(5) + number(3072) + b"\x86",
        "dtype": b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R",
        "content": string(PIXELS.tobytes()),
        **changed,
    }
    array = b"%(call)b(K\x01%(shape)b%(dtype)b\x89%(content)btb" % {
        key.encode(): value for key, value in parts.items()
    }
    return b"\x80\x02}(" + string(b"labels") + labels + string(b"data") + array + b"u."


def test_the_parts_of_a_batch_make_a_good_one():
    assert read(batch()) == RECORDS


MALICIOUS = {
    "os.system": lambda run: Calls(os.system, run),
    "eval": lambda run: Calls(eval, f"__import__('os').system({run!r})"),
    "exec": lambda run: Calls(exec, f"import os; os.system({run!r})"),
    "getattr": lambda run: Calls(Calls(getattr, Calls(__import__, "os"), "system"), run),
    "numpy's load": lambda run: Calls(np.load, run),
    "in the labels": lambda run: {"labels": [0, 1, 2, 3, Calls(os.system, run)], "data": PIXELS},
    "beside the data": lambda run: {"labels": [0] * 5, "data": PIXELS, "x": Calls(os.system, run)},
    "in an array of objects": lambda run: {
        "labels": [0, 1, 2, 3, 4],
        "data": np.array([Calls(os.system, run)] * 5, object),
    },
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", MALICIOUS)
def test_nothing_is_imported_or_called(tmp_path, kind, protocol):
    trace = tmp_path / "it-ran"
    content = pickle.dumps(MALICIOUS[kind](f"touch {trace}"), protocol)
    with pytest.raises(
        Damaged, match="^some/test_batch: a pickle that (asks for|has the)"
    ) as error:
        read(content)
    assert "posix.system" in str(error.value) or "os.system" not in kind
    assert not trace.exists()
    if kind == "os.system":  # the canary sings where somebody listens
        pickle.loads(content)
        assert trace.exists()


OTHER = {
    # the other instructions that import, call or look up
    "INST": (b"\x80\x02(ios\nsystem\n.", "the instruction INST"),
    "OBJ": (b"\x80\x02(cnumpy\ndtype\no.", "the instruction OBJ"),
    "NEWOBJ": (b"\x80\x02cnumpy\ndtype\n)\x81.", "the instruction NEWOBJ"),
    "PERSID": (b"\x80\x02Pnumber\n.", "the instruction PERSID"),
    "EXT1": (b"\x80\x02\x82\x01.", "the instruction EXT1"),
    "STACK_GLOBAL": (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "asks for 'os.system'"),
    "a list's name": (b"\x80\x04]]\x93.", "a name that is no text"),
    "a call of text": (b"\x80\x02U\x0bnumpy.dtype)R.", "calls something without a name"),
    "another codec": (b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x03\0\0\0zip\x86R.", "latin1"),
    "a state for a list": (b"\x80\x02]}b.", "changes something that is no array"),
    "a state for a name": (b"\x80\x02cnumpy\nndarray\n}b.", "changes something that is no array"),
    # arrays that are not what they say
    "objects": (batch(dtype=b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R"), "'data' that are no bytes"),
    "floats": (batch(dtype=b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"), "'data' that are no bytes"),
    "no dtype": (batch(dtype=b"N"), "'data' that are no bytes"),
    "huge": (batch(shape=b"\x8a\x06" + b"\xff" * 5 + b"\x00" + number(3072) + b"\x86"), "shape"),
    "turned": (batch(shape=number(3072) + number(5) + b"\x86"), "another shape than 5 x 3,072"),
    "few bytes": (batch(content=string(b"few")), "another size than 15,360 bytes"),
    "no bytes": (batch(content=b"]"), "another size than 15,360 bytes"),
    "a huge number for bytes": (batch(content=b"J\xff\xff\xff\x7f"), "another size"),
    "no array": (batch(call=b"]"), "changes something that is no array"),
    # labels that are none
    "a huge number for labels": (batch(labels=b"J\xff\xff\xff\x7f"), "no list of 5 'labels'"),
    "too few": (batch(labels=b"](K\x00K\x01e"), "no list of 5 'labels'"),
    "too large": (batch(labels=b"](" + b"K\x01" * 4 + number(256) + b"e"), "damaged pickle"),
    "lists": (batch(labels=b"](]]]]]e"), "damaged pickle"),
    # programs that make no sense
    "empty": (b"\x80\x02}.", "no list of 5 'labels'"),
    "no dict": (b"\x80\x02K\x05.", "holds no dict"),
    "nothing": (b"\x80\x02.", "damaged pickle"),
    "cut": (GOOD[:-2000], "damaged pickle"),
    "no key": (b"\x80\x02}(K\x01u.", "damaged pickle"),
    "an unknown instruction": (b"\x80\x02\xff.", "damaged pickle"),
    "an unknown place": (b"\x80\x02h\x07.", "damaged pickle"),
    "a number as key": (b"\x80\x02}K\x01K\x02s.", "a key that is no text"),
    "a long error": (b"\x80\x02F" + b"x" * 10_000 + b"\n.", "damaged pickle"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_what_is_no_batch_is_refused_in_words(kind):
    content, reason = OTHER[kind]
    with pytest.raises(Damaged, match=f"^some/test_batch: a .*{reason}") as error:
        read(content)
    assert "Run `d2lres data fetch cifar-10`" in str(error.value) and len(str(error.value)) < 400


def laughs(levels: int) -> bytes:
    """A list of ten times the list before, 10**levels in all if one walks through it."""
    twice = b"".join(b"](" + b"h" + bytes([i]) + (b"h" + bytes([i])) * 9 + b"eq" + bytes([i + 1])
                     for i in range(levels))  # fmt: skip
    return b"](K\x01eq\x00" + twice


BOMBS = {
    "a billion laughs": b"\x80\x02" + laughs(30) + b".",
    "laughs as labels": batch(labels=laughs(30)),
    "laughs as a name": b"\x80\x04" + laughs(30) + b"\x8c\x01a\x93.",
    "laughs as a key": b"\x80\x02}" + laughs(30) + b"K\x01s.",
    "a place of huge number": b"\x80\x02]r\xff\xff\xff\xff.",  # Python's own would count up to it
    "bytes of huge number": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",
    "text of huge number": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
    "an array of bytes": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.",
    "a frame of huge number": b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"].",
    "many lists": b"\x80\x02" + b"]" * 10_000_000 + b".",
    "nested tuples": b"\x80\x02}K\x01" + b"\x85" * 100_000 + b"K\x02s.",  # whose hash ends Python
    "one text many times": (
        b"\x80\x02c_codecs\nencode\nq\x00X" + struct.pack("<I", 10**5) + b"x" * 10**5
        + b"X\x06\0\0\0latin1\x86q\x01R" + 3000 * b"h\x00h\x01R" + b"."
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_no_pickle_takes_much_time_or_memory(kind):
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(Damaged):
        read(BOMBS[kind])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - start < 20 and peak < 150_000_000


def test_no_change_of_a_good_pickle_is_a_surprise():
    """Whatever is changed, the content is the same, or has the right size, or is refused."""
    rng = random.Random(0)
    codes = [op.code.encode("latin1") for op in pickletools.opcodes]
    starts = [0, GOOD.index(b"numpy"), len(GOOD) - 80]
    for _ in range(3000):
        content = bytearray(GOOD)
        for _ in range(rng.randint(1, 3)):
            at = rng.choice(starts) + rng.randrange(80)
            content[at : at + rng.randint(0, 2)] = rng.choice([*codes, b"", rng.randbytes(2)])
        try:
            assert len(read(bytes(content))) == len(RECORDS)
        except Damaged:
            pass


# --- through the data set -------------------------------------------------------------------------


@pytest.fixture
def batches(monkeypatch, tmp_path):
    """`cifar-10-batches-py` of a small CIFAR-10."""
    monkeypatch.setattr(find, "DEBIAN", tmp_path / "no-debian")
    monkeypatch.setattr(find, "cache", lambda: tmp_path / "no-cache")
    contents = tiny_cifar(monkeypatch, tmp_path / "made")
    names = [name for name, _ in SETS["cifar-10"].files]
    write_batches(tmp_path / "cifar-10-batches-py", dict(zip(names, contents, strict=True)))
    return tmp_path / "cifar-10-batches-py"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickle.dumps(Calls(os.system, "touch it-ran") , 2) + bytes(6146), "posix.system"),
        (pickle.dumps(Calls(os.system, "touch it-ran"), 0), "bytes once decompressed"),
        (b"\x80\x02" + b"x" * 10**8, "more than 6,146 bytes|damaged pickle"),
        (b"\x80", "damaged pickle"),
        (b"", "0 bytes"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_batch_is_named(monkeypatch, batches, content, reason):
    monkeypatch.chdir(batches)
    (batches / "data_batch_3").write_bytes(content)
    with pytest.raises(DataError, match=f"^{batches}/data_batch_3: .*({reason})"):
        load("cifar-10", "full", batches.parent)
    assert not (batches / "it-ran").exists()


def test_another_label_is_another_content(batches, capsys):
    path = batches / "test_batch"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"](K\x05", b"](K\x06").replace(b"(K\x05K", b"(K\x06K"))
    assert path.read_bytes() != content
    assert load("cifar-10", "full", batches.parent).variant == "unverified"
