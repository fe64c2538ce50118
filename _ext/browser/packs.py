"""Files as scripts, since a page that was opened from a folder may load nothing else.

A file is compressed, written in letters and cut into pieces, so that a page can say how much has
come.  `js/load.js` loads the pieces on first use, `js/unpack.js` makes the file of them.
"""

import gzip
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

HERE = Path(__file__).read_bytes()
PIECE = 750_000  # compressed bytes in a script: a multiple of 3, which is four letters


def pack(files: dict[str, bytes], folder: Path) -> dict[str, list[str]]:
    """Write the scripts of files; by the name of each, those of its pieces below `folder`.

    They lie in a folder named by the content, and by how it is packed, which is written here: what
    is there already is right.
    """
    with ThreadPoolExecutor() as pool:  # to compress needs no lock of Python's
        places = pool.map(lambda name: pieces(name, files[name], folder), files)
        return dict(zip(files, places, strict=True))


def pieces(name: str, content: bytes, folder: Path) -> list[str]:
    """The scripts of one file, written where they are not there yet."""
    place = folder / f"{name}.{sha256(HERE + content).hexdigest()[:12]}"
    if not place.exists():
        write(content, place)
    return [f"{place.name}/{number}.js" for number in range(len(list(place.iterdir())))]


def write(content: bytes, place: Path) -> None:
    """Write the pieces of a file; the folder has its name when it is whole."""
    begun = place.with_name(f"{place.name}.begun")
    begun.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(content, mtime=0)
    for number, start in enumerate(range(0, len(packed), PIECE)):
        letters = b64encode(packed[start : start + PIECE]).decode()
        (begun / f"{number}.js").write_text(f'book.piece="{letters}";\n', encoding="ascii")
    begun.rename(place)


def forget(folder: Path, *packed: dict[str, list[str]]) -> None:
    """Remove what is not among the packed files: it is of an earlier build."""
    wanted = {place.split("/")[0] for files in packed for some in files.values() for place in some}
    for place in folder.iterdir():
        if place.name not in wanted:
            rmtree(place)
