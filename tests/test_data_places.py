"""Where a reader's data may lie: one rule for every function, and for photographs as well."""

import getpass
import os
import pwd
from pathlib import Path

import pytest
from tiny_fashion import tiny_fashion

from d2lres.commands import doctor
from d2lres.data import PhotoIterator, candidates, fetch, find, load, photographs, verify, where
from d2lres.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(find, "DEBIAN", tmp_path / "no-debian")
    monkeypatch.setattr(find, "cache", lambda: tmp_path / "no-cache")
    monkeypatch.chdir(tmp_path)


def test_a_tilde_is_the_home_folder_everywhere(monkeypatch, tmp_path):
    data = tmp_path / "home" / "data"
    folder = data / "fashion-mnist"
    tiny_fashion(monkeypatch, folder)
    (data / "imagenet").mkdir()
    for root in ("~/data", None):
        if root is None:
            monkeypatch.setenv("D2LRES_DATA", "~/data")
        assert candidates("fashion-mnist", root)[0][1:] == (data, folder)
        assert where("fashion-mnist", root) == fetch("fashion-mnist", root, False) == folder
        assert load("fashion-mnist", "full", root).source == folder
        assert {check.path.parent for check in verify("fashion-mnist", root)} == {folder}
    assert photographs("imagenet") == data / "imagenet"
    with pytest.raises(DataError, match=f"^{data}: no images"):
        PhotoIterator("~/data", "train", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]  # and no folder "~"


def test_a_download_goes_to_the_home_folder_too(monkeypatch, tmp_path):
    monkeypatch.setenv("D2LRES_DATA", "~/data")
    target = tmp_path / "home" / "data" / "fashion-mnist"
    with pytest.raises(DataError, match=f"^{target}/train-images.*no mirror gave it"):
        fetch("fashion-mnist", progress=False, mirrors=["http://127.0.0.1:9"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_another_users_home_folder():
    home = Path(pwd.getpwnam(getpass.getuser()).pw_dir)
    assert find.expanded(f"~{getpass.getuser()}/data") == home / "data"


def test_nobodys_home_folder_is_refused_and_not_made(monkeypatch, tmp_path):
    with pytest.raises(ConfigError, match=r"--root '~nobody-of-that-name/x': no user of that"):
        fetch("fashion-mnist", "~nobody-of-that-name/x", False)
    monkeypatch.setenv("D2LRES_DATA", "~nobody-of-that-name/x")
    for function in (where, load, verify, fetch, photographs):
        with pytest.raises(ConfigError, match=r"\$D2LRES_DATA '~nobody.*expected a folder"):
            function("fashion-mnist")
    assert not list(tmp_path.iterdir())
    checks = doctor.look_at_data()  # which reports whatever it meets
    assert [(c.ok, c.fix) for c in checks[:2]] == [(False, "unset D2LRES_DATA")] * 2


def test_an_empty_name_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("D2LRES_DATA", "")
    assert [place for _, place in find.places("")] == [
        tmp_path / "no-cache",
        tmp_path / "no-debian",
    ]
    assert photographs("imagenet") == tmp_path / "no-cache" / "imagenet"


def test_a_relative_folder_is_shown_in_full(monkeypatch, tmp_path):
    tiny_fashion(monkeypatch, tmp_path / "~x" / "fashion-mnist")
    assert where("fashion-mnist", "./~x") == tmp_path / "~x" / "fashion-mnist"


def test_one_folder_with_a_colon_is_one_folder(monkeypatch, tmp_path):
    """Not a list, as in $PATH: `fetch` must know the one into which it writes."""
    tiny_fashion(monkeypatch, tmp_path / "a:b")
    monkeypatch.setenv("D2LRES_DATA", str(tmp_path / "a:b"))
    assert where("fashion-mnist") == tmp_path / "a:b"


def test_a_name_that_can_be_no_folder_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("D2LRES_DATA", "x" * 300)  # which the file system refuses to look at
    assert where("fashion-mnist") is None
    assert photographs("imagenet") == tmp_path / ("x" * 300) / "imagenet"
    assert doctor.look_at_data()[0].fix == "unset D2LRES_DATA"


OTHERS = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "link to no file": lambda path: path.symlink_to(path.with_name("nothing")),
    "link to no file .Too many levels": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_stands_in_the_place_of_a_file_is_named(monkeypatch, tmp_path, kind, suffix):
    """It was passed over, and the copy in another place was read without a word."""
    cache, root = tmp_path / "cache" / "fashion-mnist", tmp_path / "root" / "fashion-mnist"
    names = tiny_fashion(monkeypatch, cache)
    monkeypatch.setattr(find, "cache", lambda: tmp_path / "cache")
    tiny_fashion(monkeypatch, root)
    (root / f"{names[1]}.gz").unlink()
    other = root / (names[1] + suffix)
    OTHERS[kind](other)
    for function in (load, verify):
        options = {"data": "full"} if function is load else {}
        with pytest.raises(DataError, match=f"^{other}: a {kind}.*; expected a file: .* fetch"):
            function("fashion-mnist", root=tmp_path / "root", **options)
    assert load("fashion-mnist", "full").source == cache


def test_a_file_is_read_where_something_else_has_its_other_spelling(monkeypatch, tmp_path):
    """As a folder that was made to unpack into; a whole copy in the same place comes first too."""
    names = tiny_fashion(monkeypatch, tmp_path / "fashion-mnist")
    (tmp_path / "fashion-mnist" / names[0]).mkdir()
    assert load("fashion-mnist", "full", tmp_path).source == tmp_path / "fashion-mnist"
    (tmp_path / "fashion-mnist" / f"{names[0]}.gz").unlink()
    tiny_fashion(monkeypatch, tmp_path / "FashionMNIST")
    assert load("fashion-mnist", "full", tmp_path).source == tmp_path / "FashionMNIST"


def test_what_stands_in_the_place_of_an_archive_is_named(monkeypatch, tmp_path):
    archive = tmp_path / "cifar-10-binary.tar.gz"
    for make, found in ((os.mkfifo, "a pipe"), (Path.mkdir, "0 of the files")):
        make(archive)
        with pytest.raises(DataError, match=f"^{archive}: {found}; expected"):
            load("cifar-10", "full", tmp_path)
        if archive.is_dir():
            archive.rmdir()
        else:
            archive.unlink()
