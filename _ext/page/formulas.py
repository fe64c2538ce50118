"""Formulas as MathML, which a browser shows without a script."""

import math_core
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

TYPESET = math_core.LatexToMathML()


def mathml(node: nodes.Element, block: bool) -> str:
    """The formula of a math node.  Raises SphinxError, which names the page, for unknown TeX."""
    tex = node.astext()
    try:
        return TYPESET.convert_with_local_state(tex, displaystyle=block)
    except math_core.LatexError as error:
        raise SphinxError(f"{node.source}:{node.line}: {tex}: {error}") from error


def visit_inline(writer, node: nodes.math) -> None:
    writer.body.append(mathml(node, block=False))
    raise nodes.SkipNode


def visit_block(writer, node: nodes.math_block) -> None:
    if node.get("number"):
        raise SphinxError(f"{node.source}:{node.line}: numbered formulas are not written here")
    writer.body.append(f'<div class="formula">{mathml(node, block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
