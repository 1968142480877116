"""Formulas of the documentation as MathML, by :mod:`iconlearn.pages.mathml`."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.util import logging

from iconlearn import InputError
from iconlearn.pages.mathml import mathml

LOGGER = logging.getLogger(__name__)


def drawn(node: Any, block: bool) -> str:
    """A formula as MathML; one that cannot be read is a warning, and stays as it was written."""
    try:
        return mathml(node.astext(), block=block)
    except InputError as cause:
        LOGGER.warning("%s", cause, location=node)
        return f"<code>{escape(node.astext())}</code>"


def visit_inline(translator: Any, node: Any) -> None:
    translator.body.append(drawn(node, False))
    raise nodes.SkipNode


def visit_block(translator: Any, node: Any) -> None:
    translator.body.append(f'<div class="math-block">{drawn(node, True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
