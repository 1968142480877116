"""The page has the colours of the package's figures: its sources give them once more, and here they are compared."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from iconlearn.methods import FAMILIES
from iconlearn.viz import style
from iconlearn.viz.periodic import FAMILY_COLORS

FRONTEND = Path(__file__).parents[2] / "frontend"
pytestmark = pytest.mark.skipif(
    not FRONTEND.is_dir(), reason="the sources of the page are in the repository only"
)


def source(name: str) -> str:
    return (FRONTEND / name).read_text()


def constants(text: str) -> dict[str, str]:
    """The colours that have a name."""
    return dict(re.findall(r'^(?:export )?const ([A-Z]+) = "(#[0-9A-F]{6})";', text, re.MULTILINE))


def listed(text: str, name: str) -> str:
    """What stands between the brackets of a list."""
    (found,) = re.findall(rf"const {name}(?:: \w+\[\])? = \[(.*?)^\];", text, re.MULTILINE | re.DOTALL)
    return found


def variables(text: str, selector: str) -> dict[str, str]:
    """The colours of the first rule of a selector."""
    rule = text[text.index(selector) :].partition("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", rule))


def test_palettes_are_equal():
    text = source("src/colour/palette.ts")
    assert tuple(re.findall(r'"(#\w+)"', listed(text, "PALETTE"))) == style.PALETTE
    named = constants(text)
    assert set(named) == {"INK", "PAPER", "UNLABELLED", "NEUTRAL"}
    assert named == {name: getattr(style, name) for name in named}


@pytest.mark.parametrize("n", [12, 30])
def test_class_colours_beyond_the_palette_are_equal(n):
    golden = json.loads(
        source("test/class-colours.json")
    )  # which the page's own tests compare with its colours
    assert golden[str(n)] == style.class_colors(n)


def test_the_ramp_is_viridis():
    rows = re.findall(r"\[(\d+), (\d+), (\d+)\]", listed(source("src/colour/palette.ts"), "RAMP"))
    stops = np.array(rows, int)
    expected = 255 * matplotlib.colormaps["viridis"](np.linspace(0, 1, len(stops)))[:, :3]
    assert len(stops) == 9
    assert np.abs(stops - expected).max() < 4  # of 255: no eye tells them apart


def test_p_and_q_and_paper_of_the_light_theme_are_those_of_figures():
    light = variables(source("src/styles/theme.css"), ":root {")
    told = {"p": style.P_COLOR, "q": style.Q_COLOR, "ink": style.INK, "faint": style.FAINT}
    told |= {"paper": style.PAPER, "panel": style.PANEL}
    assert {name: light[name].upper() for name in told} == told
    assert style.PALETTE[:2] == (style.P_COLOR, style.Q_COLOR)


def test_the_dark_theme_is_one_whoever_asks_for_it():
    text = source("src/styles/theme.css")
    chosen, of_the_system = (
        variables(text, selector) for selector in (':root[data-theme="dark"]', ':root[data-theme="system"]')
    )
    assert chosen == of_the_system
    assert set(chosen) == set(variables(text, ":root {"))


def test_a_saved_table_has_the_colours_of_the_figure():
    named = constants(source("src/save/table.ts"))
    assert named == {"INK": style.INK, "MUTED": style.MUTED}
    assert len(FAMILIES) <= len(FAMILY_COLORS)
    assert set(FAMILY_COLORS) <= set(style.PALETTE[2:])  # blue and orange are those of p and q
