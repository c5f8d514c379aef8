"""What a STORE that is not one directory consists of: the certificates and CRLs of a temporary CApath for it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from capath.errors import BadInputError
from capath.pki.visible import shell_command, visible
from capath.store.opened import OpenedStore, StoreKind
from capath.store.walk import scan

if TYPE_CHECKING:
    from capath.sources.item import Password, Refused, Source
    from capath.store import Listing

_LINK = re.compile(r"[0-9a-f]{8}\.[0-9]+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoreRoot:
    """A certificate or CRL of a store: its `content` in PEM, or the `target` of a link to its file.

    `row` is the first part of its hash links' names (``HHHHHHHH.`` or ``HHHHHHHH.r``); empty for none.
    """

    label: str
    sha256: str
    row: str = ""
    content: bytes = b""
    target: str = ""
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class StoreContent:
    title: str
    kind: StoreKind
    roots: Sequence[StoreRoot]
    refused: tuple[Refused, ...] = ()
    constraints: bytes = b""


def of_system(root: str, password: Password) -> OpenedStore | StoreContent:
    from capath.sources.system_store import system_place

    place = system_place(root)
    title = f"{visible(place)} (the store of this machine{_managed(place, root)})"
    if os.path.isdir(place):
        return OpenedStore(place, title, StoreKind.SYSTEM, place)
    return replace(of_file(place, password), title=title, kind=StoreKind.SYSTEM)


def of_file(path: str, password: Password) -> StoreContent:
    from capath.sources.item import Refused
    from capath.sources.open_source import open_source

    found = _of_source(open_source(path, password), visible(path))
    if found.kind is not StoreKind.BUNDLE or _openssl_loads(path):
        return found
    # Clients that are given the file get no root of it, or an error; what is in it is shown nevertheless.
    way = shell_command(["capath", "import", "DIR", path])
    reason = f"a block does not decode, so OpenSSL trusts nothing of the whole file; {way} takes what does"
    roots = [replace(root, row="") for root in found.roots]
    return replace(found, roots=roots, refused=(Refused(path, reason), *found.refused))


def _openssl_loads(path: str) -> bool:
    """Whether Python's OpenSSL takes the bundle: one faulty block, and it takes none of it (3.0.19)."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError):
        return False
    return True


def of_certifi() -> StoreContent:
    from capath.sources.certifi_roots import CertifiSource

    source = CertifiSource()
    found = _of_source(source, source.title)
    return StoreContent(f"{source.title} ({len(found.roots)} certificates)", StoreKind.CERTIFI, found.roots)


def of_mozilla(fetch: Callable[[], Source] | None) -> StoreContent:
    if fetch is None:
        hint = "name a file of it (a CCADB report or certdata.txt), or certifi, which is made from it"
        raise BadInputError("mozilla: the list that comes with capath has no certificates", hint=hint)
    return _of_source(fetch(), "Mozilla's list, fetched now")


def _of_source(source: Source, name: str) -> StoreContent:
    """The certificates of a source, in its order, each once; those that it says are not for servers are off."""
    from capath.pki.pem import encode_pem
    from capath.sources.item import Refused, ServerTrust
    from capath.store.constraints import Kept, render_constraints

    kind = kind_of(source)
    roots: dict[str, StoreRoot] = {}
    kept: dict[str, Kept] = {}
    refused = []
    for found in source.read():
        if isinstance(found, Refused):
            refused.append(found)
            continue
        certificate, claims = found.certificate, found.claims
        sha256, title = certificate.sha256, certificate.subject.title
        is_off = claims.servers in (ServerTrust.NO, ServerTrust.DISTRUSTED)
        label = found.origin if title in found.origin else f"{found.origin} {title}"
        row = "" if is_off else f"{certificate.subject.subject_hash}."
        content = encode_pem("CERTIFICATE", certificate.der)
        roots.setdefault(sha256, StoreRoot(label, sha256, row, content, is_off=is_off))
        if claims.distrust_after is not None or claims.constraints:
            kept[sha256] = Kept(sha256, claims.label, claims.distrust_after, claims.constraints, source.title)
    if not roots:
        reason = f"{refused[0].reason}" if refused else "it contains no certificate"
        raise BadInputError(
            f"{name}: {visible(reason)}", hint="name a CApath, a PEM bundle, a Java keystore or certifi"
        )
    count = f"{len(roots):,} certificate{'' if len(roots) == 1 else 's'}"
    title = f"{name} ({_KINDS[kind]}, {count})"
    constraints = render_constraints(kept) if kept else b""
    return StoreContent(title, kind, tuple(roots.values()), tuple(refused), constraints)


_KINDS = {
    StoreKind.BUNDLE: "PEM bundle",
    StoreKind.CERTIFI: "PEM bundle",
    StoreKind.MOZILLA: "a file of Mozilla's",
    StoreKind.JAVA: "Java keystore",
    StoreKind.FILE: "file of certificates",
}


def kind_of(source: Source) -> StoreKind:
    from capath.sources.ccadb_csv import CcadbCsvSource
    from capath.sources.certdata import CertdataSource
    from capath.sources.certifi_roots import CertifiSource
    from capath.sources.detect import BoundedSource
    from capath.sources.keystores import JksSource, Pkcs12Source
    from capath.sources.pem import PemSource

    if isinstance(source, BoundedSource):
        source = source.source
    match source:
        case PemSource():
            return StoreKind.BUNDLE
        case CertifiSource():
            return StoreKind.CERTIFI
        case CcadbCsvSource() | CertdataSource():
            return StoreKind.MOZILLA
        case JksSource() | Pkcs12Source():
            return StoreKind.JAVA
        case _:
            return StoreKind.FILE


def of_directories(text: str) -> StoreContent:
    from capath.store import list_store

    paths = [path for path in text.split(":") if path]
    parts = [list(_of_listing(list_store(scan(path)), path)) for path in paths if os.path.isdir(path)]
    missing = [path for path in paths if not os.path.isdir(path)]
    lost = f"; not there: {visible(', '.join(missing))}" if missing else ""
    title = f"{visible(text)} ({len(paths)} directories, of which the first with a subject wins{lost})"
    return StoreContent(title, StoreKind.DIRECTORIES, _first_wins(parts))


def of_default() -> StoreContent:
    """What Python's ssl trusts without settings: `ssl.SSLContext.set_default_verify_paths`."""
    from capath.sources.default_store import default_places, reads_as_store
    from capath.store import list_store

    file, directories = default_places()
    parts: list[list[StoreRoot]] = []
    refused: tuple[Refused, ...] = ()
    halves = []
    if file:
        with contextlib.suppress(BadInputError):
            found = of_file(file, lambda _: None)
            if found.kind is StoreKind.BUNDLE:
                parts.append(list(found.roots))
                refused = found.refused
        halves.append(f"CAfile {visible(file)}{'' if parts else ', which gives nothing'}")
    if directories:
        there = [path for path in directories if os.path.isdir(path)]
        lost = "" if len(there) == len(directories) else ", not all of which is there"
        halves.append(f"CApath {visible(':'.join(directories))}{lost}")
        listings = [(list_store(scan(path)), path) for path in there]
        parts += [list(_of_listing(*listing)) for listing in listings]
        if len(directories) == 1 and there and reads_as_store():
            parts.append(list(_more_of_store(there[0])))
    title = f"OpenSSL's default ({'; '.join(halves) or 'neither CAfile nor CApath'})"
    return StoreContent(title, StoreKind.DEFAULT, _first_wins(parts), refused)


def _of_listing(listing: Listing, path: str) -> Iterator[StoreRoot]:
    """The certificates, CRLs and other files of a directory, in the order in which lookup finds them."""
    from capath.pki.pem import encode_pem
    from capath.store.standing import TakenOut

    folder = os.path.basename(os.path.abspath(path))
    for row in sorted(listing.certificates, key=lambda row: (not row.trusted, _slot(row.links), row.file)):
        held, label = row.held, f"{folder} {row.file}"
        hash_row = f"{row.certificate.subject.subject_hash}." if row.trusted else ""
        is_off = isinstance(row.standing, TakenOut)
        if listing.certificates_in[row.file] == 1:
            target = os.path.abspath(os.path.join(path, row.file))
            yield StoreRoot(label, held.sha256, hash_row, target=target, is_off=is_off)
        else:
            yield StoreRoot(
                label, held.sha256, hash_row, encode_pem("CERTIFICATE", row.certificate.der), "", is_off
            )
    for crl in listing.crls:
        hash_row = f"{crl.crl.issuer.subject_hash}.r" if crl.links else ""
        yield StoreRoot(f"{folder} {crl.file}", "", hash_row, target=os.path.abspath(os.path.join(path, crl.file)))
    for skipped in listing.skipped:
        if os.path.isfile(target := os.path.abspath(os.path.join(path, skipped.file))):
            yield StoreRoot(f"{folder} {skipped.file}", "", target=target)


def _more_of_store(path: str) -> Iterator[StoreRoot]:
    """What OpenSSL finds in a directory that it reads as an OSSL_STORE too (ossl_store-file(7)).

    Any slot counts, in either case, in PEM or DER, in the order of readdir(3), up to one that does not load.
    """
    from capath.pki.pem import encode_pem
    from capath.sources.item import Item
    from capath.sources.open_source import open_source

    ended = set()
    for name in os.listdir(path):
        row = f"{name[:8].lower()}."
        if not _LINK.fullmatch(name) or row in ended:
            continue
        items: list[Item] = []
        with contextlib.suppress(BadInputError):
            source = open_source(os.path.join(path, name), lambda _: None)
            items += [item for item in source.read() if isinstance(item, Item)]
        if not items:
            ended.add(row)
        for item in items:
            certificate = item.certificate
            label = f"{os.path.basename(os.path.abspath(path))} {name}"
            hash_row = f"{certificate.subject.subject_hash}."
            yield StoreRoot(label, certificate.sha256, hash_row, encode_pem("CERTIFICATE", certificate.der))


def _slot(links: Iterable[str]) -> int:
    return min((int(name.rpartition(".")[2].lstrip("r")) for name in links), default=0)


def _first_wins(parts: Iterable[Sequence[StoreRoot]]) -> list[StoreRoot]:
    """All of `parts`; a subject is looked up in the first part alone that has it (X509_LOOKUP_hash_dir(3))."""
    roots: list[StoreRoot] = []
    had: set[str] = set()
    for part in parts:
        linked = {root.sha256 for root in roots if root.row}
        for root in part:
            if root.row not in had:
                roots.append(root)
            elif root.sha256 not in linked:
                roots.append(StoreRoot(root.label, root.sha256, "", root.content, root.target, root.is_off))
        had |= {root.row for root in part if root.row}
    return roots


def _managed(path: str, root: str) -> str:
    from capath.store.owner import managed_by

    owner = managed_by(path if os.path.isdir(path) else os.path.dirname(path), root)
    return "" if owner is None else f", managed by {owner.owner.value}"
