"""What the commands do, for programs: paths and names in, the values that the commands print out.

Nothing here prints. Every function takes ``str`` or ``Path``, and raises the errors of `capath.errors`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capath.audit import AuditResult, Policy
    from capath.change.import_ import Import
    from capath.change.journal import Change
    from capath.doctor.examine import Examination as Doctor
    from capath.remedy.full_answer import Examination
    from capath.remedy.minimise import Minimum
    from capath.store import Listing
    from capath.store.diff import Comparison, Side
    from capath.tls.test_options import ProbeOptions

Path = str | os.PathLike[str]


def open_store(store: Path) -> Listing:
    """Return the CApath `store` as OpenSSL sees it now, immutable. Raises BadInputError.

    Any STORE of the commands is read too, as the CApath that it amounts to: a bundle, ``certifi``, ``default``.
    """
    from capath.sources.store import open_store as opened
    from capath.store import list_store

    with opened(os.fspath(store)) as found:
        return list_store(found.scan())


def check(directory: Path, *, policy: Policy | None = None, now: datetime | None = None) -> AuditResult:
    """Return what the audit finds, the worst first, as ``capath check``. Raises BadInputError."""
    from capath.audit import audit
    from capath.sources.store import open_store as opened
    from capath.store import list_store
    from capath.store.constraints import read_constraints_file

    with opened(os.fspath(directory)) as store:
        listing = list_store(store.scan())
        mode, kept = os.stat(store.directory).st_mode, read_constraints_file(store.directory)
    return audit(listing, now or datetime.now(timezone.utc), directory_mode=mode, policy=policy, kept=kept)


def diff(left: Path, right: Path) -> Comparison:
    """Return the differences of two stores. Raises BadInputError.

    A store is a CApath, a file of certificates, ``certifi``, ``system`` or ``mozilla``.
    """
    from capath.store.diff import compare

    return compare(_side(os.fspath(left)), _side(os.fspath(right)))


def plan_import(directory: Path, *sources: Path, trust: bool = True) -> Import:
    """Return what importing `sources` into `directory` would do; ``apply_plan(found.plan)`` does it.

    A source is a file or directory of certificates, ``certifi`` or ``system``. Raises BadInputError.
    """
    from capath.change.import_ import ImportOptions
    from capath.change.import_ import plan_import as plan
    from capath.change.journal import Journal
    from capath.sources.open_source import open_source
    from capath.store.constraints import read_constraints_file

    path = os.fspath(directory)
    opened = [open_source(os.fspath(source), lambda _: None) for source in sources]
    found = (item for source in opened for item in source.read())
    title = ", ".join(source.title for source in opened)
    options = ImportOptions(off=not trust)
    memory = Journal(path).row_memory()
    return plan(open_store(path), found, title, options, read_constraints_file(path), memory)


def export_bundle(directory: Path) -> bytes:
    """Return the trusted roots of `directory` as one PEM bundle. Raises BadInputError."""
    from capath.change.export import bundle, trusted_certificates
    from capath.store.constraints import read_constraints_file

    path = os.fspath(directory)
    return bundle(trusted_certificates(open_store(path)), read_constraints_file(path).by_sha256)


def history(directory: Path) -> tuple[Change, ...]:
    """Return the changes that capath made to `directory`, oldest first."""
    from capath.change.journal import Journal

    return tuple(Journal(os.fspath(directory)).changes())


def examine_host(host: str, directory: Path, options: ProbeOptions | None = None) -> Examination:
    """Test ``HOST[:PORT]`` against `directory` and explain the result, as ``capath test``. Blocks.

    `.result` is what `probe` returns, `.diagnosis` the cause and the remedies, tried; None where all is well.
    """
    from capath.remedy.full_answer import Examiner
    from capath.store import scan
    from capath.tls.network.endpoint import parse_endpoint
    from capath.tls.probe import probe
    from capath.tls.test_options import ProbeOptions

    path = os.fspath(directory)
    snapshot = scan(path)
    result = probe(parse_endpoint(host), path, snapshot=snapshot, options=options or ProbeOptions())
    return Examiner.of(path).examine(result, snapshot)


def minimise(directory: Path, hosts: Iterable[str]) -> Minimum:
    """Return the smallest set of roots of `directory` with which all `hosts` that verify now still do. Blocks."""
    from capath.remedy.anchor_sets import trusted_objects
    from capath.remedy.host_needs import needs_of, smallest_set
    from capath.tls.network.endpoint import parse_endpoint
    from capath.tls.test_options import HostToTest, ProbeOptions

    listing = open_store(directory)
    trusted = trusted_objects(listing)
    wanted = [HostToTest(parse_endpoint(host), ProbeOptions()) for host in hosts]
    return smallest_set([needs_of(host, listing, trusted) for host in wanted])


def examine_clients(*hosts: str) -> Doctor:
    """Return the TLS clients of this machine, their stores and whether they accept `hosts`. Runs them; blocks."""
    from capath.doctor.examine import Doctor as Examining
    from capath.doctor.machine import Machine
    from capath.tls.network.endpoint import parse_endpoint

    machine = Machine(dict(os.environ), os.getcwd(), may_run=True)
    return Examining(machine, datetime.now(timezone.utc)).examine([parse_endpoint(host) for host in hosts])


def _side(text: str) -> Side:
    from capath.errors import BadInputError
    from capath.pki.visible import visible
    from capath.sources.item import Item
    from capath.sources.mozilla_roots import mozilla_side
    from capath.sources.open_source import open_source
    from capath.store.constraints import read_constraints_file
    from capath.store.diff import side_of_items, side_of_listing

    if text == "mozilla":
        return mozilla_side()
    if os.path.isdir(text):
        return side_of_listing(text, open_store(text), read_constraints_file(text).by_sha256)
    source = open_source(text, lambda _: None)
    items = [item for item in source.read() if isinstance(item, Item)]
    if not items:
        raise BadInputError(f"{visible(text)}: it contains no certificate")
    return side_of_items(source.title, items)
