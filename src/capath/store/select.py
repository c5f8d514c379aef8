"""WHICH: the ways to name a certificate of a store on a command line."""

from __future__ import annotations

import re

from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.store.listing import CertificateRow, Listing
from capath.store.standing import UNTRUSTED_SUFFIX

_HASH = re.compile(r"[0-9a-fA-F]{8}", re.ASCII)
_PREFIX = re.compile(r"[0-9a-fA-F]{8,64}", re.ASCII)
_SUBJECT = "subject~"


def select_one(listing: Listing, which: str) -> CertificateRow:
    """Return the certificate that `which` names: see `select_all`.

    Raises BadInputError where it names none, or more than one (and lists them).
    """
    rows = {row.held.sha256: row for row in reversed(select_all(listing, which))}
    if len(rows) == 1:
        return next(iter(rows.values()))
    if not rows:
        raise BadInputError(
            f"{visible(which)}: no certificate in {visible(listing.snapshot.directory)} is named by this; "
            "give a file name, a hash link, a subject hash, 8 or more digits of a fingerprint, or subject~TEXT"
        )
    listed = "\n".join(
        f"  {row.held.sha256[:16]}  {visible(row.file)}  {visible(row.certificate.subject.title)}"
        for row in reversed(rows.values())
    )
    raise BadInputError(
        f"{visible(which)}: {len(rows)} certificates are named by this, give one of them:\n{listed}"
    )


def is_subject(which: str) -> bool:
    """Whether it is by a part of its subject that `which` names a certificate."""
    return which.startswith(_SUBJECT)


def is_hash(which: str) -> bool:
    """Whether `which` may be a subject hash, if it is no name."""
    return _HASH.fullmatch(which) is not None


def is_fingerprint(digits: str) -> bool:
    """Whether `digits`, in which there are no colons any more, may begin a fingerprint."""
    return _PREFIX.fullmatch(digits) is not None


def select_all(listing: Listing, which: str) -> tuple[CertificateRow, ...]:
    """Return all rows that `which` names: a file (one that is off by the name that it had, too), a hash link,
    a subject hash (new or old), a prefix of a SHA-256 or SHA-1 fingerprint (at least 8 digits, colons allowed),
    or ``subject~TEXT`` (in any case)."""
    rows = listing.certificates
    if is_subject(which):
        text = which.removeprefix(_SUBJECT).casefold()
        return tuple(row for row in rows if text in row.certificate.subject.text.casefold())
    if named := tuple(row for row in rows if which in (row.file, visible(row.file)) or which in row.links):
        return named
    if off := tuple(row for row in rows if row.file == which + UNTRUSTED_SUFFIX):
        return off
    digits = which.replace(":", "").lower()
    if is_hash(which):
        hashed = tuple(row for row in rows if digits in (row.held.subject_hash, row.held.old_hash))
        if hashed:
            return hashed
    if is_fingerprint(digits):
        return tuple(row for row in rows if row.held.sha256.startswith(digits) or row.held.sha1.startswith(digits))
    return ()
