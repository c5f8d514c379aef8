"""What `openssl rehash` links: which names it looks at, and the one object in a file (openssl-rehash(1))."""

from __future__ import annotations

from capath.errors import assert_never
from capath.pki.objects import BrokenObject, CertificateObject, CrlObject, ForeignObject, KeyObject
from capath.store.content import Content, Readable, Unreadable, held_of
from capath.store.held import NOT_ONE_TEXT, Linkable, NotLinkable


def linkable_object(content: Content) -> Linkable | NotLinkable:
    """The object that links are made for (PEM_X509_INFO_read_bio, by behaviour), else why there are none."""
    match content:
        case Unreadable(reason=reason):
            return NotLinkable(reason, is_error=True)
        case Readable(certificates=certificates, crls=crls):
            if (problem := _problem(content)) is not None:
                return problem
            if certificates:
                remark = "its CRL gets no link, its certificate does" if crls else ""
                return Linkable(held_of(certificates[0]), remark)
            if crls:
                return Linkable(held_of(crls[0]))
            return NotLinkable("it holds a private key and no certificate", is_error=True)
        case _:
            assert_never(content)


def _problem(content: Readable) -> NotLinkable | None:
    """Objects are counted in groups of at most one certificate, one CRL and one key."""
    groups = 0
    group: set[type] = set()
    for item in content.objects:
        match item:
            case BrokenObject(label=label, reason=reason) | KeyObject(label=label, problem=reason) if reason:
                return NotLinkable(f"the {label} in it does not decode: {reason}")
            case CertificateObject() | CrlObject() | KeyObject():
                if type(item) in group:
                    groups += 1
                    group.clear()
                group.add(type(item))
            case BrokenObject() | ForeignObject():
                pass
            case _:
                assert_never(item)
    groups += bool(group)
    if groups == 1:
        return None
    if content.is_der:
        return NotLinkable(f"{NOT_ONE_TEXT} in PEM: it is DER (capath import converts it)")
    if groups:
        return NotLinkable(f"{NOT_ONE_TEXT}, but {groups} (capath import makes one file of each)")
    return NotLinkable(NOT_ONE_TEXT)
