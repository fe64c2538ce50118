"""Whose a file is: the student's name, out of a file's or a folder's.

Names come from the students' machines and from learning platforms: in any encoding, with anything
in them.  Here they become text that a terminal prints, a table holds and a file can be called.
"""

import contextlib
import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass

# What Moodle and Canvas make of a class: Moodle a folder or a file for each student, Canvas a file.
MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_[a-z]+_(?P<file>.*)")
CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)")
ANONYMOUS = re.compile(r"(?P<name>anon_[^_]+)(?P<late>_LATE)?(?P<number>)_\d+_(?P<file>.+)")
NOTEBOOK = re.compile(r"(?P<stem>.*)\.ipynb(\.txt|\.json)?", re.IGNORECASE)
COPY = re.compile(r"( ?\(\d+\)|[-_]copy\d*|[-_]\d+)$", re.IGNORECASE)
# What turns the direction of the text after it: a name could look like another.
TURNING = {*"\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
LONGEST = 200  # bytes of a file's name, with room for what is added to it; systems take 255


@dataclass(frozen=True)
class Owner:
    """The student, what is left of the path below that name, and whether it came late."""

    student: str
    inside: tuple[str, ...]
    late: bool = False
    flat: bool = False  # a file that is called like the student: STUDENT.ipynb


def owner(parts: tuple[str, ...], is_folder: bool) -> Owner | None:
    """Whose `parts`, a path from the folder of submissions down, is; None where nobody's."""
    for at, part in enumerate(parts):
        if found := MOODLE.fullmatch(part):
            inside = (found["file"],) if found["file"] else ()
            return Owner(f"{found['name']}_{found['number']}", (*inside, *parts[at + 1 :]))
    if found := ANONYMOUS.fullmatch(parts[0]) or CANVAS.fullmatch(parts[0]):
        student = "_".join(filter(None, (found["name"], found["number"])))
        return Owner(student, (found["file"], *parts[1:]), late=bool(found["late"]))
    if len(parts) > 1 or is_folder:
        return Owner(parts[0], parts[1:])
    if found := NOTEBOOK.fullmatch(parts[0]):
        student = re.sub(r" ?\(\d+\)$", "", found["stem"])
        return Owner(student, parts, flat=True) if student else None
    return None


def is_of_a_platform(parts: tuple[str, ...]) -> bool:
    """Whether Moodle or Canvas has named it."""
    return any(MOODLE.fullmatch(part) for part in parts) or bool(CANVAS.fullmatch(parts[0]))


def is_called(file: str, name: str) -> bool:
    """Whether a file is notebook `name`, or a copy of it as browsers and platforms call one."""
    found = NOTEBOOK.fullmatch(file)
    stem = found["stem"].casefold().removeprefix("copy of ") if found else ""
    return name.casefold() in (stem, COPY.sub("", stem))


def readable(text: str) -> str:
    """Text without what a terminal obeys, in the one form in which equal names are equal.

    A name that is not UTF-8, which Python holds as halves of characters, was written by a Windows
    program in its own code page.
    """
    if re.search("[\udc80-\udcff]", text):
        with contextlib.suppress(UnicodeEncodeError):  # other halves are no bytes of a name
            text = os.fsencode(text).decode("cp1252", "replace")
    text = unicodedata.normalize("NFC", text)
    return "".join("\ufffd" if _is_obeyed(c) else c for c in text)


def _is_obeyed(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNING


def one_line(text: str, most: int = 1000) -> str:
    """Text of a student as one line that a terminal prints and a table holds."""
    return readable(" ".join(text[: 2 * most].split()))[:most]


def file_name(student: str) -> str:
    """What a student's files are called: the name itself wherever that is a good one.

    A longer name is cut, and one with a leading dot would be hidden; what follows the `~` tells
    apart what this makes equal.
    """
    safe = re.sub(r"[/\0]", "_", re.sub(r"^\.", "_", student))
    safe = safe.encode()[:LONGEST].decode(errors="ignore")
    if safe == student:
        return student
    return f"{safe}~{hashlib.sha256(student.encode(errors='replace')).hexdigest()[:8]}"
