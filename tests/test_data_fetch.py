"""Fetching over a network that fails in every way: a server on loopback plays the mirrors.

Each mirror is the first folder of an address, and a function in MIRRORS says how it answers.  What
must hold each time: the right content under its real name, or a DataError and nothing there.
"""

import dataclasses
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from d2lres.data import SETS, downloading, fetch, fetching, find, load, sets, verify
from d2lres.data.dataset import SAMPLES
from d2lres.errors import ConfigError, DataError
from d2lres.files import locked

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


# --- small sets under the real names --------------------------------------------------------------


def small_fashion() -> tuple[sets.DataSet, dict[str, bytes]]:
    """The sample of Fashion-MNIST as if it were the whole set, and its .gz files."""
    sample = sets.FASHION_MNIST.sample
    contents = [unpack_xz(SAMPLES / f"fashion-mnist-{name}.xz") for name, _ in sample.files]
    digests = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    data_set = dataclasses.replace(
        sets.FASHION_MNIST,
        train=2000,
        test=500,
        files=sample.files,
        copies=(sets.Copy("full", digests),),
        disk=3_000_000,
    )
    return data_set, {
        f"{name}.gz": gzip.compress(content, 1, mtime=0)
        for (name, _), content in zip(sample.files, contents, strict=True)
    }


def unpack_xz(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes())


def tar_of(members: dict[str, bytes | None]) -> bytes:
    """A .tar.gz of the members; None makes a symbolic link to /etc/passwd."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue()


def small_cifar() -> tuple[sets.DataSet, dict[str, bytes]]:
    """Six files of two records each as if they were CIFAR-10, and their contents."""
    files = {
        name: bytes([i]) + bytes([17 * i]) * 3072 + bytes([9 - i]) + bytes(range(256)) * 12
        for i, (name, _) in enumerate(sets.CIFAR_10.files)
    }
    digests = tuple(hashlib.sha256(content).hexdigest() for content in files.values())
    data_set = dataclasses.replace(
        sets.CIFAR_10,
        train=10,
        test=2,
        files=tuple((name, 6146) for name in files),
        copies=(sets.Copy("full", digests),),
        disk=3_000_000,
    )
    return data_set, files


FASHION, GZ = small_fashion()
CIFAR, BIN = small_cifar()
ARCHIVE = tar_of(
    {
        "cifar-10-batches-bin/readme.html": b"x" * 999,
        **{f"cifar-10-batches-bin/{name}": content for name, content in BIN.items()},
    }
)
FILES = {**GZ, CIFAR.archive: ARCHIVE}


# --- how mirrors answer ---------------------------------------------------------------------------


def good(handler, content, etag='"1"', ranges=True):
    """Send the content, or the rest of it where that is asked for."""
    asked = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if ranges and asked and handler.headers.get("If-Range", etag) == etag:
        start = int(asked[1])
        if start >= len(content):
            return handler.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        return handler.answer(
            206,
            content[start:],
            {"ETag": etag, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"},
        )
    handler.answer(200, content, {"ETag": etag} if etag else {})


def truncating(handler, content):
    """Promise all, break off in the middle."""
    handler.answer(200, content[: len(content) // 2], {"ETag": '"1"'}, length=len(content))


def stalling(handler, content):
    """Send a little of the first file, then nothing."""
    if handler.entry["name"] != IMAGES:
        return good(handler, content)
    handler.answer(200, content[:10], length=len(content))
    time.sleep(1)


def endless(handler, content):
    """No length, and no end."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(1 << 16))
    except OSError:
        pass


def dripping(handler, content):
    """So slow that there is time to kill the client."""
    asked = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if asked or len(content) < 100_000:
        return good(handler, content)
    handler.start(200, {"ETag": '"1"'}, len(content))
    for at in range(0, len(content), 50_000):
        handler.send(content[at : at + 50_000])
        time.sleep(0.05 if at < 300_000 else 30)


MIRRORS = {
    "good": good,
    "again": good,
    "missing": lambda handler, content: handler.answer(404, b"no such file"),
    "broken": lambda handler, content: handler.answer(500, b""),
    "truncating": truncating,
    "wrong": lambda handler, content: good(handler, gzip.compress(b"something else")),
    "page": lambda handler, content: handler.answer(200, b"<html>log in first</html>"),
    "corrupt": lambda handler, content: good(handler, content[:300] + b"????" + content[304:]),
    "stalling": stalling,
    "endless": endless,
    "dripping": dripping,
    "huge": lambda handler, content: handler.answer(200, b"", length=10**12),
    "changed": lambda handler, content: good(handler, content, '"2"'),
    "rangeless": lambda handler, content: good(handler, content, ranges=False),
    "nameless": lambda handler, content: good(handler, content, etag=None),
    "repacked": lambda handler, content: good(handler, gzip.compress(gzip.decompress(content), 2)),
    "elsewhere": lambda handler, content: (
        handler.answer(
            206, content[5:], {"Content-Range": f"bytes 5-{len(content) - 1}/{len(content)}"}
        )
        if handler.headers.get("Range")
        else good(handler, content)
    ),
    "shorter": lambda handler, content: (
        handler.answer(416, b"<html>") if handler.headers.get("Range") else good(handler, content)
    ),
    "partial": lambda handler, content: handler.answer(206, content[:50]),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        mirror, *_, name = self.path.strip("/").split("/")
        self.entry = {
            "mirror": mirror,
            "name": name,
            "range": self.headers.get("Range"),
            "if_range": self.headers.get("If-Range"),
            "path": self.path,
            "sent": 0,
        }
        self.server.log.append(self.entry)
        MIRRORS[mirror](self, self.server.files[name])

    def start(self, status, headers, length):
        self.entry["status"] = status
        self.send_response(status)
        for key, value in {**headers, "Content-Length": length, "Connection": "close"}.items():
            self.send_header(key, str(value))
        self.end_headers()

    def send(self, content):
        self.wfile.write(content)
        self.entry["sent"] += len(content)

    def answer(self, status, content, headers=None, length=None):
        self.start(status, headers or {}, len(content) if length is None else length)
        self.send(content)

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # the client went away, as some tests intend


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.log, self.files = [], dict(FILES)

    def url(self, mirror):
        return f"http://127.0.0.1:{self.server_port}/{mirror}"

    def urls(self, *mirrors):
        return [self.url(mirror) for mirror in mirrors]

    def asked(self):
        return [(entry["mirror"], entry["name"]) for entry in self.log]


@pytest.fixture
def server(monkeypatch, tmp_path):
    for variable in ("D2LRES_DATA", "D2LRES_MIRRORS", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(find, "DEBIAN", tmp_path / "no-debian")
    monkeypatch.setattr(find, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(downloading, "TIMEOUT", (2, 0.6))
    monkeypatch.setitem(SETS, "fashion-mnist", FASHION)
    monkeypatch.setitem(SETS, "cifar-10", CIFAR)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def names_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


def get(server, root, *mirrors, name="fashion-mnist"):
    return fetch(name, root, progress=False, mirrors=server.urls(*mirrors))


# --- what goes well -------------------------------------------------------------------------------


def test_fetch_then_load(server, tmp_path):
    folder = get(server, tmp_path, "good")
    assert folder == tmp_path / "fashion-mnist" and names_in(folder) == sorted(GZ)
    assert all((folder / name).read_bytes() == content for name, content in GZ.items())
    assert load("fashion-mnist", "full", tmp_path).label == "fashion-mnist (full)"
    assert [check.variant for check in verify("fashion-mnist", tmp_path)] == ["full"] * 4
    asked = len(server.log)
    assert get(server, tmp_path, "good") == folder and len(server.log) == asked  # nothing to do


def test_next_mirror_is_tried(server, tmp_path):
    get(server, tmp_path, "missing", "truncating", "good")
    assert names_in(tmp_path / "fashion-mnist") == sorted(GZ)
    of_images = [mirror for mirror, name in server.asked() if name == IMAGES]
    assert of_images == ["missing", "truncating", "good"]


@pytest.mark.parametrize(
    "bad", ["wrong", "page", "corrupt", "stalling", "endless", "huge", "broken", "partial"]
)
def test_bad_mirror_is_passed_over(server, tmp_path, bad):
    get(server, tmp_path, bad, "good")
    assert names_in(tmp_path / "fashion-mnist") == sorted(GZ)
    verify("fashion-mnist", tmp_path)


def test_repacked_content_is_the_same_content(server, tmp_path):
    get(server, tmp_path, "repacked")
    assert (tmp_path / "fashion-mnist" / IMAGES).read_bytes() != GZ[IMAGES]
    assert load("fashion-mnist", "full", tmp_path).variant == "full"


def test_environment_names_folder_and_mirrors(server, tmp_path, monkeypatch):
    monkeypatch.setenv("D2LRES_DATA", str(tmp_path / "here"))
    monkeypatch.setenv("D2LRES_MIRRORS", f"{server.url('missing')} {server.url('good')}/")
    assert fetch("cifar-10", progress=False) == tmp_path / "here" / "cifar-10"
    assert [entry["path"] for entry in server.log] == [
        "/missing/cifar-10/cifar-10-binary.tar.gz",
        "/good/cifar-10/cifar-10-binary.tar.gz",
    ]
    assert load("cifar-10").label == "cifar-10 (full)"


def test_cache_is_the_default_folder(server, tmp_path):
    assert get(server, None, "good") == tmp_path / "cache" / "fashion-mnist"


def test_progress_is_shown_on_stderr(server, tmp_path, capsys):
    get(server, tmp_path / "a", "good")
    assert capsys.readouterr() == ("", "")
    fetch("fashion-mnist", tmp_path / "b", mirrors=server.urls("good"))
    shown = capsys.readouterr()
    assert IMAGES in shown.err and "B/s" in shown.err and not shown.out


def test_unknown_name(server):
    with pytest.raises(ConfigError, match="did you mean 'cifar-10'"):
        fetch("cifar10")


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("missing", "HTTP 404 Not Found"),
        ("broken", "HTTP 500"),
        ("wrong", "14 bytes once decompressed, expected 1,568,016"),
        ("page", "25 bytes once decompressed, expected 1,568,016"),
        ("corrupt", "expected"),
        ("stalling", "[Tt]ime"),
        ("endless", "it sent more than 2,616,592 bytes"),
        ("huge", "it offers 1,000,000,000,000 bytes"),
    ],
)
def test_refused_by_name_and_nothing_left(server, tmp_path, bad, reason):
    with pytest.raises(DataError) as error:
        get(server, tmp_path, bad)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'fashion-mnist' / IMAGES}: no mirror gave it")
    assert re.search(reason, message) and server.url(bad) in message
    assert "$D2LRES_MIRRORS" in message and "0x" not in message
    left = names_in(tmp_path)
    assert all(name.endswith((".part", ".part.json")) for name in left)
    if bad != "stalling":  # which can be resumed
        assert not [name for name in left if name.endswith(".part")]


def test_wrong_checksum_of_the_right_size(server, tmp_path):
    content = gzip.decompress(GZ[LABELS])
    server.files[LABELS] = gzip.compress(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(
        DataError,
        match=rf"{LABELS}: no mirror gave it \(.*SHA-256 [0-9a-f]{{64}} "
        rf"of the content, expected {FASHION.copies[0].sha256[1]}",
    ):
        get(server, tmp_path, "good")
    assert names_in(tmp_path) == [f"fashion-mnist/{IMAGES}"]  # the one that was right


def test_all_mirrors_are_listed(server, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
        try:
            raise OSError("an earlier trouble")  # of the caller: not a reason of any mirror
        except OSError:
            with pytest.raises(DataError) as error:
                fetch(
                    "fashion-mnist",
                    tmp_path,
                    False,
                    [
                        server.url("missing"),
                        closed,
                        "http://no-such-host.invalid/x",
                        *server.urls("stalling"),
                    ],
                )
    message = str(error.value)
    assert "earlier" not in message
    assert "404" in message and "refused" in message and "no-such-host.invalid" in message
    assert re.search("stalling/.*[Tt]ime", message)


def test_damaged_set_is_replaced(server, tmp_path):
    folder = get(server, tmp_path, "good")
    (folder / LABELS).write_bytes(GZ[LABELS][:-20])
    plain = IMAGES.removesuffix(".gz")
    (folder / plain).write_bytes(b"damaged, and read before the .gz")
    with pytest.raises(DataError, match="d2lres data fetch"):
        verify("fashion-mnist", tmp_path)
    server.log.clear()
    assert get(server, tmp_path, "good") == folder
    assert server.asked() == [("good", IMAGES), ("good", LABELS)]  # the others were right
    assert names_in(folder) == sorted(GZ)
    verify("fashion-mnist", tmp_path)


@pytest.mark.parametrize("path", ["{0}/{0}", "{0} (1)", "{1}"])
def test_a_damaged_file_of_another_spelling_is_overruled(server, tmp_path, path):
    """Kaggle's and a browser's names; what is fetched must be what is read from now on."""
    folder = get(server, tmp_path, "good")
    name = LABELS.removesuffix(".gz")
    (folder / LABELS).unlink()
    damaged = folder / path.format(name, name.replace("-idx", ".idx"))
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(b"damaged")
    with pytest.raises(DataError, match=f"{re.escape(str(damaged))}: 7 bytes"):
        load("fashion-mnist", "full", tmp_path)
    with pytest.raises(DataError, match=f"no mirror gave it .{re.escape(str(damaged))}: 7 bytes"):
        get(server, tmp_path, "missing")
    assert get(server, tmp_path, "good") == folder
    assert load("fashion-mnist", "full", tmp_path).label == "fashion-mnist (full)"
    assert damaged.read_bytes() == b"damaged"  # the reader's own, and not in the way


def test_a_damaged_file_of_an_incomplete_set_is_named(server, tmp_path):
    """Put there by hand, since the network did not answer, and cut short."""
    path = tmp_path / "fashion-mnist" / IMAGES
    path.parent.mkdir()
    path.write_bytes(GZ[IMAGES][:-20])
    with pytest.raises(DataError, match=f"no mirror gave it .{path}: damaged comp.*; http.*404"):
        get(server, tmp_path, "missing")


def test_damage_elsewhere_is_overruled(server, tmp_path, monkeypatch):
    """The new copy must lie where it is found before the damaged one."""
    damaged = get(server, tmp_path / "debian", "good")
    monkeypatch.setattr(find, "DEBIAN", tmp_path / "debian")
    (damaged / LABELS).write_bytes(b"damaged")
    assert get(server, None, "good") == tmp_path / "cache" / "fashion-mnist"
    assert load("fashion-mnist").source == tmp_path / "cache" / "fashion-mnist"


# --- resuming -------------------------------------------------------------------------------------


def begin(server, tmp_path) -> int:
    """Leave half of the first file behind; returns its bytes."""
    with pytest.raises(DataError, match=r"truncated: [\d,]+ of [\d,]+ bytes"):
        get(server, tmp_path, "truncating")
    half = len(GZ[IMAGES]) // 2
    assert names_in(tmp_path) == [
        f"fashion-mnist/{IMAGES}.part",
        f"fashion-mnist/{IMAGES}.part.json",
    ]
    assert (tmp_path / "fashion-mnist" / f"{IMAGES}.part").stat().st_size == half
    server.log.clear()
    return half


def answer_as(monkeypatch, mirror):
    """From now on, the mirror that broke off answers like another."""
    monkeypatch.setitem(MIRRORS, "truncating", MIRRORS[mirror])


def test_resume(server, tmp_path, monkeypatch):
    half = begin(server, tmp_path)
    answer_as(monkeypatch, "good")
    get(server, tmp_path, "missing", "truncating")
    first = server.log[0]  # not "missing", which comes first in the list but did not begin it
    assert first["mirror"] == "truncating" and first["status"] == 206
    assert (first["range"], first["if_range"]) == (f"bytes={half}-", '"1"')
    assert half + first["sent"] == len(GZ[IMAGES])  # no byte twice
    assert names_in(tmp_path / "fashion-mnist") == sorted(GZ)


@pytest.mark.parametrize("mirror", ["changed", "rangeless"])
def test_resume_that_must_start_again(server, tmp_path, monkeypatch, mirror):
    """Another version of the file, or a server that cannot resume, sends all of it."""
    half = begin(server, tmp_path)
    answer_as(monkeypatch, mirror)
    get(server, tmp_path, "truncating")
    first = server.log[0]
    assert first["range"] == f"bytes={half}-" and first["status"] == 200
    assert first["sent"] == len(GZ[IMAGES])
    assert (tmp_path / "fashion-mnist" / IMAGES).read_bytes() == GZ[IMAGES]


@pytest.mark.parametrize(
    ("mirror", "status"), [("good", 206), ("elsewhere", 206), ("shorter", 416)]
)
def test_resume_onto_wrong_bytes_starts_again(server, tmp_path, monkeypatch, mirror, status):
    """What was left behind is damaged, or what the server sends does not follow on it."""
    begin(server, tmp_path)
    part = tmp_path / "fashion-mnist" / f"{IMAGES}.part"
    part.write_bytes(b"?" + part.read_bytes()[1:])
    answer_as(monkeypatch, mirror)
    get(server, tmp_path, "truncating")
    assert [(entry["status"], entry["range"] is None) for entry in server.log[:2]] == [
        (status, False),
        (200, True),
    ]
    assert (tmp_path / "fashion-mnist" / IMAGES).read_bytes() == GZ[IMAGES]


def test_resume_elsewhere_starts_again(server, tmp_path):
    """Another mirror may have compressed anew, so bytes of two mirrors are never joined."""
    begin(server, tmp_path)
    get(server, tmp_path, "repacked")
    assert server.log[0]["range"] is None
    verify("fashion-mnist", tmp_path)


@pytest.mark.parametrize("state", [None, "nonsense", "[]", "3", '{"total": 3}'])
def test_part_of_unknown_origin_is_not_trusted(server, tmp_path, state):
    begin(server, tmp_path)
    path = tmp_path / "fashion-mnist" / f"{IMAGES}.part.json"
    path.unlink() if state is None else path.write_text(state)
    get(server, tmp_path, "good")
    assert server.log[0]["range"] is None
    assert names_in(tmp_path / "fashion-mnist") == sorted(GZ)


@pytest.mark.parametrize("total_known", [True, False])
def test_resume_of_all_bytes(server, tmp_path, total_known):
    """Killed after the last byte, before the check: nothing is downloaded twice."""
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    (folder / f"{IMAGES}.part").write_bytes(GZ[IMAGES])
    (folder / f"{IMAGES}.part.json").write_text(
        json.dumps(
            {
                "url": f"{server.url('nameless')}/{IMAGES}",
                "validator": None,
                "total": len(GZ[IMAGES]) if total_known else None,
            }
        )
    )
    get(server, tmp_path, "nameless")
    statuses = [entry["status"] for entry in server.log if entry["name"] == IMAGES]
    assert statuses == ([] if total_known else [416])
    assert names_in(folder) == sorted(GZ)


def test_killed_download_leaves_no_half_file_and_resumes(server, tmp_path):
    child = subprocess.Popen(
        [sys.executable, __file__, str(tmp_path), server.url("dripping")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    part = tmp_path / "fashion-mnist" / f"{IMAGES}.part"
    deadline = time.time() + 20
    while not (part.exists() and part.stat().st_size >= 200_000) and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    have = part.stat().st_size
    assert 200_000 <= have < len(GZ[IMAGES])
    assert names_in(tmp_path) == [
        "fashion-mnist/.holder",  # of the lock, which went with the process
        f"fashion-mnist/{IMAGES}.part",
        f"fashion-mnist/{IMAGES}.part.json",
    ]
    server.log.clear()
    get(server, tmp_path, "dripping")
    assert server.log[0]["range"] == f"bytes={have}-"
    assert have + server.log[0]["sent"] == len(GZ[IMAGES])
    assert names_in(tmp_path / "fashion-mnist") == sorted(GZ)


# --- the disk -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "module"),
    [("fashion-mnist", downloading), ("cifar-10", downloading), ("cifar-10", fetching)],
)
def test_full_disk_in_mid_write(server, tmp_path, monkeypatch, name, module):
    def write(file, chunk):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write", write)
    with pytest.raises(
        DataError,
        match=rf"{name}: the disk is full \([\d,]+ MB free\); expected 3 "
        "MB.*--root DIR or .D2LRES_DATA",
    ):
        get(server, tmp_path, "good", name=name)
    complete = [f"cifar-10/{CIFAR.archive}.part"] * (module is fetching)  # an hour's download
    assert [p for p in names_in(tmp_path) if not p.endswith(".json")] == complete


def test_disk_too_small_is_known_before_the_download(server, tmp_path, monkeypatch):
    monkeypatch.setitem(SETS, "fashion-mnist", dataclasses.replace(FASHION, disk=10**18))
    with pytest.raises(DataError, match=r"the disk is full.*expected 1,000,000,000,000 MB"):
        get(server, tmp_path, "good")
    assert not server.log and not names_in(tmp_path)


@pytest.fixture
def mount(tmp_path):
    """Mount a small file system in memory, with the options given; needs root."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a real full or read-only disk needs the right to mount one")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], capture_output=True)


def test_really_full_disk(server, mount, monkeypatch):
    monkeypatch.setitem(SETS, "fashion-mnist", dataclasses.replace(FASHION, disk=0))  # not foreseen
    folder = mount("size=300k")
    with pytest.raises(DataError, match=r"the disk is full \(0 MB free\)"):
        get(server, folder, "good")
    assert names_in(folder) == []


def test_really_read_only_disk(server, mount):
    folder = mount("ro")
    with pytest.raises(DataError, match=r"mounted/fashion-mnist: cannot be written \(Read-only"):
        get(server, folder, "good")


def test_file_in_place_of_the_folder(server, tmp_path):
    (tmp_path / "fashion-mnist").write_text("a file")
    (tmp_path / "root").write_text("a file")
    for root in (tmp_path, tmp_path / "root"):
        with pytest.raises(
            DataError,
            match=r"fashion-mnist: cannot be written .*expected a folder "
            r".*--root DIR or \$D2LRES_DATA",
        ):
            get(server, root, "good")


def test_folder_without_permission(server, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    if os.geteuid():
        tmp_path.chmod(0o555)
    else:  # root may write anywhere
        monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DataError, match=r"cannot be written \(Permission denied\).*--root DIR"):
        get(server, tmp_path, "good")
    tmp_path.chmod(0o755)


def test_two_at_once_do_not_mix(server, tmp_path):
    (tmp_path / "fashion-mnist").mkdir()
    with locked(tmp_path / "fashion-mnist", "downloading into it"):
        with pytest.raises(DataError, match=f"process {os.getpid()} on .* is downloading into it"):
            get(server, tmp_path, "good")
    get(server, tmp_path, "good")


# --- CIFAR-10's archive ---------------------------------------------------------------------------


def test_archive_is_unpacked_and_removed(server, tmp_path):
    folder = get(server, tmp_path, "truncating", "good", name="cifar-10")
    assert names_in(tmp_path) == sorted(f"cifar-10/{name}" for name in BIN)  # and no readme.html
    assert all((folder / name).read_bytes() == content for name, content in BIN.items())
    d = load("cifar-10", "full", tmp_path)
    assert d.label == "cifar-10 (full)" and d.test_labels.tolist() == [5, 4]


def changed(**files):
    """The members of the archive with some replaced, by the first letters of their names."""
    return {
        name: next((v for k, v in files.items() if name.startswith(k)), content)
        for name, content in BIN.items()
    }


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({k: v for k, v in BIN.items() if k != "test_batch.bin"}, "5 of the files"),
        (changed(test=BIN["test_batch.bin"][:-1] + b"?"), "SHA-256"),
        (changed(data_batch_2=b"short"), "data_batch_2.bin of 5 bytes, expected 6,146"),
        (changed(data_batch_2=None), "5 of the files"),  # a link is no file
        ({"bomb": bytes(5_000_000), **BIN}, "far more content"),
    ],
    ids=["missing", "changed", "short", "link", "bomb"],
)
def test_wrong_archive_is_refused(server, tmp_path, members, reason):
    server.files[CIFAR.archive] = tar_of(members)
    with pytest.raises(DataError, match=rf"cifar-10-binary.tar.gz: no mirror gave it \(.*{reason}"):
        get(server, tmp_path, "good", name="cifar-10")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda a: a[:-100],
        lambda a: a[:500] + b"??" + a[502:],
        lambda a: b"<html></html>",
        lambda a: gzip.compress(b"no tar"),
    ],
)
def test_damaged_archive_is_refused(server, tmp_path, harm):
    server.files[CIFAR.archive] = harm(ARCHIVE)
    with pytest.raises(DataError, match="damaged archive|SHA-256"):
        get(server, tmp_path, "good", name="cifar-10")
    assert names_in(tmp_path) == []


def test_members_cannot_choose_where_they_are_written(server, tmp_path):
    evil = {f"../../{name}": content for name, content in BIN.items()}
    server.files[CIFAR.archive] = tar_of({"../../evil": b"x", "/tmp/evil-d2lres": b"x", **evil})
    get(server, tmp_path / "a" / "b", "good", name="cifar-10")
    assert names_in(tmp_path) == sorted(f"a/b/cifar-10/{name}" for name in BIN)
    assert not Path("/tmp/evil-d2lres").exists()


if __name__ == "__main__":  # the process that a test kills
    SETS["fashion-mnist"] = FASHION
    fetch("fashion-mnist", sys.argv[1], progress=False, mirrors=sys.argv[2:])
