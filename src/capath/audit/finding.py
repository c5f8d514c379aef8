"""What a rule reports: one finding, with its evidence, its remedy and its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from capath.errors import StrEnum, assert_never


class Severity(StrEnum):
    """By effect: an error breaks or endangers connections, a warning may, an info is good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class AboutDirectory:
    directory: str


@dataclass(frozen=True, slots=True)
class AboutFile:
    file: str


@dataclass(frozen=True, slots=True)
class AboutLink:
    link: str


@dataclass(frozen=True, slots=True)
class AboutCertificate:
    """A certificate, and one of the files that hold it."""

    file: str
    sha256: str
    title: str


Subject = AboutDirectory | AboutFile | AboutLink | AboutCertificate


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Texts hold raw names: make them visible before showing them.

    `list_date` is the date of the list it is based on; None where it is based on none.
    """

    rule: str
    severity: Severity
    subject: Subject
    text: str
    evidence: str
    remedy: str
    source: str
    list_date: date | None = None

    @property
    def sha256(self) -> str:
        """The certificate it is about; empty where it is about a file, a link or the directory."""
        return self.subject.sha256 if isinstance(self.subject, AboutCertificate) else ""

    @property
    def where(self) -> str:
        """The name it is about."""
        match self.subject:
            case AboutDirectory(directory=directory):
                return directory
            case AboutFile(file=file) | AboutCertificate(file=file):
                return file
            case AboutLink(link=link):
                return link
            case _:
                assert_never(self.subject)
