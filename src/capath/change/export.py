"""Taking a set of roots elsewhere: as one bundle, as DER files, or as a CApath in a tar archive."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterable, Mapping

from capath.change.file_names import FileNames
from capath.errors import BadInputError, ChangeError
from capath.files import read_file, write_file
from capath.pki.certificate import Certificate
from capath.pki.objects import CertificateObject, read_objects
from capath.pki.pem import encode_pem
from capath.pki.visible import visible
from capath.store.constraints import Kept, render_constraints
from capath.store.fingerprint_list import LIST_HEAD, parse_fingerprints
from capath.store.link_name import CONSTRAINTS_FILE
from capath.store.listing import Listing

_KEPT_OCTETS_LIMIT = 64 * 1024 * 1024
_END = b"-----END CERTIFICATE-----\n"
Limits = Mapping[str, Kept]
"""What is kept of roots beside the store, by SHA-256."""


def trusted_certificates(listing: Listing) -> tuple[Certificate, ...]:
    """The certificates that lookup finds, each once, by name."""
    found = {row.certificate.sha256: row.certificate for row in listing.certificates if row.trusted}
    return _by_name(found.values())


def bundle(certificates: Iterable[Certificate], limits: Limits) -> bytes:
    """One PEM file of all: before each its name and, where there are some, the limits that PEM cannot carry."""
    return b"".join(
        _comment(certificate, limits.get(certificate.sha256)).encode() + encode_pem("CERTIFICATE", certificate.der)
        for certificate in _by_name(certificates)
    )


def der_files(certificates: Iterable[Certificate]) -> dict[str, bytes]:
    """One DER file each: name to content."""
    names = FileNames(())
    return {
        names.choose(certificate.subject.title, certificate.sha256).removesuffix(".pem") + ".der": certificate.der
        for certificate in _by_name(certificates)
    }


def tar_archive(certificates: Iterable[Certificate], limits: Limits) -> bytes:
    """A CApath that works wherever it is unpacked: a PEM file each, the hash links, and the limits.

    The same certificates give the same octets: nothing of this machine or this moment is in them.
    """
    names, slots = FileNames(()), dict[str, int]()
    stream = io.BytesIO()
    ordered = _by_name(certificates)
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        named = [(names.choose(item.subject.title, item.sha256), item) for item in ordered]
        for name, certificate in sorted(named, key=lambda pair: pair[0]):
            _add_file(archive, name, encode_pem("CERTIFICATE", certificate.der))
            slot = slots.get(certificate.subject_hash, 0)
            slots[certificate.subject_hash] = slot + 1
            _add_link(archive, f"{certificate.subject_hash}.{slot}", name)
        kept = {item.sha256: limits[item.sha256] for item in ordered if item.sha256 in limits}
        if kept:
            _add_file(archive, CONSTRAINTS_FILE, render_constraints(kept))
    return stream.getvalue()


def check_replaceable(path: str, content: bytes) -> None:
    """Raise ChangeError where writing `content` to `path` would lose a file that no export has written.

    Replaced may be what is empty, the same, or looks in every octet like an export of certificates.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return  # written to, not replaced
        old = read_file(path, _KEPT_OCTETS_LIMIT)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ChangeError(f"{visible(path)}: what is there cannot be read: {error.strerror}") from None
    if old and old != content and not (_is_bundle(old) or _is_archive(old) or _is_list(old)):
        raise ChangeError(
            f"{visible(path)}: this file is there already, and capath export did not write it; name another, or "
            "give --force to replace it"
        )


def write_export(path: str, content: bytes) -> None:
    """Write `path` whole or not at all. Raises ChangeError."""
    try:
        write_file(path, content)
    except OSError as error:
        raise ChangeError(f"{visible(path)}: it could not be written: {error.strerror}") from None


def write_files(directory: str, files: Mapping[str, bytes]) -> None:
    """Write `files` into `directory`, which is made where it is not there. Raises ChangeError."""
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as error:
        raise ChangeError(f"{visible(directory)}: it could not be made: {error.strerror}") from None
    for name, content in files.items():
        write_export(os.path.join(directory, name), content)


def _is_bundle(data: bytes) -> bool:
    """Whether `data` is what `bundle` writes: before every certificate its name, and nothing else."""
    at = 0
    while at < len(data):
        start = at
        while data.startswith(b"# ", at):
            at = data.find(b"\n", at) + 1 or len(data)
        objects = read_objects(data[at : data.find(_END, at) + len(_END)])
        if at == start or len(objects) != 1 or not isinstance(objects[0], CertificateObject):
            return False
        written = encode_pem("CERTIFICATE", objects[0].certificate.der)
        if not data.startswith(written, at):
            return False
        at += len(written)
    return True


def _is_archive(data: bytes) -> bool:
    """Whether `data` is what `tar_archive` writes: files and links of one directory, of nobody and no time."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            members = archive.getmembers()
    except tarfile.TarError:
        return False
    return bool(members) and all(not (item.mtime or item.uname or "/" in item.name) for item in members)


def _is_list(data: bytes) -> bool:
    """Whether `data` is a list of fingerprints, as `render_fingerprints` writes it."""
    try:
        text = data.decode()
        parse_fingerprints(text, "")
    except (UnicodeDecodeError, BadInputError):
        return False
    return LIST_HEAD in text


def _by_name(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    unique = {certificate.sha256: certificate for certificate in certificates}
    return tuple(sorted(unique.values(), key=lambda item: (item.subject.title.casefold(), item.sha256)))


def _comment(certificate: Certificate, kept: Kept | None) -> str:
    lines = [f"# {visible(certificate.subject.title)}"]
    if kept is not None and kept.distrust_after is not None:
        date = f"{kept.distrust_after:%Y-%m-%d %H:%M:%S}Z"
        lines.append(f"# certificates issued after {date} are not to be accepted ({visible(kept.source)})")
    if kept is not None and kept.constraints:
        lines.append(f"# only for names under {visible(kept.constraints)} ({visible(kept.source)})")
    return "".join(f"{line}\n" for line in lines)


def _add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))


def _add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = tarfile.SYMTYPE, target, 0o777
    archive.addfile(member)
