"""How much of the image one pixel sees, after each part of a network."""

from dataclasses import dataclass

from ..errors import ConfigError
from ..structure import Summary
from .look import INK, MARGIN, SMALL, SOFT, Mix, color_of_part, ink, widest
from .sketch import Sketch

# Pixels: the largest drawing, from it to the names, from one name to the next.
WIDE, HIGH, ASIDE, PITCH = 500, 430, 46, 22


@dataclass(frozen=True)
class Field:
    """What is drawn as a rectangle: the image, or what a pixel after a part sees."""

    name: str
    width: int
    height: int
    color: str

    @property
    def text(self) -> str:
        """Its name with its sides in pixels; of a square, one side."""
        return f"{self.name}: {self.sides}"

    @property
    def sides(self) -> str:
        return str(self.width) if self.name != "image" else f"{self.height}×{self.width}"


def fields_of(summary: Summary) -> list[Field]:
    """The receptive fields after the stem and the stages, the largest first."""
    found = []
    for row in summary.parts():
        side, name = row.receptive_field, row.name.replace("stage", "stage ")
        if side is not None:
            found.append(Field(name, side, side, color_of_part(row.name)))
    return sorted(found, key=lambda field: -field.width)


def in_words(image: Field, fields: "list[Field]") -> str:
    sizes = []
    for field in reversed(fields):
        wide, high = field.width > image.width, field.height > image.height
        beyond = ", more than the image" if wide and high else ""
        if wide != high:
            beyond = ", higher than the image" if high else ", wider than the image"
        sizes.append(f"{field.name} {field.width}×{field.width} pixels{beyond}")
    text = f"Squares on an image of {image.sides} pixels (height×width), to scale and centred: what"
    return f"{text} one output pixel sees after the {'; '.join(sizes)}."


def draw_fields(summary: Summary, *, title: "str | None" = None):
    """Draw the receptive field after each part as a square on the image, all to one scale.

    Arguments: `summary`, with the shape of its input; `title`, the finding.
    The squares are centred on the middle of the image.  What lies beyond its border is padding.
    Behind the global average pooling every output sees the whole image, so the head has no square.
    Raises ConfigError for what is no summary.
    Source: Araujo et al., "Computing Receptive Fields of Convolutional Neural Networks" (2019).
    Chapter "Padding, and what a pixel sees".

    >>> from d2lres.structure import summarize
    >>> draw_fields(summarize("resnet18")).alt[-60:]
    '211×211 pixels; stage 4 435×435 pixels, more than the image.'
    """
    if not isinstance(summary, Summary):
        raise ConfigError(
            f"draw_fields: {summary!r}; expected a summary. Make one with summarize('resnet18')."
        )
    _, height, width = summary.input_shape
    image = Field("image", width, height, INK)
    fields = fields_of(summary)
    alt = f"{summary.title}. {in_words(image, fields)}"
    sketch = Sketch(f"{title}. {alt}" if title else alt)
    return draw_nested(sketch, [image, *fields], title)


def draw_nested(sketch: Sketch, fields: "list[Field]", title: "str | None"):
    """Draw the image, which is the first, and the fields around one middle, and name them."""
    wide, high = max(f.width for f in fields), max(f.height for f in fields)
    scale = min(WIDE / wide, HIGH / high)
    names = widest([field.text for field in fields])
    width = MARGIN + scale * wide + ASIDE + names + MARGIN
    top = sketch.title(title, width)
    x, y = MARGIN + scale * wide / 2, top + scale * high / 2
    image, *others = fields
    for field in others:
        draw_field(sketch, x, y, field, scale, Mix(field.color, 0.16))
    draw_field(sketch, x, y, image, scale, "none")
    ends = draw_names(sketch, MARGIN + scale * wide + ASIDE, x, y, fields, scale)
    foot = max(top + scale * high, ends) + 16
    sketch.text(MARGIN, foot, "sides in pixels; image: height×width", SMALL, SOFT, ha="left")
    return sketch.finish(width, foot + 8 + MARGIN)


def draw_field(sketch: Sketch, x: float, y: float, field: Field, scale: float, face) -> None:
    width, height = scale * field.width, scale * field.height
    place, line = (x - width / 2, y - height / 2), 1.8 if field.name == "image" else 1.4
    sketch.rectangle(*place, width, height, face, field.color, line, label="field")


def draw_names(sketch: Sketch, left: float, x: float, y: float, fields, scale: float) -> float:
    """Name each field to the right, on a line from its upper right corner; the y below."""
    at = 0.0
    for field in sorted(fields, key=lambda field: (-field.height, -field.width)):
        corner = (x + scale * field.width / 2, y - scale * field.height / 2)
        at = max(at + PITCH, corner[1] + 9)
        sketch.line(*corner, left - 8, at, field.color, 1)
        sketch.text(left, at, field.text, color=ink(field.color), ha="left")
    return at + PITCH / 2
