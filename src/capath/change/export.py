"""Taking a set of roots elsewhere: as one bundle, as DER files, or as a CApath in a tar archive."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterable, Mapping

from capath.change.file_names import FileNames
from capath.errors import ChangeError
from capath.pki.certificate import Certificate
from capath.pki.pem import encode_pem
from capath.pki.visible import visible
from capath.store.constraints import CONSTRAINTS_FILE, Kept, render_constraints
from capath.store.listing import Listing

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


def write_file(path: str, content: bytes) -> None:
    """Write `path` in one step: whoever reads it sees the old content or the new. Raises ChangeError."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".capath-", dir=os.path.dirname(path) or ".")
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise ChangeError(f"{visible(path)}: it could not be written: {error.strerror}") from None


def write_files(directory: str, files: Mapping[str, bytes]) -> None:
    """Write `files` into `directory`, which is made where it is not there. Raises ChangeError."""
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as error:
        raise ChangeError(f"{visible(directory)}: it could not be made: {error.strerror}") from None
    for name, content in files.items():
        write_file(os.path.join(directory, name), content)


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
