"""Images in a folder a class, as ImageNet and torchvision's `ImageFolder` lay them out.

What lies there is an image of a class, or it is passed over and listed: nothing is left out, and
nothing becomes a class, without a word.

Explained in the chapter "Images, targets and seeds".
"""

import os
from pathlib import Path

from ..errors import DataError, unknown_name
from .decoding import FORMATS


def shown(path) -> str:
    """A path as it can be printed: bytes that are no UTF-8, and control characters, escaped."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    return text if text.isprintable() else repr(text)[1:-1]


def left_behind(name: str) -> bool:
    """Whether a program left this there: Jupyter, macOS, a file manager."""
    return name.startswith(".") or name == "__MACOSX"


class Folder:
    """The images of one split.  `read(i)` gives (bytes, class number).

    Arguments: `path`, the folder that holds a folder a class; `classes`, whose positions are the
    class numbers (None: the folders there, sorted, each with an image).  Folders below a class
    belong to it.  `passed` lists the rest.
    Raises DataError for a folder that is no class or cannot be read, or for a class without images.
    """

    def __init__(self, path: Path, classes: list[str] | None = None):
        self.path, self.passed, self.files = path, [], []
        try:
            entries = sorted(os.listdir(path))
            names = [n for n in entries if os.path.isdir(path / n) and not left_behind(n)]
            self.passed += [path / name for name in entries if name not in names]
            self.classes = names if classes is None else list(classes)
            for name in names:
                if name not in self.classes:
                    wrong = unknown_name("class", name, map(shown, self.classes))
                    raise DataError(f"{shown(path)}: {wrong} Name it as in train, or remove it.")
                self._take(path / name, self.classes.index(name))
        except OSError as error:
            raise DataError(
                f"{shown(error.filename)}: {error.strerror}; expected images that can be read. "
                "Change its permissions, or remove it."
            ) from error
        taken = {label for _, label, _ in self.files}
        for label, name in enumerate(self.classes):
            if classes is None and self.files and label not in taken:
                raise DataError(
                    f"{shown(path / name)}: no image there; expected one of each class, "
                    f"{', '.join(FORMATS)}. Add one, or remove the folder."
                )

    def _take(self, folder: Path, label: int) -> None:
        """List what lies in `folder` and in those below; linked ones could go round in circles."""
        for name in sorted(os.listdir(folder)):
            path = folder / name
            if left_behind(name):
                self.passed.append(path)
            elif os.path.isdir(path) and not os.path.islink(path):
                self._take(path, label)
            elif os.path.isfile(path) and path.suffix.lower() in FORMATS:
                self.files.append((path, label, path.stat().st_size))
            else:
                self.passed.append(path)

    def __len__(self):
        return len(self.files)

    def names(self):
        """What tells this data from other: the name and size of every file, as bytes."""
        return (
            os.fsencode(f"{path.relative_to(self.path).as_posix()} {size}")
            for path, _, size in self.files
        )

    def read(self, i: int) -> tuple[bytes, int]:
        path, label, _ = self.files[i]
        return path.read_bytes(), label

    def name(self, i: int) -> str:
        return shown(self.files[i][0])
