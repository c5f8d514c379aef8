"""A STORE that is opened: the directory that is read for it, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass

from capath.errors import StrEnum
from capath.store.snapshot import Snapshot
from capath.store.walk import scan

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.pki.claims import Refused


class StoreKind(StrEnum):
    DIRECTORY = "directory"
    DIRECTORIES = "directories"
    BUNDLE = "bundle"
    CERTIFI = "certifi"
    SYSTEM = "system"
    DEFAULT = "default"
    MOZILLA = "mozilla"
    JAVA = "java"
    FILE = "file"
    """DER, PKCS#7, or PKCS#12 that is not a keystore of Java's."""


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """`text` is STORE as it was named, `title` what it is, for people. `directory` is the CApath that is read.

    `read_only` says why it cannot be changed and what to do; empty for a directory. `refused` is what is in it
    and is no certificate that can be used.
    """

    text: str
    title: str
    kind: StoreKind
    directory: str
    read_only: str = ""
    refused: tuple[Refused, ...] = ()

    def scan(self) -> Snapshot:
        """The store now. Raises BadInputError."""
        return scan(self.directory, title=self.text if self.read_only else "")
