"""What does not print is shown, what looks like something else is marked, and ordinary names stay as they are."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.pki.visible import shell_command, visible, visible_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"),
        ("a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("root\u202etxt", "root<U+202E>txt"),
        ("a\u200bb\u2060c\ufeff", "a<U+200B>b<U+2060>c<U+FEFF>"),
        ("x\ufe0fy\U000e0100", "x<U+FE0F>y<U+E0100>"),
        ("\u180b\u180c\u180d\u17b4\u17b5\u034f", "<U+180B><U+180C><U+180D><U+17B4><U+17B5><U+034F>"),
        ("\u2800\u3164\u115f\u1160\uffa0", "<U+2800><U+3164><U+115F><U+1160><U+FFA0>"),
        ("\udcff", "\\xff"),
        ("a" + "\u0301" * 40, "a" + "\u0301" * 4 + "<36 more marks>"),
        ("(\u0301", "(<U+0301>"),
        ("\u0301", "<U+0301>"),
    ],
)
def test_what_does_not_print_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "name", ["Főtanúsítvány", "TÜRKTRUST", "Việt Nam", "नेपाल सरकार", "한국정보인증", "e\u0301\u0323"]
)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert visible_name(name) == name
    decomposed = unicodedata.normalize("NFD", name)
    assert visible(decomposed) == decomposed or any("\u1160" <= letter <= "\u11ff" for letter in decomposed)


def test_nothing_that_takes_no_cell_passes() -> None:
    """Every code point after a letter: marks that a font draws pass, and nothing else of no width."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if visible(f"a{character}") == f"a{character}":
            assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), hex(code)
            assert not 0xFE00 <= code <= 0xFE0F
            assert not 0xE0000 <= code <= 0xE0FFF


@given(st.text())
def test_visible_is_idempotent_and_printable(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("\u0430pple.com", "mixed script: Cyrillic"),
        ("\u0430\u0440\u0440\u04cf\u0435.com", "looks Latin and is not: Cyrillic"),
        ("pa\u03bfpal.example", "mixed script: Greek"),
        ("\uff41pple", "mixed script: Fullwidth"),
        ("\u05e9\u05dc\u05d5\u05dd.example", "right-to-left"),
    ],
)
def test_look_alikes_are_marked(name: str, remark: str) -> None:
    assert visible_name(name) == f"{name} ({remark})"


@pytest.mark.parametrize(
    "name", ["apple.com", "УЦ ФНС России", "УЦ GlobalSign", "東京CA", "µTorrent 1ª", "Центр АКР"]
)
def test_names_of_one_script_a_word_are_not_marked(name: str) -> None:
    assert visible_name(name) == name


def test_commands_are_quoted_and_visible() -> None:
    command = shell_command(["capath", "undo", "a b", "it's", "\x1b[2J'\\\u202e\udcff"])
    assert command == "capath undo 'a b' 'it'\"'\"'s' $'\\x1b[2J\\'\\\\\\xe2\\x80\\xae\\xff'"
