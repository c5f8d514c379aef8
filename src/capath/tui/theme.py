"""What roles look like: four looks, and glyphs for terminals whose fonts lack them. No Textual here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from capath.tui.text import Line


class Look(NamedTuple):
    """Colours by role and by ground (what is behind the text). Without colours, styles tell grounds apart."""

    name: str
    dark: bool
    roles: Mapping[str, str]
    grounds: Mapping[str, str]
    colours: bool = True
    heavy: bool = False


_DARK = {
    "": "#d5dce4", "strong": "#ffffff", "muted": "#98a5b3", "key": "#79b8ff", "good": "#7fce8f", "bad": "#ff8a80",
    "warn": "#e6b450", "staged": "#d2a8ff", "line": "#3d4a59", "focus": "#79b8ff", "dimmed": "#4a5765",
}  # fmt: skip
_DARK_GROUNDS = {
    "back": "#11161c", "bar": "#1d2530", "panel": "#171d25", "cursor": "#26405c", "blurred": "#222b37",
    "current": "#79b8ff", "field": "#1d2530",
}  # fmt: skip
_LIGHT = {
    "": "#22272e", "strong": "#000000", "muted": "#565f6a", "key": "#0a58b8", "good": "#17692f", "bad": "#b42318",
    "warn": "#7a4b00", "staged": "#6b34b5", "line": "#b8b2a6", "focus": "#0a58b8", "dimmed": "#a7a295",
}  # fmt: skip
_LIGHT_GROUNDS = {
    "back": "#fbfaf7", "bar": "#e9e6df", "panel": "#f3f1ec", "cursor": "#cfe1f7", "blurred": "#e6e3dc",
    "current": "#0a58b8", "field": "#e9e6df",
}  # fmt: skip
_CONTRAST = {
    "": "#ffffff", "strong": "#ffffff", "muted": "#d8d8d8", "key": "#7fd4ff", "good": "#5dff84", "bad": "#ff9b94",
    "warn": "#ffd54a", "staged": "#e5b8ff", "line": "#9aa4ae", "focus": "#ffffff", "dimmed": "#8a8a8a",
}  # fmt: skip
_CONTRAST_GROUNDS = {
    "back": "#000000", "bar": "#1a1a1a", "panel": "#0a0a0a", "cursor": "#003a75", "blurred": "#2a2a2a",
    "current": "#7fd4ff", "field": "#1a1a1a",
}  # fmt: skip
_ANSI = {
    "": "default", "strong": "default", "muted": "white", "key": "cyan", "good": "green", "bad": "bright_red",
    "warn": "yellow", "staged": "bright_magenta", "line": "white", "focus": "cyan", "dimmed": "white",
}  # fmt: skip

LOOKS = {
    look.name: look
    for look in (
        Look("dark", True, _DARK, _DARK_GROUNDS),
        Look("light", False, _LIGHT, _LIGHT_GROUNDS),
        Look("contrast", True, _CONTRAST, _CONTRAST_GROUNDS),
        Look("ansi", True, _ANSI, {}, colours=True, heavy=True),
        Look("none", True, {}, {}, colours=False, heavy=True),
    )
}
_BOLD_WITHOUT_COLOUR = {"strong", "key", "bad", "staged", "focus"}
_ASCII = str.maketrans(
    {
        "●": "*", "○": "o", "◌": ".", "▲": "^", "⊘": "x", "−": "-", "■": "#", "▌": ">", "✓": "+", "✗": "x",
        "∅": "0", "…": "~", "·": ".", "◆": "@", "▸": ">", "▾": "v", "▴": "^", "→": ">", "─": "-", "│": "|",
        "╭": "+", "╮": "+", "╰": "+", "╯": "+", "┃": "#", "━": "=", "“": '"', "”": '"', "’": "'",
        "⇄": "=", "↑": "^", "↓": "v", "├": "+", "└": "+", "┤": "+", "┏": "+", "┓": "+", "┗": "+", "┛": "+",
    }
)  # fmt: skip


def in_ascii(text: str) -> str:
    """`text` with every glyph of capath's own replaced by one that every font has, of the same width."""
    return text.translate(_ASCII)


@lru_cache(maxsize=1024)
def style_of(look_name: str, role: str, ground: str) -> Style:
    """How text of `role` looks on `ground`. A role that ends with ``!`` is bold."""
    look = LOOKS[look_name]
    bold = role.endswith("!")
    role = role.rstrip("!")
    if not look.grounds:
        return _plain_style(look, role, ground, bold)
    colour = look.roles.get(role, look.roles[""])
    if ground == "current":
        return Style(color=look.grounds["back"], bgcolor=look.grounds["current"], bold=True)
    if ground == "dimmed":
        return Style(color=look.roles["dimmed"], bgcolor=look.grounds["back"])
    if ground == "cursor" and role == "muted":
        colour = look.roles["strong"]  # the muted grey would not reach a contrast of 4.5 on the cursor's row
    return Style(color=colour, bgcolor=look.grounds[ground], bold=bold or ground == "cursor" or None)


def _plain_style(look: Look, role: str, ground: str, bold: bool) -> Style:
    """16 colours or none: grounds are told by reverse and underline."""
    colour = Color.parse(look.roles.get(role, "default")) if look.colours else None
    if ground in ("cursor", "current"):
        return Style(reverse=True, bold=True)
    bold = bold or (role in _BOLD_WITHOUT_COLOUR and not look.colours) or role == "strong"
    dim = ground == "dimmed" or None
    return Style(color=colour, bold=bold or None, underline=ground in ("blurred", "field") or None, dim=dim)


@lru_cache(maxsize=4096)
def segments(spans: Line, look_name: str, ground: str, ascii_only: bool) -> tuple[Segment, ...]:
    """The spans as Rich draws them."""
    return tuple(
        Segment(in_ascii(span.text) if ascii_only else span.text, _span_style(look_name, span.role, ground))
        for span in spans
    )


def _span_style(look_name: str, role: str, ground: str) -> Style:
    """A role may name its own ground before a colon: ``current:strong``."""
    own, colon, rest = role.partition(":")
    return style_of(look_name, rest, own) if colon and ground != "dimmed" else style_of(look_name, role, ground)
