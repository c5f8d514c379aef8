"""What `openssl rehash` sees in a file: the one object it links, or why it links none."""

from __future__ import annotations

from capath.errors import assert_never
from capath.pki.found import SKIPPED_TEXT, NotSingle, Single, several
from capath.pki.name import Name
from capath.pki.objects import BrokenObject, CertificateObject, CrlObject, ForeignObject, KeyObject
from capath.store.entry import DanglingEntry, Entry, FileEntry, LinkEntry, OtherEntry, Readable, Unreadable


def single_object(content: Readable | Unreadable) -> Single | NotSingle:
    """The object that links are made for (PEM_X509_INFO_read_bio, by behaviour), else why there are none."""
    if isinstance(content, Unreadable):
        return NotSingle(content.reason, is_error=True)
    problem = _problem(content)
    if problem is not None:
        return problem
    if content.certificates:
        found = content.certificates[0].certificate
        remark = "its CRL gets no link, its certificate does" if content.crls else ""
        return _single("", found.subject, found.sha256, found.sha1, remark)
    if content.crls:
        crl = content.crls[0].crl
        return _single("r", crl.issuer, crl.sha256, crl.sha1, "")
    return NotSingle("it holds a private key and no certificate", is_error=True)


def single_entry(entry: Entry) -> Single | NotSingle:
    """The same of an entry, whatever it is."""
    match entry:
        case FileEntry(content=content) | LinkEntry(content=content):
            return single_object(content)
        case DanglingEntry(reason=reason):
            return NotSingle(reason, is_error=True)
        case OtherEntry(kind=kind):
            return NotSingle(f"{SKIPPED_TEXT}: it is {kind.value}")
        case _:
            assert_never(entry)


def _single(letter: str, name: Name, sha256: str, sha1: str, remark: str) -> Single:
    return Single(letter, name.subject_hash, name.old_hash, bytes.fromhex(sha256), bytes.fromhex(sha1), remark)


def _problem(content: Readable) -> NotSingle | None:
    """Objects are counted in groups of at most one certificate, one CRL and one key."""
    groups = 0
    group: set[type] = set()
    for item in content.objects:
        match item:
            case BrokenObject(label=label, reason=reason) | KeyObject(label=label, problem=reason) if reason:
                return NotSingle(f"the {label} in it does not decode: {reason}")
            case CertificateObject() | CrlObject() | KeyObject():
                if type(item) in group:
                    groups += 1
                    group.clear()
                group.add(type(item))
            case BrokenObject() | ForeignObject():
                pass
    groups += bool(group)
    if groups == 1:
        return None
    if content.is_der:
        return NotSingle(f"{SKIPPED_TEXT} in PEM: it is DER (capath import converts it)")
    if groups:
        return several(groups)
    return NotSingle(SKIPPED_TEXT)
