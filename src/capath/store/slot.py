"""What lookup gets from one slot (X509_LOOKUP_hash_dir(3)). Imports little: see `capath.store.held`."""

from __future__ import annotations

from capath.errors import assert_never
from capath.store.entry import DanglingEntry, Entry, File, FileEntry, LinkEntry, OtherEntry
from capath.store.held import Held
from capath.store.link_name import LinkKind

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.pki.objects import CertificateObject, CrlObject

    Objects = tuple[CertificateObject, ...] | tuple[CrlObject, ...]


class Loaded:
    """A slot that lookup reads: all its certificates (or CRLs) are taken in, whatever their names.

    `held` tells them; the `objects` themselves are read when they are asked for.
    """

    __slots__ = ("_file", "_objects", "held")

    def __init__(self, held: tuple[Held, ...], objects: Objects | None = None, file: File | None = None) -> None:
        self.held = held
        self._objects = objects
        self._file = file

    @property
    def objects(self) -> Objects:
        """Empty where the file is no longer what it was."""
        if self._objects is None:
            assert self._file is not None
            self._objects = self._file.content.load(_kind(self.held[0])).objects
        return self._objects


class DoesNotLoad:
    """A slot at which lookup stops. `objects`, and `held`, are those that it takes in before the fault."""

    __slots__ = ("held", "objects", "reason")

    def __init__(self, reason: str, held: tuple[Held, ...] = (), objects: Objects = ()) -> None:
        self.reason = reason
        self.held = held
        self.objects = objects


def load_slot(entry: Entry, kind: LinkKind) -> Loaded | DoesNotLoad:
    """Return what lookup gets from `entry` (X509_load_cert_file and X509_load_crl_file, PEM)."""
    match entry:
        case FileEntry(file=file) | LinkEntry(file=file):
            if file.held is None:
                return file.content.load(kind)
            if _kind(file.held) is kind:
                return Loaded((file.held,), file=file)
            return DoesNotLoad(f"there is no {'CRL' if kind is LinkKind.CRL else 'certificate'} in it")
        case DanglingEntry(reason=reason):
            return DoesNotLoad(reason)
        case OtherEntry(kind=other):
            return DoesNotLoad(f"it is {other}")
        case _:
            assert_never(entry)


def _kind(held: Held) -> LinkKind:
    return LinkKind.CRL if held.is_crl else LinkKind.CERTIFICATE
