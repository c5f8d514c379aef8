"""Text in lines of a given width."""

from __future__ import annotations

import textwrap


def flow(text: str, width: int, indent: str = "") -> str:
    """`text` in lines of `width` characters, those behind the first indented; long words are cut."""
    lines = textwrap.wrap(text, max(12, width), break_on_hyphens=False) or [""]
    return f"\n{indent}".join(lines)
