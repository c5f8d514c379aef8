"""One name in the directory and what opening it gives. Values only: `capath.store.scan` makes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from capath.errors import StrEnum, assert_never
from capath.pki.objects import (
    CERTIFICATE_LABELS,
    CRL_LABELS,
    BrokenObject,
    CertificateObject,
    CrlObject,
    KeyObject,
    PkiObject,
)
from capath.store.link_name import LinkKind


@dataclass(frozen=True, slots=True)
class FileStat:
    """What tells one file, and one version of it, from another (stat(2); times in nanoseconds)."""

    device: int
    inode: int
    mode: int
    size: int
    mtime_ns: int

    @property
    def identity(self) -> tuple[int, int]:
        return self.device, self.inode


@dataclass(frozen=True, slots=True)
class Readable:
    """A regular file's objects. `is_der`: it is one certificate or CRL in DER, which lookup does not read."""

    objects: tuple[PkiObject, ...]
    is_der: bool = False
    _as_certificates: Loaded | DoesNotLoad | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def certificates(self) -> tuple[CertificateObject, ...]:
        return tuple([item for item in self.objects if isinstance(item, CertificateObject)])

    @property
    def crls(self) -> tuple[CrlObject, ...]:
        return tuple([item for item in self.objects if isinstance(item, CrlObject)])

    @property
    def as_certificates(self) -> Loaded | DoesNotLoad:
        """What lookup gets from it in a slot of certificates."""
        if self._as_certificates is None:
            object.__setattr__(self, "_as_certificates", _load(self, LinkKind.CERTIFICATE))
        assert self._as_certificates is not None
        return self._as_certificates

    @property
    def as_crls(self) -> Loaded | DoesNotLoad:
        """What lookup gets from it in a slot of CRLs."""
        return _load(self, LinkKind.CRL)

    @property
    def keys(self) -> tuple[KeyObject, ...]:
        return tuple(item for item in self.objects if isinstance(item, KeyObject))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Opening or reading failed, or was not tried because it could hang or never end; `reason` says which."""

    reason: str


Content = Readable | Unreadable


class OtherKind(StrEnum):
    DIRECTORY = "a directory"
    FIFO = "a FIFO"
    SOCKET = "a socket"
    DEVICE = "a device"
    OUT_OF_SIGHT = "nothing that can be looked at: the directory gives no permission to"
    UNKNOWN = "not a file"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A regular file."""

    name: str
    stat: FileStat
    content: Content


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """A symbolic link to a file that can be reached. `target` is the link's text; `stat` the final file's."""

    name: str
    target: str
    mtime_ns: int
    stat: FileStat
    content: Content


@dataclass(frozen=True, slots=True)
class DanglingEntry:
    """A symbolic link that leads to no file: `reason` says what is in the way."""

    name: str
    target: str
    mtime_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class OtherEntry:
    """A directory, FIFO, socket or device. `target` is empty unless a symbolic link leads to it."""

    name: str
    kind: OtherKind
    target: str = ""
    mtime_ns: int = 0


Entry = FileEntry | LinkEntry | DanglingEntry | OtherEntry


@dataclass(frozen=True, slots=True)
class Loaded:
    """A slot that lookup reads: all its certificates (or CRLs) are taken in, whatever their names."""

    objects: tuple[CertificateObject, ...] | tuple[CrlObject, ...]


@dataclass(frozen=True, slots=True)
class DoesNotLoad:
    """A slot at which lookup stops. `before` are the objects that it takes in before it comes to the fault."""

    reason: str
    before: tuple[CertificateObject, ...] | tuple[CrlObject, ...] = ()


def load_slot(entry: Entry, kind: LinkKind) -> Loaded | DoesNotLoad:
    """Return what lookup gets from `entry` (X509_load_cert_file and X509_load_crl_file, PEM)."""
    match entry:
        case DanglingEntry(reason=reason):
            return DoesNotLoad(reason)
        case OtherEntry(kind=other):
            return DoesNotLoad(f"it is {other}")
        case FileEntry(content=content) | LinkEntry(content=content):
            if isinstance(content, Unreadable):
                return DoesNotLoad(content.reason)
            return content.as_certificates if kind is LinkKind.CERTIFICATE else content.as_crls
        case _:
            assert_never(entry)


def symlink_target(entry: Entry) -> str | None:
    """The text of the symbolic link that `entry` is; None where it is none."""
    match entry:
        case LinkEntry(target=target) | DanglingEntry(target=target):
            return target
        case OtherEntry(target=target):
            return target or None
        case FileEntry():
            return None


def readable(entry: Entry) -> Readable | None:
    """The objects behind `entry`; None where nothing can be read."""
    match entry:
        case FileEntry(content=Readable() as content) | LinkEntry(content=Readable() as content):
            return content
        case _:
            return None


def _load(content: Readable, kind: LinkKind) -> Loaded | DoesNotLoad:
    wants_certificates = kind is LinkKind.CERTIFICATE
    for index, item in enumerate(content.objects):
        if isinstance(item, BrokenObject):
            concerns = item.label in (CERTIFICATE_LABELS if wants_certificates else CRL_LABELS)
            if item.ends_reading or concerns:
                before = Readable(content.objects[:index])
                reason = f"the {item.label} in it does not decode: {item.reason}"
                return DoesNotLoad(reason, before.certificates if wants_certificates else before.crls)
    found = content.certificates if wants_certificates else content.crls
    if found:
        return Loaded(found)
    what = "certificate" if wants_certificates else "CRL"
    if content.is_der:
        return DoesNotLoad("it is DER, and lookup reads PEM only")
    return DoesNotLoad(f"there is no {what} in it")
