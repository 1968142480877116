"""Which methods a data set can feed, and why it cannot feed the others."""

from __future__ import annotations

from iconlearn._errors import InputError
from iconlearn.data.dataset import Dataset
from iconlearn.methods import METHODS
from iconlearn.run.rows import Material, check_labels


def feeds(dataset: Dataset) -> tuple[list[str], dict[str, str]]:
    """The methods that can learn from a data set, and why each of the others cannot.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    names : list of str
        In the order of the table.
    refused : dict
        Words by the name of the method: another form of data is needed, or labels.

    Examples
    --------
    >>> from iconlearn.data.builtin import load_sentences
    >>> names, refused = feeds(load_sentences())
    >>> names
    ['masked-lm', 'next-token']
    >>> refused["t-sne"].partition(";")[0]
    't-sne learns from rows, but sentences holds tokens'
    """
    names, refused = [], {}
    for row in METHODS.values():
        try:
            Material(row, dataset)
            check_labels(row, dataset)
            names.append(row.name)
        except InputError as cause:
            refused[row.name] = str(cause)
    return names, refused
