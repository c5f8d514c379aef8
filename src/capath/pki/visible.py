"""Text from certificates, servers and file systems is hostile: every unprintable character is made visible.

This is the only defence against terminal escape sequences, bidirectional overrides and split rows, so
everything that is shown to a person passes through it, on the screen and on standard output.
"""

from __future__ import annotations

# U+FFFC is printable to `str.isprintable` and so are these, yet they draw nothing or join their neighbours.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")


def visible(text: str) -> str:
    """Return `text` with each character that does not print shown as an escape.

    Control characters and bytes that were no text become ``\\x1b``; other invisible characters (bidirectional
    overrides, zero-width, odd spaces) become ``<U+202E>``.
    """
    if text.isprintable() and (text.isascii() or _INVISIBLE.isdisjoint(text)):
        return text
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    if character.isprintable() and character not in _INVISIBLE:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"<U+{code:04X}>"
