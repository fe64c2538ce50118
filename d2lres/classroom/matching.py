"""The student's cells put beside the source's: what is graded is known before anything runs.

Editors and careless copying lose the metadata by which nbgrader knows its cells, and such a cell
would silently count zero.  Here a cell is matched back where that is certain, with a note; where it
is not, the submission is damaged, with the reason.

    given cells   (tests, and other locked text)   come from the source, hidden tests included
    answers       (solutions, and written answers)  come from the student

A written answer that is as it was handed out, in a notebook with text of the student's own, is not
counted as none: the teacher looks.
"""

import copy

from nbformat import v4

from .reference import Assignment, defined, grade_id
from .students import one_line
from .submissions import Damaged


def match(assignment: Assignment, notebook):
    """The notebook that will run: the student's answers between the source's tests.

    Returns it with the notes on what was done.  Raises Damaged with the reason, and nothing else.
    """
    try:
        matcher = _Matcher(assignment, notebook)
        matcher.by_id()
        matcher.by_text()
        matcher.by_definitions()
        matcher.by_neighbours()
        matcher.check()
        return matcher.assembled(), matcher.notes
    except Damaged:
        raise
    except Exception as error:  # one submission, whatever it holds, stops no other
        said = one_line(f"{type(error).__name__}: {error}", 200)
        raise Damaged(f"its cells cannot be matched: {said}") from error


class _Matcher:
    """`place` maps the id of a marked cell to the index of the student's cell for it."""

    def __init__(self, assignment: Assignment, notebook):
        from nbgrader.utils import is_locked, is_task

        self.assignment, self.cells = assignment, notebook.cells
        pairs = zip(assignment.released.cells, assignment.source.cells, strict=True)
        self.released = {grade_id(cell): cell for cell, _ in pairs if grade_id(cell)}
        self.source = {grade_id(cell): cell for cell in assignment.source.cells if grade_id(cell)}
        self.given = {n for n, cell in self.source.items() if is_locked(cell) or is_task(cell)}
        self.order = assignment.marked()
        self.place, self.notes = {}, []
        self.plain = {cell.source.strip() for cell in assignment.source.cells if not grade_id(cell)}

    def missing(self) -> list[str]:
        return [name for name in self.order if name not in self.place]

    def free(self) -> list[int]:
        """The student's cells that could still be one of those that are missing."""
        taken = set(self.place.values())
        return [
            index
            for index, cell in enumerate(self.cells)
            if index not in taken and cell.source.strip() not in self.plain
        ]

    def by_id(self):
        """The cells that kept their metadata; of several with the same text, the first."""
        for name in self.order:
            claims = [i for i, cell in enumerate(self.cells) if grade_id(cell) == name]
            texts = {self.cells[i].source.strip() for i in claims}
            if len(texts) > 1 and name not in self.given:
                raise Damaged(f"cell {name} is there {len(claims)} times, with different text")
            if len(claims) > 1:
                self.notes.append(f"cell {name} was there {len(claims)} times; the first counts")
            if claims:
                self.place[name] = claims[0]

    def by_text(self):
        """Cells whose text is that of exactly one marked cell, and that are there once."""
        texts = [self.released[name].source.strip() for name in self.order]
        for name in self.missing():
            text = self.released[name].source.strip()
            same = [i for i in self.free() if self.cells[i].source.strip() == text]
            if len(same) == 1 and texts.count(text) == 1:
                self.place[name] = same[0]
                self.notes.append(f"cell {name} had lost its mark; known again by its text")

    def by_definitions(self):
        """An answer that alone defines the functions or classes which the given cell defines."""
        for name in self.missing():
            wanted = defined(self.source[name])
            if name in self.given or not wanted:
                continue
            same = [i for i in self.free() if wanted <= defined(self.cells[i])]
            if len(same) == 1:
                self.place[name] = same[0]
                self.notes.append(
                    f"cell {name} had lost its mark; known again by what it defines: "
                    + ", ".join(sorted(wanted))
                )

    def by_neighbours(self):
        """An answer that is the only cell of its type between two cells that are certain."""
        for name in self.missing():
            at = self.order.index(name)
            before, after = self.order[:at][-1:], self.order[at + 1 :][:1]
            if name in self.given or any(n not in self.place for n in before + after):
                continue
            low = self.place[before[0]] if before else -1
            high = self.place[after[0]] if after else len(self.cells)
            kind = self.source[name].cell_type
            between = [i for i in self.free() if low < i < high and self.cells[i].cell_type == kind]
            if len(between) == 1 and (before or after):
                self.place[name] = between[0]
                self.notes.append(f"cell {name} had lost its mark; known again by its neighbours")

    def check(self):
        """Every answer is there, in the order of the source.  Raises Damaged where it is not."""
        answers = [name for name in self.order if name not in self.given]
        found = [name for name in answers if name in self.place]
        if answers and not found:
            raise Damaged(f"no answer of {self.assignment.name} in it: another notebook")
        lost = [name for name in answers if name not in self.place]
        if lost:
            raise Damaged(f"answer not found with certainty: {', '.join(map(self.describe, lost))}")
        # A given cell that is out of place is put back like one that is missing; answers are not.
        for name in [name for name in self.order if name in self.given & self.place.keys()]:
            if self.is_out_of_place(name):
                del self.place[name]
        places = [self.place[name] for name in answers]
        if places != sorted(places):
            moved = next(b for a, b in zip(answers, answers[1:], strict=False)
                         if self.place[a] > self.place[b])  # fmt: skip
            raise Damaged(f"cell {moved} stands before an answer that it should follow")

    def is_out_of_place(self, name: str) -> bool:
        """Whether a given cell stands before an answer that it should follow, or the reverse."""
        at = self.order.index(name)
        answers = [(n, i) for n, i in self.place.items() if n not in self.given]
        return any((self.order.index(n) < at) != (i < self.place[name]) for n, i in answers)

    def describe(self, name: str) -> str:
        names = ", ".join(sorted(defined(self.source[name])))
        return f"{name} (defines {names})" if names else name

    def assembled(self):
        """The notebook that runs: cells made anew, the given ones from the source."""
        name_at = {index: name for name, index in self.place.items()}
        cells = []
        for index, cell in enumerate(self.cells):
            name = name_at.get(index)
            if name is None:
                cells.append(make(cell))
                if cell.source.strip() in self.plain:
                    cells[-1].metadata["given"] = True  # such as the cell of imports
            elif name in self.given:
                cells.append(self.given_cell(name))
                cells += self.changed(name, cell)
            else:
                if cell.cell_type != self.source[name].cell_type:
                    kind = self.source[name].cell_type
                    self.notes.append(f"cell {name} was turned back into a {kind} cell")
                answer = copy.deepcopy(self.released[name])
                answer.source, answer.attachments = cell.source, cell.get("attachments", {})
                cells.append(make(answer, answer))
        for name in [name for name in self.order if name not in self.place]:
            before = self.order[: self.order.index(name)]
            at = max((i for i, cell in enumerate(cells) if grade_id(cell) in before), default=-1)
            cells.insert(at + 1, self.given_cell(name))
            self.notes.append(f"given cell {name} was missing or moved; put back in its place")
        self.look_for_answers_elsewhere(cells)
        return v4.new_notebook(cells=cells)

    def given_cell(self, name: str):
        """A test with what is hidden in it; a text without the marking advice."""
        released = self.released[name]
        cell = make(self.source[name] if released.cell_type == "code" else released, released)
        if cell.source != released.source:
            cell.metadata["released"] = released.source  # what the feedback may show of it
        return cell

    def changed(self, name: str, cell) -> list:
        """What the student wrote into a given text, which may be an answer: kept below it."""
        texts = (self.released[name].source.strip(), self.source[name].source.strip())
        if cell.source.strip() in texts:
            return []
        self.notes.append(f"given cell {name} had been changed; the source's text was put back")
        return [] if self.source[name].cell_type == "code" else [make(cell)]

    def look_for_answers_elsewhere(self, cells):
        """No zero for an answer cell that is as it was, while the student has written another."""
        from nbgrader.utils import is_grade, is_solution

        for cell in cells:
            name = grade_id(cell)
            if not (name and is_grade(cell) and is_solution(cell)):
                continue
            if cell.source.strip() != self.released[name].source.strip():
                continue
            prose = cell.cell_type == "markdown"
            own = [
                number
                for number, other in enumerate(cells, 1)
                if not grade_id(other) and not other.metadata.get("given") and other.source.strip()
                and (other.cell_type != "code" if prose else other.cell_type == "code")
            ]  # fmt: skip
            if own:
                # Without its checksum, nbgrader does not take the cell for one without an answer.
                cell.metadata["nbgrader"].pop("checksum", None)
                self.notes.append(
                    f"answer {name} is as it was handed out, but cell "
                    f"{', '.join(map(str, own[:9]))} is the student's own: read it there"
                )


def make(cell, marked=None):
    """A cell without outputs; with nbgrader's mark where it is one that nbgrader knows."""
    new = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}
    metadata = {"nbgrader": copy.deepcopy(marked.metadata["nbgrader"])} if marked else {}
    made = new[cell.cell_type](cell.source, metadata=metadata)
    if cell.cell_type != "code" and cell.get("attachments"):
        made.attachments = copy.deepcopy(cell.attachments)
    return made
