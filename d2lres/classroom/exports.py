"""The grades in the tables that Moodle and Canvas take back, under their own column names.

A student is found again by the number that the platform has put into the name of the file:
`Ana Ek_12` of Moodle's participant 12, `ekana_345` of Canvas's user 345.
"""

import re


def moodle(results: list[dict]) -> list[list]:
    """A grading worksheet: it needs the identifier, the grade, and the date, which may be empty."""
    rows = [
        ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)",
         "Feedback comments"]
    ]  # fmt: skip
    most = _most(results)
    for result in results:
        name, number = _name_and_number(result["student"])
        identifier = f"Participant {number}" if number else ""
        rows.append([identifier, name, _grade(result), most, "", _comments(result)])
    return rows


def canvas(results: list[dict]) -> list[list]:
    """A gradebook to import; its second row holds what the assignment is worth."""
    assignment = next((result["assignment"] for result in results if result["assignment"]), "")
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment],
        ["    Points Possible", "", "", "", "", _most(results)],
    ]
    for result in results:
        name, number = _name_and_number(result["student"])
        rows.append([name, number, "", "", "", _grade(result)])
    return rows


FORMATS = {"canvas": canvas, "moodle": moodle}


def _name_and_number(student: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.+)_(\d+)", student)
    return (found[1], found[2]) if found else (student, "")


def _most(results: list[dict]) -> str:
    cells = {cell["id"]: cell["points"] for result in results for cell in result["cells"]}
    return f"{sum(cells.values()):g}"


def _grade(result: dict) -> str:
    """The sum; empty where an answer still waits for the teacher, or nothing was graded."""
    scores = [cell["score"] for cell in result["cells"]]
    return "" if None in scores or not scores else f"{sum(scores):g}"


def _comments(result: dict) -> str:
    said = [f"{c['id']}: {c['comment']}" for c in result["cells"] if c.get("comment")]
    return "\n".join(said)
