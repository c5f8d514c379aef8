"""What is in a file: its objects, and what lookup takes in from them. The one place that reads a file's bytes."""

from __future__ import annotations

import errno
import os
import stat
from functools import cached_property

from capath.errors import assert_never
from capath.pki.objects import (
    CERTIFICATE_LABELS,
    CRL_LABELS,
    BrokenObject,
    CertificateObject,
    CrlObject,
    KeyObject,
    PkiObject,
    is_der,
    read_objects,
)
from capath.store.entry import Entry, FileEntry, LinkEntry
from capath.store.held import Held
from capath.store.link_name import LinkKind
from capath.store.slot import DoesNotLoad, Loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from capath.store.slot import Objects

FILE_SIZE_LIMIT = 32 * 1024 * 1024
_TRUSTED = b"-----BEGIN TRUSTED "


class Readable:
    """A regular file's objects. `is_der`: it is one certificate or CRL in DER, which lookup does not read.

    `has_trusted_block`: a block of it is a TRUSTED CERTIFICATE, which OpenSSL alone reads.
    """

    is_unknown = is_gone = False

    def __init__(
        self, objects: tuple[PkiObject, ...], *, is_der: bool = False, has_trusted_block: bool = False
    ) -> None:
        self.objects = objects
        self.is_der = is_der
        self.has_trusted_block = has_trusted_block

    @cached_property
    def held(self) -> Held | None:
        """The one certificate or CRL that it is; None where it is more, less, or not plainly one."""
        match self.objects:
            case (CertificateObject() | CrlObject() as item,) if not self.has_trusted_block:
                return held_of(item)
        return None

    @cached_property
    def certificates(self) -> tuple[CertificateObject, ...]:
        return tuple([item for item in self.objects if isinstance(item, CertificateObject)])

    @cached_property
    def crls(self) -> tuple[CrlObject, ...]:
        return tuple([item for item in self.objects if isinstance(item, CrlObject)])

    @cached_property
    def keys(self) -> tuple[KeyObject, ...]:
        return tuple([item for item in self.objects if isinstance(item, KeyObject)])

    def load(self, kind: LinkKind) -> Loaded | DoesNotLoad:
        """What lookup gets from it in a slot of this kind."""
        return self._as_crls if kind is LinkKind.CRL else self._as_certificates

    @cached_property
    def _as_certificates(self) -> Loaded | DoesNotLoad:
        return _load(self, LinkKind.CERTIFICATE)

    @cached_property
    def _as_crls(self) -> Loaded | DoesNotLoad:
        return _load(self, LinkKind.CRL)


class Unreadable:
    """Opening or reading failed, or was not tried because it could hang or never end; `reason` says which.

    `is_unknown`: another process, or this one later, may read it (no permission, too many open files, a fault of
    the disk or the network). `is_gone`: there is no file of this name.
    """

    __slots__ = ("is_gone", "is_unknown", "reason")

    def __init__(self, reason: str, *, is_unknown: bool = False, is_gone: bool = False) -> None:
        self.reason = reason
        self.is_unknown = is_unknown
        self.is_gone = is_gone

    @property
    def held(self) -> None:
        return None

    def load(self, kind: LinkKind) -> DoesNotLoad:
        """What lookup gets from it: nothing."""
        return DoesNotLoad(self.reason)


Content = Readable | Unreadable


def held_of(item: CertificateObject | CrlObject) -> Held:
    """The hashes and digests of one object."""
    match item:
        case CertificateObject(certificate=certificate):
            name, found = certificate.subject, certificate
            return Held.of(
                is_crl=False,
                subject_hash=name.subject_hash,
                old_hash=name.old_hash,
                sha256=found.sha256,
                sha1=found.sha1,
                issuer_hash=found.issuer.subject_hash,
                public_key_info=found.public_key_info,
            )
        case CrlObject(crl=crl):
            name = crl.issuer
            return Held.of(
                is_crl=True,
                subject_hash=name.subject_hash,
                old_hash=name.old_hash,
                sha256=crl.sha256,
                sha1=crl.sha1,
            )
        case _:
            assert_never(item)


def certificates_of(entry: Entry) -> tuple[CertificateObject, ...]:
    """The certificates behind `entry`; none where nothing can be read."""
    content = readable(entry)
    return () if content is None else content.certificates


def readable(entry: Entry) -> Readable | None:
    """The objects behind `entry`; None where nothing can be read."""
    if isinstance(entry, FileEntry | LinkEntry) and isinstance(content := entry.file.content, Readable):
        return content
    return None


def read_content(path: str, descriptor: int | None = None) -> Content:
    """Read and decode one file. Never blocks on what is no regular file, never reads without end.

    `path` is relative to the directory that is open as `descriptor`, if there is one.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=descriptor)
    except OSError as error:
        gone = error.errno == errno.ENOENT
        return Unreadable(f"it cannot be opened: {error.strerror}", is_unknown=not gone, is_gone=gone)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return Unreadable("it is not a regular file")
        if status.st_size > FILE_SIZE_LIMIT:
            return Unreadable(f"it is larger than {FILE_SIZE_LIMIT // 2**20} MiB, so it was not read")
        data = os.read(file, max(status.st_size, 65536) + 1)
        while len(data) < status.st_size and (part := os.read(file, status.st_size + 1 - len(data))):
            data += part
    except OSError as error:
        return Unreadable(f"it cannot be read: {error.strerror}", is_unknown=True)
    finally:
        os.close(file)
    return content_of(data)


def read_again(path: str, held: Held) -> Content:
    """Read the file that held `held` when its directory was read."""
    content = read_content(path)
    if isinstance(content, Readable) and content.held != held:
        return Unreadable("it has changed since the directory was read; look again")
    return content


def content_of(data: bytes) -> Readable:
    """The objects in a file's bytes."""
    objects = read_objects(data)
    return Readable(objects, is_der=not objects and is_der(data), has_trusted_block=_TRUSTED in data)


def _load(content: Readable, kind: LinkKind) -> Loaded | DoesNotLoad:
    labels = CRL_LABELS if kind is LinkKind.CRL else CERTIFICATE_LABELS
    for index, item in enumerate(content.objects):
        if isinstance(item, BrokenObject) and (item.ends_reading or item.label in labels):
            before = Readable(content.objects[:index])
            objects: Objects = before.crls if kind is LinkKind.CRL else before.certificates
            reason = f"the {item.label} in it does not decode: {item.reason}"
            return DoesNotLoad(reason, tuple(map(held_of, objects)), objects)
    objects = content.crls if kind is LinkKind.CRL else content.certificates
    if objects:
        return Loaded(tuple(map(held_of, objects)), objects)
    if content.is_der:
        return DoesNotLoad("it is DER, and lookup reads PEM only")
    return DoesNotLoad(f"there is no {'CRL' if kind is LinkKind.CRL else 'certificate'} in it")
