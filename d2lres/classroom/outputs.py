"""What a student's kernel sends, and what of it is kept: the one door between the two.

Everything is made anew from what is known: types, sizes, text that can be written, images that
begin like images, whole numbers for their sizes.  Whatever reads a result later can rely on that.
"""

import base64
import re

from nbformat import v4

TEXTS = ("text/plain", "text/html", "text/markdown")
IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
LARGEST_SIDE = 10_000  # pixels that a student may ask an image to have on the page


def clean(kind: str, content: dict):
    """An output of a notebook, made from a message of this kind; None where nothing is to show."""
    if kind == "stream" and content.get("name") in ("stdout", "stderr"):
        return v4.new_output("stream", name=content["name"], text=text(content.get("text")))
    if kind == "error" and isinstance(content.get("traceback"), list):
        lines = [text(line) for line in content["traceback"]]
        return error(text(content.get("ename"))[:100], text(content.get("evalue")), lines)
    if kind in ("display_data", "execute_result") and isinstance(content.get("data"), dict):
        data = {name: text(content["data"][name]) for name in TEXTS if name in content["data"]}
        sizes = {}
        for name in IMAGES.keys() & content["data"].keys():
            if found := image(name, content["data"][name]):
                data[name] = found
                sizes[name] = size(content.get("metadata"), name)
        metadata = {name: found for name, found in sizes.items() if found}
        return v4.new_output("display_data", data=data, metadata=metadata) if data else None
    return None


def error(name: str, reason: str, lines=()):
    """An error output, which the feedback shows."""
    return v4.new_output(
        "error", ename=name, evalue=reason, traceback=[*lines] or [f"{name}: {reason}"]
    )


def failed(outputs) -> list:
    """The errors among outputs."""
    return [output for output in outputs if output.output_type == "error"]


def text(value) -> str:
    """Text that can be written as UTF-8: without halves of characters and zero bytes."""
    return re.sub("[\ud800-\udfff\0]", "\ufffd", value) if isinstance(value, str) else ""


def line(value, most: int = 300) -> str:
    """Text for a note: one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text(value)[: 4 * most])[:most].strip()


def image(kind: str, value) -> str:
    """The base64 of an image that begins as its kind does; nothing for anything else."""
    try:
        content = base64.b64decode("".join(value.split()), validate=True)
    except (AttributeError, ValueError):
        return ""
    return base64.b64encode(content).decode() if content.startswith(IMAGES[kind]) else ""


def size(metadata, kind: str) -> dict:
    """Width and height of an image on the page, where they are whole numbers of pixels."""
    found = metadata.get(kind) if isinstance(metadata, dict) else None
    found = found if isinstance(found, dict) else {}
    sides = {name: found[name] for name in ("width", "height") if name in found}
    return {name: n for name, n in sides.items() if type(n) is int and 0 < n <= LARGEST_SIDE}
