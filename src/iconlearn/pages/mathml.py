"""Formulas as MathML: browsers draw it themselves, so no page fetches anything."""

from __future__ import annotations

import re

from iconlearn._errors import InputError

# MathML chooses sizes by itself.
SIZES = re.compile(r"\\(?:textstyle|displaystyle|[bB]igg?[lrm]?)(?![A-Za-z])")


def mathml(formula: str, *, block: bool = False) -> str:
    r"""A formula in LaTeX as MathML.

    Parameters
    ----------
    formula : str
        Without dollar signs.
    block : bool, default False
        Whether it stands on a line of its own.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the formula cannot be read.

    Examples
    --------
    >>> "<mi>z</mi>" in mathml(r"z_i = \theta_i")
    True
    """
    from docutils.utils.math import MathError
    from docutils.utils.math.latex2mathml import tex2mathml

    try:
        return tex2mathml(SIZES.sub(" ", formula), as_block=block)
    except (MathError, SyntaxError) as cause:
        raise InputError(
            f"mathml: formula={formula!r} cannot be read ({cause}); write it in plain LaTeX"
        ) from cause
