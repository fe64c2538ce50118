"""Who handed in what: the submissions of one assignment in a folder, an archive, or a class's.

    FOLDER/STUDENT/NAME.ipynb           FOLDER/STUDENT.ipynb            by hand
    FOLDER/STUDENT/NAME/NAME.ipynb                                      nbgrader's `submitted`
    FOLDER/Ana Ek_12_assignsubmission_file_/any.ipynb                   Moodle
    FOLDER/ekana_12_345_any.ipynb                                       Canvas

FOLDER may be a zip archive, and hold some; that of a class may hold a student's.  What is not read
is named.
"""

from pathlib import Path

from ..errors import ConfigError
from .assignments import folder_and_file
from .handed_in import Item, handed_in
from .students import NOTEBOOK, Owner, is_called, one_line, owner
from .submissions import Damaged, Submission


def find_submissions(name: str, folder, files=()) -> tuple[list[Submission], list[str]]:
    """The submissions for assignment `name` in a folder or an archive.

    `files` are those that were handed out with it, and come back: {where they belong: the file}.
    Returns them in the order of the students' names, and a line for everything else that was
    found.  Raises ConfigError where the folder is missing or holds no submission.
    """
    folder = Path(folder)
    if not folder.is_dir() and not (folder.is_file() and folder.suffix.lower() == ".zip"):
        raise ConfigError(
            f"{folder}: no such folder; expected the students' submissions in it, or a zip of them."
        )
    students, lines, litter = {}, [], []
    for item in handed_in(folder):
        whose = owner(item.parts, item.is_folder) if item.parts else None
        if item.is_litter:
            litter.append(item)
        elif whose:
            students.setdefault(one_line(whose.student), []).append((item, whose))
        else:
            said = item.problem or "neither a notebook nor a student's folder"
            lines.append(f"{'/'.join(item.parts)}: skipped, {said}")
    if not students:
        raise ConfigError(
            f"{folder}: no submission; expected STUDENT/{name}.ipynb or STUDENT.ipynb in it."
        )
    found = []
    for student in sorted(students):
        submission, unread = _of_student(name, student, students[student], dict(files))
        found.append(submission)
        lines += [f"{student}: not read: {', '.join(unread)}"] if unread else []
    if litter:
        kinds = ", ".join(sorted({item.parts[-1] for item in litter})[:5])
        lines.append(f"skipped {len(litter)} that no person wrote, such as {kinds}")
    return found, [one_line(line) for line in lines]


def _of_student(name: str, student: str, items: list, files) -> tuple[Submission, list[str]]:
    """One student's submission, and what else lies there."""
    notebooks = [pair for pair in items if not pair[0].is_folder and _is_notebook(pair)]
    ranks = [_rank(name, whose) for _, whose in notebooks]
    best = [pair for pair, rank in zip(notebooks, ranks, strict=True) if rank == min(ranks)]
    others = [pair for pair in items if not pair[0].is_folder and pair not in notebooks]
    folders = {folder_and_file(name)[:1], *(whose.inside[:-1] for _, whose in best)}
    unread, changed = _beside(student, others, folders, files)
    if any(whose.flat for _, whose in notebooks) and len(notebooks) > 1:
        files = " and ".join(item.parts[-1] for item, _ in notebooks)
        return Submission(student, notebooks[0][0].path, f"two submissions: {files}"), unread
    if len(best) != 1:
        names = ", ".join("/".join(whose.inside) for _, whose in notebooks) or "none"
        shut = [item.problem for item, _ in items if item.problem]
        said = "; ".join([f"no {name}.ipynb; notebooks found: {names}", *shut])
        return Submission(student, Path(f"{name}.ipynb"), one_line(said)), unread
    item, whose = best[0]
    notes = ["handed in late, by its file's name"] if whose.late else []
    notes += [f"{place} had been changed; the course's own is used" for place in changed]
    if NOTEBOOK.fullmatch(item.parts[-1])["stem"] not in (folder_and_file(name)[1], student):
        notes.append(f"read from {'/'.join(whose.inside)}")
    beside = [
        "/".join(other.inside)
        for (_, other), rank in zip(notebooks, ranks, strict=True)
        if other is not whose and rank <= A_COPY
    ]
    notes += [f"not read beside it: {', '.join(beside)}"] if beside else []
    return Submission(student, item.path, item.problem, item.way, tuple(notes)), unread


def _beside(student: str, others: list, folders: set, files: dict) -> tuple[list, list]:
    """Of what lies beside notebooks in these folders: what is not read; and, what was changed.

    Either may be a file that was handed out.
    """
    unread, changed = [], []
    for item, whose in others:
        place = "/".join(whose.inside)
        inside = {place, *(place.removeprefix("/".join((*f, ""))) for f in folders)}
        if handed_out := inside & files.keys():
            if not _is_same(
                Submission(student, item.path, item.problem, item.way), files[min(handed_out)]
            ):
                changed.append(min(handed_out))
        elif len(whose.inside) < 3:
            unread.append(place)
    return unread, changed


def _is_same(handed_in: Submission, file: Path) -> bool:
    try:
        return handed_in.content() == file.read_bytes()
    except Damaged:
        return False


def _is_notebook(pair: tuple[Item, Owner]) -> bool:
    inside = pair[1].inside
    return bool(inside and NOTEBOOK.fullmatch(inside[-1]))


A_COPY = 3


def _rank(name: str, whose: Owner) -> int:
    """How surely a notebook is the one: 0 for NAME.ipynb itself, `A_COPY` for what is called so."""
    *folders, file = whose.inside
    folder, stem = folder_and_file(name)
    if whose.flat:
        return 0
    if file == f"{stem}.ipynb":
        return {(): 0, (folder,): 1}.get(tuple(folders), 2)
    return A_COPY if is_called(file, stem) else A_COPY + 1
