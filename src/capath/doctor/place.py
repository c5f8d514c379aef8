"""The places that programs take roots from, why, and what is wrong there: values."""

from __future__ import annotations

from dataclasses import dataclass

from capath.doctor.machine import Setting
from capath.errors import StrEnum


class Shape(StrEnum):
    """How a place is read. A client that wants one shape finds nothing in another."""

    BUNDLE = "bundle"
    """A file: every PEM certificate in it."""
    HASHED = "hashed-directory"
    """A directory: only what hash links lead to."""
    WHOLE = "whole-directory"
    """A directory: every PEM certificate in every file."""
    KEYSTORE = "keystore"
    """A Java keystore."""
    BUILT_IN = "built-in"
    """Part of the program itself."""


@dataclass(frozen=True, slots=True)
class CompiledIn:
    """The default of the program. With `asked` off it was not asked: the path is the usual one of this system."""

    asked: bool = True


@dataclass(frozen=True, slots=True)
class Bundled:
    """The default of a package, which brings the file. `version` is the package's."""

    package: str
    version: str


@dataclass(frozen=True, slots=True)
class FromVariable:
    """A variable of the environment names the place."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FromFile:
    """A settings file names the place."""

    setting: Setting


Why = CompiledIn | Bundled | FromVariable | FromFile


@dataclass(frozen=True, slots=True)
class Place:
    """One place that a program takes roots from, and why. `path` is empty for one inside the program.

    `pem` are the roots of a place that only the program can list, None where they are not known.
    """

    path: str
    shape: Shape
    why: Why
    pem: str | None = None


class ProblemKind(StrEnum):
    """What is wrong. Scripts rely on these names."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    WRONG_KIND = "wrong-kind"
    """A file where a directory is wanted, or the reverse."""
    NOT_HASHED = "not-hashed"
    EMPTY = "empty"
    LIST_AS_PATH = "list-as-path"
    """``a:b`` for a client that takes it as one path."""
    STALE = "stale"
    NOT_USED = "not-used"
    """A variable that is set, and that this client does not use."""
    OVERRIDES = "overrides"
    """A variable or setting that takes precedence over what a person may expect to count."""


NO_ERRORS = frozenset({ProblemKind.STALE, ProblemKind.NOT_USED, ProblemKind.OVERRIDES})


@dataclass(frozen=True, slots=True)
class Problem:
    """`place` is the one it is about, None for a variable that names none of the places."""

    kind: ProblemKind
    text: str
    place: Place | None = None

    @property
    def leads_nowhere(self) -> bool:
        """Whether what a person set names a store that does not work: exit status 1."""
        set_by_person = self.place is not None and isinstance(self.place.why, FromVariable | FromFile)
        return self.kind not in NO_ERRORS and set_by_person
