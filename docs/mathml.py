"""Formulas as MathML: browsers draw it themselves, so no page fetches anything."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
# MathML chooses sizes by itself.
SIZES = re.compile(r"\\(?:textstyle|displaystyle|[bB]igg?[lrm]?)(?![A-Za-z])")


def mathml(node: Any, as_block: bool) -> str:
    """A formula as MathML; one that cannot be read is a warning, and stays as it was written."""
    text = SIZES.sub(" ", node.astext())
    try:
        return tex2mathml(text, as_block=as_block)
    except (MathError, SyntaxError) as cause:
        LOGGER.warning("formula %r: %s", text, cause, location=node)
        return f"<code>{escape(text)}</code>"


def visit_inline(translator: Any, node: Any) -> None:
    translator.body.append(mathml(node, False))
    raise nodes.SkipNode


def visit_block(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="math-block">{mathml(node, True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
