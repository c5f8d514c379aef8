"""Looks: every text can be read in each, and states are told by glyph and word, not by colour alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from capath.tui.theme import LOOKS, in_ascii, style_of
from tests.tui.desk import Desk
from tests.tui.explorer import make_store

COLOURED = [look for look in LOOKS.values() if look.grounds]
TEXTS = ["", "strong", "muted", "key", "good", "bad", "warn", "staged"]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.1."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", COLOURED, ids=lambda look: look.name)
@pytest.mark.parametrize("ground", ["back", "bar", "panel", "cursor", "blurred", "field", "current"])
def test_every_text_can_be_read_on_every_ground(look: object, ground: str) -> None:
    """At least 4.5 to 1 (WCAG 2.1 AA)."""
    name = getattr(look, "name")  # noqa: B009
    for role in TEXTS:
        style = style_of(name, role, ground)
        assert style.color is not None
        assert style.bgcolor is not None
        assert contrast(style.color.name, style.bgcolor.name) >= 4.5, (role, ground)


@pytest.mark.parametrize("look", ["ansi", "none"])
def test_without_own_colours_the_cursor_and_states_are_still_told(look: str) -> None:
    assert style_of(look, "", "cursor").reverse
    assert style_of(look, "", "blurred").underline
    assert all(style_of(look, role, "back").bgcolor is None for role in TEXTS)
    assert all((style_of("none", role, ground).color) is None for role in TEXTS for ground in ("back", "cursor"))


def test_ascii_glyphs_are_as_wide_as_what_they_replace(tmp_path: Path) -> None:
    """The whole screen in ASCII keeps its cells, and holds no character of capath's own that is not ASCII."""
    desk = Desk(make_store(tmp_path / "crts"))
    for keys in (("1",), ("space",), ("2",), ("4",), ("question_mark",)):
        desk.press(*keys)
        for line in desk.draw().splitlines():
            assert cell_len(in_ascii(line)) == cell_len(line)
            assert in_ascii(line).isascii(), line
