"""The gate: every text that a command prints leaves through here, and nothing unprintable does.

`gated` puts a `Gate` in the place of standard output and standard error for as long as a command runs, so that
``print``, argparse, tracebacks and warnings pass it too. Lines with styles go through `show`.
"""

from __future__ import annotations

import contextlib
import os
import sys

from capath.pki.visible import visible

TYPE_CHECKING = False  # typing's, without importing it: `capath rehash` imports next to nothing
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TextIO

    from capath.report.layout import Line


class Gate:
    """A text stream that shows what does not print, and passes everything else on to `stream`.

    Only line feeds pass as they are. Octets (``buffer``) are not looked at: they are what ``export`` writes.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write `text`, made visible line by line."""
        self.stream.write(text if text.isprintable() and text.isascii() else _gated(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def write_ours(self, text: str) -> None:
        """Write `text`, which `rendered` made or is all of capath's own: escape sequences pass."""
        self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _gated(text: str) -> str:
    return "\n".join(map(visible, text.split("\n")))


class Settings:
    """What the options that every command has ask for: ``--color`` and ``--quiet``."""

    __slots__ = ("color", "quiet")

    def __init__(self) -> None:
        self.color = "auto"
        self.quiet = False


settings = Settings()


@contextlib.contextmanager
def gated() -> Iterator[None]:
    """Put the gate before both streams, and take it away again."""
    before = sys.stdout, sys.stderr
    settings.color, settings.quiet = "auto", False
    sys.stdout, sys.stderr = Gate(sys.stdout), Gate(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def ungated() -> Iterator[None]:
    """The streams as they were, for the explorer, which draws its screen itself and has a gate of its own."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (getattr(stream, "stream", stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def show(lines: Iterable[Line]) -> None:
    """Print lines on standard output, with colour where that is wanted."""
    from capath.report.layout import rendered

    colour = has_colour(sys.stdout)
    texts = [rendered(line, colour=colour) for line in lines]
    if texts:
        show_rendered("\n".join(texts))


def show_rendered(text: str) -> None:
    """Print lines that `rendered` made, at once."""
    if isinstance(sys.stdout, Gate):
        sys.stdout.write_ours(f"{text}\n")
    else:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell a person something beside the command's output, on standard error; not with ``--quiet``."""
    if not settings.quiet:
        complain(text)


def complain(text: str) -> None:
    """Tell a person what is wrong, on standard error, fitted to the terminal."""
    lines = [f"capath: {text}"]
    if sys.stderr.isatty() and "\n" not in text:
        from capath.report.layout import wrapped

        lines = wrapped(text, _columns(), "  ", first="capath: ")
    print("\n".join(lines), file=sys.stderr)


def progress(text: str) -> None:
    """Show on a terminal how far it is, on a line whose place the next output takes; empty clears it."""
    if isinstance(sys.stderr, Gate) and sys.stderr.isatty() and not settings.quiet:
        sys.stderr.write_ours(f"\r{visible(text)}\x1b[K\r")
        sys.stderr.flush()


def width() -> int | None:
    """How many columns standard output has; None where it is no terminal, so that nothing is cut."""
    return _columns() if sys.stdout.isatty() else None


def _columns() -> int:
    import shutil

    return max(40, shutil.get_terminal_size().columns)


def has_colour(stream: TextIO) -> bool:
    """Whether `stream` is written with colour: ``--color``, else NO_COLOR, FORCE_COLOR, TERM and the terminal."""
    if settings.color != "auto":
        return settings.color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
