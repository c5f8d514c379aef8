"""What can go wrong, as types. Libraries raise these; only `capath.cli` turns them into exit codes."""

from __future__ import annotations

import enum
import sys

TYPE_CHECKING = False  # `typing` costs `capath rehash` more than reading a small directory
if TYPE_CHECKING:
    from typing import NoReturn

if sys.version_info >= (3, 11):
    from enum import StrEnum as StrEnum
else:

    class StrEnum(str, enum.Enum):
        """`enum.StrEnum`, which Python 3.10 lacks: members print as their values."""

        def __str__(self) -> str:
            return str(self.value)

        def __format__(self, format_spec: str) -> str:
            return format(str(self.value), format_spec)


class CapathError(Exception):
    """Base of all errors that capath raises on purpose. `text` says what happened and where, `hint` what to do."""

    def __init__(self, text: str = "", *, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.text}; {self.hint}" if self.hint else self.text


class BadInputError(CapathError):
    """What the user named cannot be used: no such directory, an unknown certificate, a port out of range."""


class ParseError(CapathError):
    """Bytes that are not what they were said to be."""


class ChangeError(CapathError):
    """A change could not be made. Nothing was changed, or what had been changed was taken back."""


class RowError(ChangeError):
    """A row of hash links cannot be changed as asked. `name`, raw, is the entry that is in the way."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"{name}: {reason}; {remedy}")
        self.name = name
        self.reason = reason
        self.remedy = remedy


class InterruptedChangeError(CapathError):
    """A change failed half-way, and so did taking it back. The next capath at the directory takes it back."""


def assert_never(value: NoReturn) -> NoReturn:
    """Mark a branch that no value can reach; the type checker proves it (`typing.assert_never`, Python 3.11)."""
    raise AssertionError(f"unexpected value: {value!r}")
