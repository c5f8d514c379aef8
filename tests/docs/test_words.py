"""Every text that a person reads is plain technical English: phrases that are not, in any string of the program.

Whatever a command, the help, a diagnosis or a screen can print is a string in the source, so all of those are
looked at, with f-strings as one text. Docstrings and comments are for readers of the code and are not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from capath.cli.main import main
from capath.cli.registry import COMMANDS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "capath"

# What is not said, and what is said instead.
BANNED = {
    r"\bauthorit(?:y|ies)\b(?! key| information| and)": "CA",
    r"\bwho(?:ever)? runs\b": "the operator",
    r"\b(?:take|takes|taken|taking|took) (?:\w+ )?(?:in|out)\b": "trust, distrust",
    r"\bcome in\b|\bcomes in\b|\bcame in\b|\bbrings? in\b|\bbrought in\b": "is added",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\btells?\b|\b(?:is|are) told\b": "shows, reports",
    r"\bstands? (?:in|behind|for|before|there|beside|where)\b|\bas it stands\b": "is",
    r"(?<!trust )(?<!nothing )(?<!left )\bbehind\b(?! a proxy| the proxy)": "after",
    r"(?<!leave )(?<!leaves )(?<!leaves it )(?<!leave it )(?<!leaves them )\balone\b": "only",
    r"(?<!there )\bis no (?!such|longer|root|smaller|other)": "is not a",
    r"\bheed": "use, respect",
    r"\bpass(?:es|ed)? over\b": "skips",
    r"\bon the way\b": "intercepting proxy",
    r"\bask for a firewall\b": "check whether a firewall blocks",
    r"\bno way to\b|\ba way to it\b": "no route to",
    r"\banother way\b": "out of band",
    r"\blooked into\b": "searched",
    r"\bin order\b(?! to)": "without …",
    r"\bso that it lasts\b|\bto make it last\b": "permanently",
    r"\bfor no host\b": "not valid for any host",
    r"\bpresent ciphers\b": "current ciphers",
    r"\b(?:make|makes|made) (?:\w+ )?again\b": "recreate, redo",
    r"\bleaves no way\b": "cannot be done",
    r"\bgo(?:es)? through\b(?! a proxy| the proxy)": "uses",
    r"\boctets?\b": "bytes",
    r"\bwritten anew\b": "encoded again",
    r"\bgoes round\b|\bgo round\b": "avoids",
    r"\bat all events\b|\ball the same\b": "nevertheless",
    r"\bshows? a certificate\b": "sends",
    r"\bto be had\b|\bwithout a word\b": "",
    r"\bexcused?\b": "accepted",
}
_BANNED = {re.compile(pattern, re.IGNORECASE): instead for pattern, instead in BANNED.items()}

# Packages whose texts are still being rewritten.
LATER: set[str] = set()
PACKAGES = sorted({path.relative_to(SOURCE).parts[0] for path in SOURCE.rglob("*.py")} - LATER)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Each string of a file with a space in it, and its line; no docstrings, f-strings with … for their values."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
            text = "".join(map(str, parts))
        if " " in text:
            yield getattr(node, "lineno", 0), text


def complaints(text: str) -> list[str]:
    """What is banned in `text`, with what is said instead."""
    return [f"{found[0]!r}: {instead}" for pattern, instead in _BANNED.items() if (found := pattern.search(text))]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_of_the_program_has_a_banned_phrase(package: str) -> None:
    place = SOURCE / package
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}: {text[:100]!r}"
        for path in ([place] if place.is_file() else sorted(place.rglob("*.py")))
        for line, text in texts(path)
        for what in complaints(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("words", [["--help"], *([command.name, "--help"] for command in COMMANDS)])
def test_no_help_has_a_banned_phrase_or_a_long_line(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(words, lambda _: 0) == 0
    shown = capsys.readouterr().out
    assert not complaints(shown)
    assert max(map(len, shown.splitlines())) <= 80


def test_the_readme_has_no_banned_phrase() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    found = [f"{number}: {what}: {line}" for number, line in enumerate(lines, 1) for what in complaints(line)]
    assert not found, "\n".join(found)


def test_the_test_finds_what_is_banned(tmp_path: Path) -> None:
    """It reads f-strings and joined strings as one text, and no docstring."""
    (tmp_path / "a.py").write_text('"""The authority."""\nx = f"who {1} runs"\ny = ("it is ta" "ken out")\n')
    assert [complaints(text) for _, text in texts(tmp_path / "a.py")] == [[], ["'taken out': trust, distrust"]]
