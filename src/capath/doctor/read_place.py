"""Reading a place as its client does: which roots, how old, and what is wrong."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from typing_extensions import assert_never

from capath.doctor.place import (
    Bundled,
    CompiledIn,
    FromFile,
    FromVariable,
    Place,
    Problem,
    ProblemKind,
    Shape,
    Why,
)
from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.pki.claims import Item, ServerTrust
from capath.pki.visible import visible
from capath.sources.files import read_file
from capath.sources.pem import read_pem_bundle
from capath.store import Listing, list_store, scan

STALE_AFTER = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class StoreRead:
    """What a client gets out of a place. `certificates` is None where that is not known.

    `changed_at` (UTC) is when the newest file was written, or the day of the package's release; None where it is
    not known. `listing` is there for a directory with hash links.
    """

    place: Place
    certificates: tuple[Certificate, ...] | None
    changed_at: datetime | None
    problems: tuple[Problem, ...] = ()
    listing: Listing | None = None

    @property
    def root_count(self) -> int | None:
        return None if self.certificates is None else len(self.certificates)


def why_text(why: Why) -> str:
    """Why the client reads a place, for people."""
    match why:
        case CompiledIn(asked=True):
            return "compiled in"
        case CompiledIn():
            return "usual default, not asked"
        case Bundled(package=package, version=version):
            return f"bundled with {visible(package)} {visible(version)}".rstrip()
        case FromVariable(name=name):
            return name
        case FromFile(setting=setting):
            return f"{visible(setting.file)}:{setting.line} {visible(setting.key)}"
        case _:
            assert_never(why)


class PlaceReader:
    """Reads places, each once, as of `now`."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._read: dict[Place, StoreRead] = {}

    def read(self, places: Iterable[Place]) -> tuple[StoreRead, ...]:
        """What is in `places`. A default that is not there is left out, unless it is all there is."""
        stores = tuple(map(self._store, places))
        there = tuple(store for store in stores if not _is_absent_default(store))
        return there or stores[:1]

    def _store(self, place: Place) -> StoreRead:
        known = self._read.get(place)
        if known is None:
            known = self._read[place] = _read_place(place)
        problems, changed_at = known.problems, _released(place.why) or known.changed_at
        if known.certificates and changed_at is not None and self._now - changed_at > STALE_AFTER:
            text = f"{_name(place)} is {(self._now - changed_at).days} days old: newer roots are not in it"
            problems = (*problems, Problem(ProblemKind.STALE, text, place))
        return StoreRead(place, known.certificates, changed_at, problems, known.listing)


def _is_absent_default(store: StoreRead) -> bool:
    missing = any(problem.kind is ProblemKind.MISSING for problem in store.problems)
    return missing and isinstance(store.place.why, CompiledIn)


def _released(why: Why) -> datetime | None:
    """The day of a package whose version is a date, as certifi's is (2024.2.2)."""
    if not isinstance(why, Bundled):
        return None
    try:
        year, month, day = (int(part) for part in why.version.split(".")[:3])
        return datetime(year, month, day, tzinfo=timezone.utc)
    except ValueError:
        return None


def _name(place: Place) -> str:
    return visible(place.path) or "the built-in list"


def _read_place(place: Place) -> StoreRead:
    match place.shape:
        case Shape.BUILT_IN | Shape.KEYSTORE:
            return _listed(place)
        case Shape.BUNDLE | Shape.HASHED | Shape.WHOLE:
            status = _status(place)
            if isinstance(status, Problem):
                return StoreRead(place, (), None, (status,))
            changed_at = datetime.fromtimestamp(status.st_mtime, timezone.utc)
            try:
                return _read_there(place, changed_at)
            except BadInputError as error:
                reason = str(error).removeprefix(f"{visible(place.path)}: ")
                problem = _problem(place, ProblemKind.UNREADABLE, f"which cannot be used: {reason}")
                return StoreRead(place, (), changed_at, (problem,))
        case _:
            assert_never(place.shape)


def _listed(place: Place) -> StoreRead:
    """A place whose content is what the program listed."""
    changed_at = None
    if place.path:
        status = _status(place)
        if isinstance(status, Problem):
            return StoreRead(place, (), None, (status,))
        changed_at = datetime.fromtimestamp(status.st_mtime, timezone.utc)
    found = None if place.pem is None else _of_pem(place.pem.encode())
    return StoreRead(place, found, changed_at)


def _status(place: Place) -> os.stat_result | Problem:
    """The status of what is there, or what is wrong with it."""
    try:
        status = os.stat(place.path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return _problem(place, ProblemKind.UNREADABLE, f"which cannot be opened: {error.strerror}")
        if os.pathsep in place.path:
            text = "which this client takes as one path, not as a list, and there is no such path"
            return _problem(place, ProblemKind.LIST_AS_PATH, text)
        return _problem(place, ProblemKind.MISSING, "which is not there")
    except ValueError:
        return _problem(place, ProblemKind.MISSING, "which is not a path")
    is_directory = stat.S_ISDIR(status.st_mode)
    if is_directory and place.shape in (Shape.BUNDLE, Shape.KEYSTORE):
        return _problem(place, ProblemKind.WRONG_KIND, "which is a directory; this client wants a file there")
    if not is_directory and place.shape in (Shape.HASHED, Shape.WHOLE):
        return _problem(place, ProblemKind.WRONG_KIND, "which is a file; this client wants a directory there")
    return status


def _problem(place: Place, kind: ProblemKind, text: str) -> Problem:
    """`text` continues a sentence that names the place and who named it."""
    path = _name(place)
    match place.why:
        case FromVariable(name=name):
            return Problem(kind, f"{name} names {path}, {text}", place)
        case FromFile(setting=setting):
            where = f"{visible(setting.file)}, line {setting.line}"
            return Problem(kind, f"{visible(setting.key)} in {where} names {path}, {text}", place)
        case CompiledIn() | Bundled():
            return Problem(kind, f"its default is {path}, {text}", place)
        case _:
            assert_never(place.why)


def _read_there(place: Place, changed_at: datetime) -> StoreRead:
    """Raises BadInputError."""
    if place.shape is Shape.HASHED:
        return _read_hashed(place, changed_at)
    paths = [place.path] if place.shape is Shape.BUNDLE else _files_of(place.path)
    found = _once(certificate for path in paths for certificate in _of_file(path, place.shape))
    problems = () if found else (_problem(place, ProblemKind.EMPTY, "which holds no certificate in PEM"),)
    return StoreRead(place, found, changed_at, problems)


def _read_hashed(place: Place, changed_at: datetime) -> StoreRead:
    listing = list_store(scan(place.path))
    rows = listing.certificates
    found = _once(row.certificate for row in rows if row.trusted)
    problems: tuple[Problem, ...] = ()
    if not rows:
        problems = (_problem(place, ProblemKind.EMPTY, "which holds no certificate"),)
    elif not found:
        count = "1 certificate" if len(rows) == 1 else f"{len(rows)} certificates"
        text = f"which has {count} and no hash link that leads to one, so none is found"
        problems = (_problem(place, ProblemKind.NOT_HASHED, text),)
    return StoreRead(place, found, changed_at, problems, listing)


def _files_of(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.path for entry in entries if entry.is_file())
    except OSError as error:
        raise BadInputError(f"{visible(directory)}: it cannot be read: {error.strerror}") from None


def _of_file(path: str, shape: Shape) -> tuple[Certificate, ...]:
    try:
        data = read_file(path)
    except BadInputError:
        if shape is Shape.BUNDLE:
            raise
        return ()  # a reader of whole directories goes on
    return _of_pem(data)


def _of_pem(data: bytes) -> tuple[Certificate, ...]:
    rejected = (ServerTrust.NO, ServerTrust.DISTRUSTED)
    found = (item for item in read_pem_bundle("", data) if isinstance(item, Item))
    return _once(item.certificate for item in found if item.claims.servers not in rejected)


def _once(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    return tuple({certificate.sha256: certificate for certificate in certificates}.values())
