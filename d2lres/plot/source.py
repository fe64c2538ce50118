"""The source of a function or class, as a chapter shows it."""

from inspect import getsource


class Source:
    """Python source that a notebook shows in color.  Its repr is the source itself."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self):
        return self.text.rstrip()

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}```"


def show_source(*things) -> Source:
    """Show how functions or classes are written, in the form in which they run.

    >>> show_source(show_source).text.splitlines()[0]
    'def show_source(*things) -> Source:'
    """
    return Source("\n\n".join(map(getsource, things)))
