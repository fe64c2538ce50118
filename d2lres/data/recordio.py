"""Images in a RecordIO file and its index, as MXNet's `im2rec` writes them.

A record is 8 bytes, a magic number and the length, and the content, filled up to 4 bytes.  A
content that holds the magic number itself is written in parts, without it.  Its first 24 bytes say
how many labels follow (0: the one here), the label, and two numbers that are not used here.

MXNet's reader trusts file and index; this one looks.

Explained in the chapter "Images, targets and seeds".
"""

import math
import os
import struct
from pathlib import Path

from ..errors import DataError

MAGIC = 0xCED7230A
PART, IMAGE = struct.Struct("<II"), struct.Struct("<IfQQ")
ALONE, LAST = 0, 3  # which part of a record this is: the only one, the last of many

_INDEX_ANEW = "Make the index anew with MXNet's rec2idx.py."
_RECORDS_ANEW = "Copy or make the file anew (MXNet's im2rec.py)."


def index(path: Path) -> dict[str, int]:
    """Where each record begins, by its key.  Raises DataError for a line that does not say so."""
    found = {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        key, tab, position = line.partition("\t")
        if not (tab and position.isdecimal()) or key in found:
            raise DataError(
                f"{path}, line {number}: {line[:40]!r}; expected a key that no other line has, a "
                f"tab, and the byte where a record begins. {_INDEX_ANEW}"
            )
        found[key] = int(position)
    return found


def parts(file, position: int, size: int) -> list[tuple[int, int]]:
    """Where the parts of the record at `position` lie: the first byte of each, and its length.

    Arguments: an open file, and how many bytes it has.
    Raises DataError where no record begins there, or where it does not end in the file.
    """
    found, begin = [], position
    while True:
        file.seek(position)
        head = file.read(PART.size)
        if len(head) == PART.size:
            magic, code = PART.unpack(head)
            if magic != MAGIC:
                raise DataError(
                    f"{file.name}, byte {position}: {head[:4]!r}; expected a record, which begins "
                    f"with {PART.pack(MAGIC, 0)[:4]!r}. {_RECORDS_ANEW}"
                )
            part, length = code >> 29, code & (1 << 29) - 1
            position += PART.size
            found.append((position, length))
        if len(head) < PART.size or position + length > size:
            raise DataError(
                f"{file.name}, record at byte {begin}: it goes on after byte {size}, where the "
                f"file ends; expected a whole file. {_RECORDS_ANEW}"
            )
        if part in (ALONE, LAST):
            return found
        position += length + -length % 4


def content(file, pieces: list[tuple[int, int]], most: int | None = None) -> bytes:
    """The content of a record from its `parts`; `most`, enough for its first so many bytes."""
    found = []
    for position, length in pieces:
        file.seek(position)
        found.append(file.read(length if most is None else min(length, most)))
    return PART.pack(MAGIC, 0)[:4].join(found)


class Records:
    """The images of one split.  `read(i)` gives (bytes, class number).

    Arguments: `path`, the .rec beside its .idx; `classes`, whose positions are the labels (None:
    from the labels, each of which has an image).
    Raises DataError where file and index do not fit, or a label is no class, naming the record.
    """

    passed = ()

    def __init__(self, path: Path, classes: list[str] | None = None):
        self.path = path
        try:
            keys = index(path.with_suffix(".idx"))
            with open(path, "rb") as file:
                there = self._walk(file)
                self._compare(keys, there)
                self.keys, self.pieces = list(keys), [there[keys[key]] for key in keys]
                heads = [content(file, pieces, IMAGE.size + 4) for pieces in self.pieces]
        except OSError as error:
            raise DataError(
                f"{error.filename}: {error.strerror}; expected a file that can be read. "
                "Change its permissions, or replace it."
            ) from error
        self.labels = [self._label(i, head, classes) for i, head in enumerate(heads)]
        self.classes = self._all() if classes is None else list(classes)

    def _walk(self, file) -> dict[int, list]:
        """The parts of every record of the file, by the byte where it begins."""
        self.size, position, found = os.fstat(file.fileno()).st_size, 0, {}
        while position < self.size:
            found[position] = parts(file, position, self.size)
            last, length = found[position][-1]
            position = last + length + -length % 4
        return found

    def _compare(self, keys: dict[str, int], there: dict) -> None:
        wrong = [f"record {k} at byte {p}" for k, p in keys.items() if p not in there]
        begins = set(keys.values())
        left_out = [f"no record at byte {position}" for position in there if position not in begins]
        for what in wrong + left_out:
            raise DataError(
                f"{self.path.with_suffix('.idx')}: {what}, unlike {self.path.name}; expected the "
                f"index of its {len(there)} records. {_INDEX_ANEW}"
            )

    def _label(self, i: int, head: bytes, classes) -> int:
        """The class number that the first bytes of record i give."""
        number, label = 0, math.nan  # of a record that is too short for any
        if len(head) >= IMAGE.size:
            number, label, *_ = IMAGE.unpack(head[: IMAGE.size])
        if number == 1 and len(head) == IMAGE.size + 4:
            (label,) = struct.unpack("<f", head[IMAGE.size :])
        known = "a whole number from 0 on" if classes is None else f"0 to {len(classes) - 1}"
        fits = label >= 0 and label.is_integer() and (classes is None or label < len(classes))
        if number > 1 or not fits:
            found = f"{number} labels" if number > 1 else f"label {label:g}"
            raise DataError(
                f"{self.name(i)}: {found}; expected one label, {known}. Write the class numbers "
                "of train in the list that im2rec.py reads, and make the file anew."
            )
        return int(label)

    def _all(self) -> list[str]:
        """Every label as a name; all from 0 to the highest are there."""
        highest, there = max(self.labels, default=-1), set(self.labels)
        for label in range(highest):
            if label not in there:
                raise DataError(
                    f"{self.name(self.labels.index(highest))}: label {highest}, but no record has "
                    f"label {label}; expected labels from 0 on without a gap. Number the "
                    "classes anew in the list that im2rec.py reads, and make the file anew."
                )
        return [str(label) for label in range(highest + 1)]

    def __len__(self):
        return len(self.keys)

    def names(self):
        """What tells this data from other: the name and size of the file, as bytes."""
        return iter([os.fsencode(f"{self.path.name} {self.size}")])

    def read(self, i: int) -> tuple[bytes, int]:
        with open(self.path, "rb") as file:  # a file of one's own, since it has one position
            record = content(file, self.pieces[i])
        number = IMAGE.unpack(record[: IMAGE.size])[0]
        return record[IMAGE.size + 4 * number :], self.labels[i]

    def name(self, i: int) -> str:
        return f"{self.path}, record {self.keys[i]}"
