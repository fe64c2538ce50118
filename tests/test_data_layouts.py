"""The sets as other programs leave them: found, verified by their content, and used in place."""

import gzip
import io
import os
import shutil
import tarfile

import pytest
from python_cifar import tar_of_folder, write_batches
from tiny_cifar import tiny_cifar
from tiny_fashion import tiny_fashion

from d2lres.commands import main
from d2lres.data import SETS, fetch, find, load, verify, where
from d2lres.errors import DataError

NOBODY = ["http://127.0.0.1:9"]  # no mirror answers there


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    monkeypatch.setattr(find, "DEBIAN", tmp_path / "no-debian")
    monkeypatch.setattr(find, "cache", lambda: tmp_path / "no-cache")
    monkeypatch.setenv("D2LRES_MIRRORS", NOBODY[0])


def files_below(folder):
    """Every file in full, to see that nothing was written."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(name, root, found, capfd):
    """All that a reader can ask gives the complete set in `found`, and leaves the folder alone."""
    before = files_below(root)
    assert where(name, root) == fetch(name, root, False, NOBODY) == found
    d = load(name, "full", root)
    assert (d.variant, d.source) == ("full", found)
    assert load(name, "auto", root).sha256 == d.sha256
    checks = verify(name, root)
    assert tuple(check.sha256 for check in checks) == SETS[name].copies[0].sha256
    assert {check.variant for check in checks} == {"full"}
    for command in ("where", "fetch"):
        assert command_line(capfd, command, name, "--root", root) == (0, f"{found}\n", "")
    status, out, err = command_line(capfd, "verify", name, "--root", root)
    assert (status, err) == (0, "")
    assert out.splitlines() == [f"{c.sha256}  {c.path}  (full)" for c in checks]
    assert files_below(root) == before
    return d, checks


def command_line(capfd, *words):
    """Exit status, stdout and stderr of `d2lres data ...`."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(["data", *map(str, words)])
    return (stop.value.code or 0, *capfd.readouterr())


# --- Fashion-MNIST --------------------------------------------------------------------------------


def with_a_dot(name):
    return name.replace("-idx", ".idx")


@pytest.mark.parametrize(
    ("folder", "path_of"),
    [
        ("FashionMNIST/raw", "{0}"),  # torchvision, which unpacks the .gz beside it
        ("FashionMNIST/raw", "{0}.gz"),
        ("fashion-mnist", "{0}.gz"),  # Gluon and Keras
        (".", "{1}"),  # Kaggle, some with a dot
        (".", "{0}/{0}"),  # and in folders of the same name
        (".", "{0}/{1}"),
        (".", "{0} (1).gz"),  # a browser, of a file that was there
        (".", "{0}(2)"),
    ],
)
def test_fashion_mnist_of_other_programs(monkeypatch, tmp_path, capfd, folder, path_of):
    made = tmp_path / "made"
    for name in tiny_fashion(monkeypatch, made):
        path = tmp_path / "root" / folder / path_of.format(name, with_a_dot(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (made / f"{name}.gz").read_bytes()
        path.write_bytes(content if path.suffix == ".gz" else gzip.decompress(content))
    check("fashion-mnist", tmp_path / "root", tmp_path / "root" / folder, capfd)


def test_the_folder_itself_can_be_named(monkeypatch, tmp_path):
    folder = tmp_path / "FashionMNIST" / "raw"
    tiny_fashion(monkeypatch, folder)
    for root in (tmp_path, folder.parent, folder):
        assert where("fashion-mnist", root) == folder


def test_the_exact_name_comes_before_a_number(monkeypatch, tmp_path):
    name = tiny_fashion(monkeypatch, tmp_path)[0]
    (tmp_path / f"{name} (1)").write_bytes(b"half of a second download")
    assert verify("fashion-mnist", tmp_path)[0].path == tmp_path / f"{name}.gz"


# --- CIFAR-10 -------------------------------------------------------------------------------------


@pytest.fixture
def cifar(monkeypatch, tmp_path):
    """The released files of a small CIFAR-10 (name: content), in no place that is searched."""
    contents = tiny_cifar(monkeypatch, tmp_path / "made" / "cifar-10-batches-bin")
    return {
        name: content for (name, _), content in zip(SETS["cifar-10"].files, contents, strict=True)
    }


@pytest.mark.parametrize(
    "folder",
    [
        "cifar-10-batches-py",  # torchvision and Keras 2
        "cifar-10-batches-py/cifar-10-batches-py",  # Keras 3
        "cifar-10-batches-py-target/cifar-10-batches-py",
        "cifar-10/cifar-10-batches-py",
        ".",
    ],
)
def test_cifar_for_python(cifar, tmp_path, capfd, folder):
    root = tmp_path / "root"
    write_batches(root / folder, cifar)
    d, checks = check("cifar-10", root, root / folder, capfd)
    assert [c.path.name for c in checks] == [name.removesuffix(".bin") for name in cifar]
    (records,) = [content for name, content in cifar.items() if name.startswith("test")]
    assert [d.test_labels[1], *d.test_images[1].ravel()] == list(records[3073:])


def test_gluons_folder(cifar, tmp_path, capfd):
    shutil.copytree(tmp_path / "made" / "cifar-10-batches-bin", tmp_path / "root" / "cifar10")
    check("cifar-10", tmp_path / "root", tmp_path / "root" / "cifar10", capfd)


ARCHIVES = [
    ("cifar-10-binary.tar.gz", "bin"),
    ("cifar-10/cifar-10-binary.tar.gz", "bin"),  # where a failed download says
    ("cifar10/cifar-10-binary.tar.gz", "bin"),
    ("cifar-10-binary (1).tar.gz", "bin"),
    ("cifar-10-binary.tar(2).gz", "bin"),
    ("cifar-10-binary.tar", "bin"),
    ("cifar-10-python.tar.gz", "py"),  # torchvision
    ("cifar-10-python (1).tar.gz", "py"),
    ("cifar-10-batches-py.tar.gz", "py"),  # Keras 2
    ("cifar-10-batches-py-target_archive", "py"),  # Keras 3
]


def archive_of(cifar, tmp_path, kind) -> bytes:
    if kind == "py":
        write_batches(tmp_path / "made" / "cifar-10-batches-py", cifar)
    return tar_of_folder(tmp_path / "made" / f"cifar-10-batches-{kind}")


@pytest.mark.parametrize(("path", "kind"), ARCHIVES)
def test_an_archive_put_there_by_hand_is_used(cifar, tmp_path, capfd, path, kind):
    content = archive_of(cifar, tmp_path, kind)
    archive = tmp_path / "root" / path
    archive.parent.mkdir(parents=True)
    archive.write_bytes(gzip.decompress(content) if path.endswith(".tar") else content)
    _, checks = check("cifar-10", tmp_path / "root", archive, capfd)
    assert [c.path.name.removesuffix(".bin") for c in checks] == [
        name.removesuffix(".bin") for name in cifar
    ]
    assert {c.path.parent for c in checks} == {archive}


@pytest.mark.parametrize("place", ["$D2LRES_DATA", "user cache"])
def test_an_archive_is_found_in_every_place(monkeypatch, cifar, tmp_path, place):
    if place == "$D2LRES_DATA":
        monkeypatch.setenv("D2LRES_DATA", str(tmp_path / "own"))
    folder = tmp_path / ("own" if place == "$D2LRES_DATA" else "no-cache")
    folder.mkdir()
    archive = folder / "cifar-10-binary.tar.gz"
    archive.write_bytes(archive_of(cifar, tmp_path, "bin"))
    assert where("cifar-10") == fetch("cifar-10", None, False, NOBODY) == archive
    assert load("cifar-10").label == "cifar-10 (full)"


def test_what_was_found_can_be_named_as_the_root(cifar, tmp_path):
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(archive_of(cifar, tmp_path, "py"))
    assert where("cifar-10", where("cifar-10", tmp_path)) == archive
    assert load("cifar-10", "full", archive).source == fetch("cifar-10", archive, False) == archive


def test_what_a_failed_download_asks_for_helps(cifar, tmp_path):
    with pytest.raises(DataError, match="or put the file there yourself") as error:
        fetch("cifar-10", tmp_path / "root", False, NOBODY)
    archive, _ = str(error.value).split(": no mirror gave it")
    with open(archive, "wb") as file:
        file.write(archive_of(cifar, tmp_path, "bin"))
    assert str(fetch("cifar-10", tmp_path / "root", False, NOBODY)) == archive
    assert load("cifar-10", "full", tmp_path / "root").label == "cifar-10 (full)"


def test_a_folder_comes_before_its_archive(cifar, tmp_path):
    """Torchvision keeps both; the folder is read in less time."""
    write_batches(tmp_path / "cifar-10-batches-py", cifar)
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"never opened")
    assert where("cifar-10", tmp_path) == tmp_path / "cifar-10-batches-py"
    (tmp_path / "cifar-10-batches-py" / "test_batch").unlink()  # not complete any more
    assert where("cifar-10", tmp_path) == tmp_path / "cifar-10-python.tar.gz"


# --- damage ---------------------------------------------------------------------------------------


def tar_of(members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def headers_without_end() -> bytes:
    """5,000 headers that each announce the name of the next."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 5
    return 5000 * (info.tobuf(tarfile.GNU_FORMAT) + b"name".ljust(512, b"\0"))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda cifar, good: good[:-100], "damaged archive"),
        (lambda cifar, good: good[:600] + b"??" + good[602:], "damaged archive .*(CRC|zlib)"),
        (lambda cifar, good: b"<html>log in first</html>", "damaged archive"),
        (lambda cifar, good: b"", "damaged archive"),
        (lambda cifar, good: gzip.compress(headers_without_end()), "damaged archive .*recursion"),
        (lambda cifar, good: tar_of(cifar | {"test_batch.bin": b"x"}), "test_batch.bin of 1 bytes"),
        (lambda cifar, good: tar_of(dict([*cifar.items()][:5])), "5 of the files"),
        (lambda cifar, good: tar_of({"zeros": bytes(5_000_000), **cifar}), "far more content"),
    ],
    ids=["cut", "changed", "page", "empty", "headers", "short", "lacking", "bomb"],
)
def test_a_damaged_archive_is_refused_by_name(cifar, tmp_path, capfd, harm, reason):
    root = tmp_path / "root"
    root.mkdir()
    archive = root / "cifar-10-binary (1).tar.gz"
    archive.write_bytes(harm(cifar, archive_of(cifar, tmp_path, "bin")))
    for function in (lambda: load("cifar-10", "auto", root), lambda: verify("cifar-10", root)):
        with pytest.raises(DataError, match=rf"^{root}/cifar-10-binary \(1\).tar.gz.*({reason})"):
            function()
    # fetch wants another: it says what was wrong with this one, and leaves nothing behind
    status, out, err = command_line(capfd, "fetch", "cifar-10", "--root", root)
    assert (status, out) == (1, "") and err.startswith("error: ") and err.count("\n") == 1
    assert "no mirror gave it (" + str(archive) in err
    assert list(files_below(root)) == [archive]


def test_other_content_in_an_archive_is_no_known_edition(cifar, tmp_path, capsys):
    other = cifar["test_batch.bin"][:-1] + b"?"
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(tar_of(cifar | {"test_batch.bin": other}))
    with pytest.raises(DataError, match="cifar-10-binary.tar.gz/test_batch.bin: SHA-256"):
        verify("cifar-10", tmp_path)
    assert load("cifar-10", "full", tmp_path).label == "cifar-10 (unverified)"
    assert "no known checksum" in capsys.readouterr().err


def test_an_archive_that_may_not_be_read_is_named(cifar, tmp_path, monkeypatch):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    archive.symlink_to("/proc/self/mem")  # a file that may be opened and not read
    with pytest.raises(DataError, match=f"^{archive}: .*; expected a readable file"):
        verify("cifar-10", tmp_path)


@pytest.mark.parametrize(
    "elsewhere", ["root/cifar-10-binary.tar.gz", "root/cifar-10/cifar-10-binary (1).tar.gz"]
)
def test_a_good_archive_mends_a_damaged_folder(cifar, tmp_path, elsewhere):
    folder = tmp_path / "root" / "cifar-10"
    shutil.copytree(tmp_path / "made" / "cifar-10-batches-bin", folder)
    (folder / "test_batch.bin").write_bytes(b"damaged")
    (tmp_path / elsewhere).write_bytes(archive_of(cifar, tmp_path, "bin"))
    with pytest.raises(DataError, match="test_batch.bin.*d2lres data fetch cifar-10"):
        load("cifar-10", "full", tmp_path / "root")
    assert fetch("cifar-10", tmp_path / "root", False, NOBODY) == folder
    assert load("cifar-10", "full", tmp_path / "root").source == folder
    assert {path.name for path in files_below(folder)} == {
        *cifar,
        *([os.path.basename(elsewhere)] if "cifar-10/" in elsewhere else []),
    }


def test_a_second_download_serves_where_the_first_is_damaged(cifar, tmp_path):
    good = archive_of(cifar, tmp_path, "bin")
    root = tmp_path / "root"
    root.mkdir()
    (root / "cifar-10-binary.tar.gz").write_bytes(good[:-100])
    (root / "cifar-10-binary (1).tar.gz").write_bytes(good)
    assert fetch("cifar-10", root, False, NOBODY) == root / "cifar-10"
    assert load("cifar-10", "full", root).label == "cifar-10 (full)"


def test_a_copy_elsewhere_mends_a_damaged_one(monkeypatch, tmp_path):
    names = tiny_fashion(monkeypatch, tmp_path / "no-debian")
    tiny_fashion(monkeypatch, tmp_path / "no-cache", t10k_images=b"damaged")
    assert fetch("fashion-mnist", None, False, NOBODY) == tmp_path / "no-cache" / "fashion-mnist"
    assert load("fashion-mnist").label == "fashion-mnist (full)"
    assert sorted(os.listdir(tmp_path / "no-cache" / "fashion-mnist")) == sorted(names)


# --- what does not serve is named -----------------------------------------------------------------


def test_an_incomplete_folder_says_what_it_lacks(cifar, tmp_path, capfd):
    root = tmp_path / "root"
    write_batches(root / "cifar-10-batches-py", dict([*cifar.items()][:3]))
    (root / "cifar-100-python.tar.gz").write_bytes(b"another set")
    (root / "notes.txt").write_bytes(b"of no interest")
    status, out, err = command_line(capfd, "where", "cifar-10", "--root", root)
    assert (status, out) == (1, "")
    assert err == (
        f"error: cifar-10: not found in {root}, {tmp_path}/no-cache, {tmp_path}/no-debian "
        f"(seen: {root}/cifar-10-batches-py without data_batch_4.bin and 2 more, "
        f"{root}/cifar-100-python.tar.gz); expected its 6 files, data_batch_1.bin to "
        "test_batch.bin, or cifar-10-binary.tar.gz. Run `d2lres data fetch cifar-10`, or use the "
        "sample.\n"
    )
    for function in (lambda: load("cifar-10", "full", root), lambda: verify("cifar-10", root)):
        with pytest.raises(DataError, match="seen: .*cifar-10-batches-py without data_batch_4"):
            function()


def test_other_layouts_are_named_a_few_of_them(tmp_path):
    processed = tmp_path / "FashionMNIST" / "processed"
    processed.mkdir(parents=True)
    for i in range(9):
        (tmp_path / f"fashion-mnist_{i}.csv").write_bytes(b"")
    with pytest.raises(DataError, match=f"seen: {processed}, .*0.csv, .*1.csv, .*2.csv, 6 more"):
        load("fashion-mnist", "full", tmp_path)


def test_a_file_is_no_folder(monkeypatch, tmp_path):
    name = tiny_fashion(monkeypatch, tmp_path)[0]
    path = tmp_path / f"{name}.gz"
    with pytest.raises(DataError, match=f"seen: {path}, which is no folder"):
        load("fashion-mnist", "full", path)
