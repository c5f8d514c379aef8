"""What every source is: a title, and a reading of certificates and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from capath.pki.claims import NO_CLAIMS, Claims, Item, Refused, ServerTrust

__all__ = ["NO_CLAIMS", "Claims", "Item", "Password", "Reading", "Refused", "ServerTrust", "Source"]

Password = Callable[[str], "bytes | None"]
"""Asks the user for the password of the named file; None where nobody can be asked."""
Reading = Iterator[Item | Refused]


class Source(Protocol):
    """A place that certificates come from. `title` says which, for people."""

    @property
    def title(self) -> str: ...

    def read(self) -> Reading:
        """Yield what is there. No fault of one object ends the reading."""
