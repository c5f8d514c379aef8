"""Text from certificates, servers and file systems is hostile: every unprintable character is made visible.

This is the defence against terminal escape sequences, bidirectional overrides, split rows and names that look like
other names. Everything that is shown to a person passes through `visible`, on the screen and on standard output;
common names and host names pass through `visible_name`, which also says what a reader cannot see.
"""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections.abc import Iterable

_INVISIBLE = frozenset(
    # Printable to `str.isprintable`, and yet they draw nothing (Default_Ignorable_Code_Point of Unicode's
    # DerivedCoreProperties.txt, and the blanks U+2800 and U+1D159).
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_MARKS_LIMIT = 4
"""Marks that a character may carry. Vietnamese has 2, Hebrew 3; Tibetan and Devanagari stay within 4."""
_FIRST_MARK = "\u0300"
_WORD = re.compile(r"[^\W\d_]+")
_CREDENTIALS = re.compile(r"^([^/?#@]*://)?([^/?#:@]*):.*@", re.DOTALL)
"""Up to the last @: a password may have a / that is not encoded."""
_LATIN_LIMIT = 0x250
"""Below it, every letter is Latin, or a sign (µ, ª) that Latin texts have."""
_SCRIPTS_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "LATIN"})
_LIKE_LATIN = frozenset(
    "аеорсухіјѕһԁԛԝьӏѵгпктмнвАВЕКМНОРСТУХІЈЅԌԚԜ"  # Cyrillic
    "αορυικνχητωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"  # Greek
    "оսոօհցզտՕՍԼՏ"  # Armenian
)


def visible(text: str) -> str:
    """Return `text` with each character that does not print shown as an escape.

    Control characters and bytes that are not text become ``\\x1b``; other invisible characters (bidirectional
    overrides, zero-width, variation selectors, odd spaces) become ``<U+202E>``. Four combining marks stay with
    their letter, the rest become ``<12 more marks>``; one without a letter is escaped. Idempotent.
    """
    if text.isprintable() and (text.isascii() or max(text) < _FIRST_MARK):
        return text
    shown: list[str] = []
    marks = 0
    base = ""
    for character in text:
        category = unicodedata.category(character) if character >= _FIRST_MARK else ""
        is_mark = category in ("Mn", "Me")
        if is_mark and base.isalnum() and character not in _INVISIBLE:
            marks += 1
            if marks <= _MARKS_LIMIT:
                shown.append(character)
            continue
        marks = _end_marks(shown, marks)
        if is_mark or not character.isprintable() or character in _INVISIBLE:
            shown.append(_escape(character))
            base = ""  # a mark would sit on the escape
        else:
            shown.append(character)
            base = base if category == "Mc" else character  # a vowel sign belongs to the letter before it
    _end_marks(shown, marks)
    return "".join(shown)


def visible_name(name: str) -> str:
    """Return a host name or a common name, visible, with what it hides: ``аpple.com (mixed script: Cyrillic)``."""
    text = visible(name)
    if name.isascii():
        return text
    remarks = name_remarks(name)
    return f"{text} ({'; '.join(remarks)})" if remarks else text


def name_remarks(name: str) -> tuple[str, ...]:
    """Return what makes `name` look like another: letters of several scripts in one word, words of another script
    whose letters all look Latin, and text that runs from right to left (Unicode UTS #39, sections 4 and 5.1).

    Chinese, Japanese and Korean letters may stand beside Latin ones. Where there is nothing to say, it is empty.
    """
    if name.isascii() or max(name) < _FIRST_MARK:
        return ()
    mixed: dict[str, None] = {}
    alike: dict[str, None] = {}
    plain: set[str] = set()
    for word in _WORD.findall(name):
        scripts = dict.fromkeys(map(_script, word))
        if len(scripts) > 1 and not scripts.keys() <= _SCRIPTS_TOGETHER:
            mixed.update(dict.fromkeys(script for script in scripts if script != "LATIN"))
        elif "LATIN" not in scripts and _LIKE_LATIN.issuperset(word):
            alike.update(scripts)
        else:
            plain.update(scripts)
    for script in plain:  # its other words show the reader which script it is
        alike.pop(script, None)
    remarks = []
    if mixed:
        remarks.append(f"mixed script: {_titles(mixed)}")
    if alike:
        remarks.append(f"looks Latin and is not: {_titles(alike)}")
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in name):
        remarks.append("right-to-left")
    return tuple(remarks)


def _end_marks(shown: list[str], marks: int) -> int:
    if marks > _MARKS_LIMIT:
        shown.append(f"<{marks - _MARKS_LIMIT} more marks>")
    return 0


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"<U+{code:04X}>"


def _script(letter: str) -> str:
    """The script of a letter: the first word of its Unicode name. The standard library has no such property."""
    return "LATIN" if ord(letter) < _LATIN_LIMIT else unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]


def _titles(scripts: dict[str, None]) -> str:
    return ", ".join(script.capitalize() for script in scripts)


def without_password(address: str) -> str:
    """Return a URL or ``user:password@host``, visible, with ``***`` in the place of the password."""
    return visible(_CREDENTIALS.sub(r"\1\2:***@", address))


def shell_command(words: Iterable[str]) -> str:
    """Return a command line that can be pasted into a shell, every word quoted and visible.

    A word with unprintable characters is in ``$'…'`` quotes (POSIX.1-2024, section 2.2.4), which bash, zsh and ksh
    read as the very octets of the name.
    """
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    if visible(word) == word:
        return shlex.quote(word)
    return "$'" + "".join(map(_ansi_c, word)) + "'"


def _ansi_c(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if character.isascii() and character.isprintable():
        return character
    return "".join(f"\\x{octet:02x}" for octet in os.fsencode(character))
