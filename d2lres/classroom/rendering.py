"""What a student has written and displayed, as HTML that a teacher's browser can be shown.

Every fragment passes one gate, `clean`: a list of tags, attributes and kinds of image, and nothing
else.  No script, no style sheet, no form, nothing from another host.  What cannot be rendered is
shown as text.
"""

import base64
import functools
import html
import json
import re

import bleach
from bleach.css_sanitizer import CSSSanitizer
from markupsafe import Markup
from nbconvert.filters import Highlight2HTML, ansi2html, strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from .formulas import Formulas

TAGS = frozenset(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption "
    "figure h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre q s samp small span strong sub summary sup "
    "table tbody td tfoot th thead tr u ul var".split()
)
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
PICTURE = re.compile(rf"data:({'|'.join(map(re.escape, PICTURES))});base64,[A-Za-z0-9+/=]+")
LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
CLASS = re.compile(
    r"[a-z][a-z0-9]{0,2}|highlight|hl-ipython3|ansi(-[a-z]+)+"
)  # Pygments' and the terminal's
STYLES = ["text-align", "vertical-align", "color", "background-color"]
LONGEST = 50_000  # characters of Markdown or code; a longer text is shown as it is
DEEPEST = 500  # tags that are open at once: a browser's parser takes the square of it


def _is_allowed(tag: str, name: str, value: str) -> bool:
    match tag, name:
        case "img", "src":
            return bool(PICTURE.fullmatch(value))
        case "img", "alt":
            return True
        case "a", "href":
            return bool(LINK.match(value.strip()))
        case (("img" | "col"), ("width" | "height")):
            return bool(re.fullmatch(r"\d{1,4}", value))
        case (("td" | "th"), ("colspan" | "rowspan")):
            return bool(re.fullmatch(r"\d{1,2}", value))
        case "ol", "start":
            return value.isdigit()
        case _, "class":
            return all(CLASS.fullmatch(word) for word in value.split())
    return name in ("title", "style")  # bleach looks at the properties of a style


GATE = bleach.Cleaner(
    tags=TAGS,
    attributes=_is_allowed,
    protocols={"http", "https", "mailto", "data"},
    strip=True,
    css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
)


def clean(fragment: str) -> Markup:
    """HTML with what is on the lists; the rest of the tags is taken out, their text stays."""
    # The text of these is for the browser and not for a reader.
    if len(re.findall(r"<\w", fragment)) - len(re.findall(r"</\w|/>", fragment)) > DEEPEST:
        raise ValueError("HTML that is nested too deeply")
    fragment = re.sub(r"(?is)<(script|style|title)\b.*?</\1\s*>", "", fragment)
    return Markup(GATE.clean(fragment))


def or_as_text(render):
    """A renderer that shows as text what it cannot render."""

    @functools.wraps(render)
    def careful(text, *arguments):
        try:
            if len(text) <= LONGEST:
                return render(text, *arguments)
        except Exception:  # whatever a parser meets in a text that anybody has written
            pass
        return Markup("<pre>{}</pre>").format(_printable(strip_ansi(text)))

    return careful


@or_as_text
def as_text(text: str) -> Markup:
    """Text as it is, with the colours of a terminal."""
    return Markup("<pre>{}</pre>").format(clean(ansi2html(_printable(text))))


@or_as_text
def code(text: str) -> Markup:
    """Python, in colours."""
    return clean(Highlight2HTML(pygments_lexer="ipython3")(_printable(text)))


@or_as_text
def markdown(text: str, attachments=None, formulas=None) -> Markup:
    """Markdown with its tables, pasted images and formulas."""
    renderer = _Renderer(attachments or {}, formulas or Formulas())
    return clean(MarkdownWithMath(renderer=renderer).render(_printable(text)))


@or_as_text
def fragment(text: str) -> Markup:
    return clean(_printable(text))


def _printable(text: str) -> str:
    """Without halves of characters and control characters; colours of a terminal stay."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff]", "\ufffd", text)


class _Renderer(IPythonRenderer):
    """nbconvert's, with formulas as pictures and a missing image named."""

    def __init__(self, attachments, formulas):
        super().__init__(escape=False, attachments=attachments, exclude_anchor_links=True)
        self.formulas = formulas

    def image(self, text, url, title=None):
        if url.startswith("attachment:"):
            kinds = self.attachments.get(url.removeprefix("attachment:"), {})
            url = next((f"data:{k};base64,{''.join(kinds[k])}" for k in PICTURES if k in kinds), "")
        url = url.replace("\n", "")
        if PICTURE.fullmatch(url):
            return f'<img src="{url}" alt="{html.escape(text)}">'
        return f"<em>[a picture that is not in the notebook: {html.escape(text or url[:80])}]</em>"

    def inline_math(self, body):
        return self.picture(body, f"${body}$", "code")

    def block_math(self, body):
        return f"<p>{self.picture(body, f'$${body}$$', 'code')}</p>"

    def latex_environment(self, name, body):
        text = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self.picture(text, text, "pre")

    def picture(self, body, text, tag):
        """A formula; what cannot be drawn stays as it was written."""
        drawn = self.formulas.picture(body, text)
        return drawn or f"<{tag}>{html.escape(text)}</{tag}>"


def output(found, formulas=None) -> Markup:
    """One output of a cell: text, a traceback, or the richest form of what was displayed."""
    if found["output_type"] == "stream":
        return as_text(_joined(found["text"]))
    if found["output_type"] == "error":
        return as_text(_joined(found["traceback"], "\n") or f"{found['ename']}: {found['evalue']}")
    data = found["data"]
    for kind in ("text/html", "text/markdown", *PICTURES, "text/latex", "text/plain"):
        if kind in data:
            shown = _displayed(kind, _joined(data[kind]), formulas)
            if "<img" in shown or shown.striptags().strip():
                return shown
    return Markup("<em>[an output that cannot be shown here: {}]</em>").format(", ".join(data))


def _displayed(kind: str, text: str, formulas) -> Markup:
    if kind == "image/svg+xml":
        text = base64.b64encode(_printable(text).encode()).decode()
    if kind in PICTURES:
        url = f"data:{kind};base64,{''.join(text.split())}"
        return clean(f'<img src="{url}" alt="a picture">') if PICTURE.fullmatch(url) else Markup("")
    if kind == "text/html":
        return fragment(text)
    if kind == "text/plain":
        return as_text(text)
    return markdown(text, None, formulas)


def _joined(text, between: str = "") -> str:
    """A notebook's text: one string, or a list of lines."""
    if isinstance(text, list):
        return between.join(map(str, text))
    return text if isinstance(text, str) else json.dumps(text)
