"""Citations, derived from the words in the rows."""

from __future__ import annotations

import re
import unicodedata

from iconlearn.methods import Method
from iconlearn.methods.citations import TITLES
from iconlearn.methods.registry import BUILT_IN

BLANK = "blank in "  # before the paper that leaves a cell empty


def cite_key(paper: str) -> str:
    """The key of a paper: first author and year.

    Examples
    --------
    >>> cite_key("van der Maaten & Hinton 2008"), cite_key("Böhm et al. 2023")
    ('vandermaaten2008', 'bohm2023')
    """
    first = re.split(r" & | et al\.|,| \d{4}", paper.removeprefix(BLANK))[0]
    plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode()
    return re.sub("[^a-z]", "", plain.lower()) + "".join(re.findall(r"\b\d{4}\b", paper)[-1:])


def paper_title(row: Method) -> str:
    """The title of the paper that a row of this package cites; nothing of rows that users have registered."""
    return TITLES[row.paper.removeprefix(BLANK)] if row.name in BUILT_IN else ""


def bibtex(paper: str, title: str = "") -> str:
    """A BibTeX entry with what the citation says, authors and year, and the title; nothing of words without a year.

    Examples
    --------
    >>> print(bibtex("van der Maaten & Hinton 2008", "Visualizing Data using t-SNE"))
    @misc{vandermaaten2008,
      author = {van der Maaten and Hinton},
      title = {{Visualizing Data using t-SNE}},
      year = {2008}
    }
    """
    years = re.findall(r"\b\d{4}\b", paper)
    if not years:
        return ""
    names = re.sub(r"[ ,]*\b\d{4}\b.*", "", paper).removeprefix(BLANK)
    names = names.replace(" & ", " and ").replace(" et al.", " and others")
    fields = [f"  author = {{{names}}}", f"  year = {{{years[-1]}}}"]
    if title:
        fields.insert(1, f"  title = {{{{{title}}}}}")
    return f"@misc{{{cite_key(paper)},\n" + ",\n".join(fields) + "\n}"
