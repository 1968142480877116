"""Citations, derived from the words in the rows."""

from __future__ import annotations

import re
import unicodedata


def cite_key(paper: str) -> str:
    """The key of a paper: first author and year.

    Examples
    --------
    >>> cite_key("van der Maaten & Hinton 2008"), cite_key("Böhm et al. 2023")
    ('vandermaaten2008', 'bohm2023')
    """
    first = re.split(r" & | et al\.|,| \d{4}", paper.removeprefix("blank in "))[0]
    plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode()
    return re.sub("[^a-z]", "", plain.lower()) + "".join(re.findall(r"\b\d{4}\b", paper)[-1:])


def bibtex(paper: str) -> str:
    """A BibTeX entry with what the citation says, authors and year; nothing of words without a year.

    Examples
    --------
    >>> print(bibtex("van der Maaten & Hinton 2008"))
    @misc{vandermaaten2008,
      author = {van der Maaten and Hinton},
      year = {2008}
    }
    """
    years = re.findall(r"\b\d{4}\b", paper)
    if not years:
        return ""
    names = re.sub(r"[ ,]*\b\d{4}\b.*", "", paper).removeprefix("blank in ")
    names = names.replace(" & ", " and ").replace(" et al.", " and others")
    fields = [f"  author = {{{names}}}", f"  year = {{{years[-1]}}}"]
    return f"@misc{{{cite_key(paper)},\n" + ",\n".join(fields) + "\n}"
