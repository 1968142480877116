"""Words of the library as small structures without markup: text, formulas and code."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from iconlearn._errors import InputError
from iconlearn.pages.mathml import mathml

# ``code``, `code` or $formula$
PARTS = re.compile(r"``(?P<long>[^`]+)``|`(?P<code>[^`]+)`|\$(?P<math>[^$]+)\$")
BLANKS = re.compile(r">\s+<")  # between elements, where they mean nothing
UNREADABLE = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mtext>{}</mtext></math>'


@lru_cache(maxsize=4096)
def formula(latex: str, *, block: bool = False) -> str:
    """A formula as MathML; one that cannot be read, of a method of the user's, as it was written."""
    try:
        return BLANKS.sub("><", mathml(latex, block=block))
    except InputError:
        return UNREADABLE.format(escape(latex))


def spans(words: str) -> list[dict[str, str]]:
    """A sentence in Markdown as a list of ``{"text": ...}``, ``{"math": MathML}`` and ``{"code": ...}``.

    Examples
    --------
    >>> spans("$D$ is `kl`.")[1:]
    [{'text': ' is '}, {'code': 'kl'}, {'text': '.'}]
    """
    found: list[dict[str, str]] = []
    place = 0
    for part in PARTS.finditer(words):
        if place < part.start():
            found.append({"text": words[place : part.start()]})
        latex = part["math"]
        found.append({"math": formula(latex)} if latex else {"code": part["long"] or part["code"]})
        place = part.end()
    if place < len(words):
        found.append({"text": words[place:]})
    return found
