"""WHICH: the language that names certificates of a store, on the command line and in the explorer's filter.

A term is a file name, a hash link, a subject hash, 8 or more digits of a SHA-256 or SHA-1 fingerprint, or one of
``subject~TEXT``, ``org:TEXT``, ``key:TEXT``, ``is:STATE``, ``expires<90d``, ``expires>2030-01-31``, ``rule:NAME``
and ``@FILE`` (a list that ``capath export --list`` writes). Text is compared in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone

from capath.errors import BadInputError, StrEnum, assert_never
from capath.pki.visible import shell_command, visible, visible_name
from capath.store.link_name import IN_ASIDE
from capath.store.listing import CertificateRow, Listing
from capath.store.standing import UNTRUSTED_SUFFIX, NotLinked, TakenOut, Trusted, UsesRejected

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from capath.pki.certificate import Certificate

WHICH_HELP = (
    "a file, link, hash, fingerprint, subject~TEXT, org:TEXT, key:TEXT, is:STATE, expires<90d, rule:NAME or @FILE"
)
_HASH = re.compile(r"[0-9a-fA-F]{8}", re.ASCII)
_PREFIX = re.compile(r"[0-9a-fA-F]{8,64}", re.ASCII)
_SPAN = re.compile(r"(\d{1,5})([dwmy])", re.ASCII)
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
STATES = ("trusted", "off", "not-linked", "broken", "expired")
RuleFinder = Callable[[str], Collection[str]]
"""Returns the SHA-256 of each certificate that the audit rule finds; raises BadInputError for an unknown rule."""


class TermKind(StrEnum):
    """What a term compares."""

    NAME = ""
    SUBJECT = "subject~"
    ORGANISATION = "org:"
    KEY = "key:"
    STATE = "is:"
    EXPIRES_BEFORE = "expires<"
    EXPIRES_AFTER = "expires>"
    RULE = "rule:"
    LIST = "@"


class Term:
    """One term, read: `kind` says what `value` is compared with."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: TermKind, value: str) -> None:
        self.kind = kind
        self.value = value


def parse_term(text: str) -> Term:
    """Read one term. Raises BadInputError where it begins as one and is not, like ``expires<soon``."""
    kind = next((kind for kind in TermKind if kind.value and text.startswith(kind.value)), TermKind.NAME)
    value = text[len(kind.value) :]
    if kind is TermKind.STATE and value not in STATES:
        raise BadInputError(f"{visible(text)}: there is no such state", hint=f"states are {', '.join(STATES)}")
    if kind in (TermKind.EXPIRES_BEFORE, TermKind.EXPIRES_AFTER):
        moment_of(value, datetime.now(timezone.utc))
    return Term(kind, value)


def moment_of(text: str, now: datetime) -> datetime:
    """Return what ``90d``, ``12w``, ``6m``, ``1y`` or ``2030-01-31`` says. Raises BadInputError."""
    match = _SPAN.fullmatch(text)
    try:
        if match is not None:
            return now + timedelta(days=int(match[1]) * _DAYS[match[2]])
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except OverflowError:
        return datetime.max.replace(tzinfo=timezone.utc)
    except ValueError:
        hint = "write 90d, 12w, 6m, 1y or 2030-01-31"
        raise BadInputError(f"{visible(text)}: this is not a time span or date", hint=hint) from None


def select(
    listing: Listing, words: Iterable[str], *, every: bool = False, now: datetime, rule: RuleFinder
) -> list[CertificateRow]:
    """Return one row for each certificate that `words` name, each word a term, in their order.

    Raises BadInputError where a word names none, or several (which it lists) unless `every` is given. A list names
    each of its certificates, and all must be there.
    """
    found: dict[str, CertificateRow] = {}
    for word in words:
        term = parse_term(word)
        rows = _listed(listing, term.value) if term.kind is TermKind.LIST else _rows(listing, term, now, rule)
        chosen = {row.held.sha256: row for row in reversed(rows)}
        if not chosen:
            raise BadInputError(
                f"{visible(word)}: no certificate in {visible(listing.snapshot.directory)} matches",
                hint=_nearest(listing, word) or f"give {WHICH_HELP}",
            )
        if len(chosen) > 1 and not every and term.kind is not TermKind.LIST:
            raise BadInputError(_several(word, tuple(reversed(chosen.values()))))
        for sha256, row in reversed(chosen.items()):
            found.setdefault(sha256, row)
    return list(found.values())


def select_one(listing: Listing, which: str) -> CertificateRow:
    """Return the one certificate that `which` names. Raises BadInputError where it names none or several."""
    return select(listing, [which], now=datetime.now(timezone.utc), rule=_no_rules)[0]


def select_all(listing: Listing, which: str) -> tuple[CertificateRow, ...]:
    """Return all rows that the term `which` names. Raises BadInputError where it cannot be read."""
    return _rows(listing, parse_term(which), datetime.now(timezone.utc), _no_rules)


def matches(term: Term, certificate: Certificate, label: str, now: datetime) -> bool:
    """Whether `term` names a certificate outside of a store, which has no file, link or state."""
    match term.kind:
        case TermKind.NAME:
            digits = _digits(term.value)
            return bool(digits) and (certificate.sha256.startswith(digits) or certificate.sha1.startswith(digits))
        case TermKind.SUBJECT:
            return _contains(f"{certificate.subject.text}\n{label}", term.value)
        case TermKind.ORGANISATION:
            return _contains(certificate.subject.organisation, term.value)
        case TermKind.KEY:
            from capath.pki.key import public_key

            return _contains(public_key(certificate).text.replace(" ", ""), term.value.replace(" ", ""))
        case TermKind.EXPIRES_BEFORE:
            return certificate.not_after is not None and certificate.not_after < moment_of(term.value, now)
        case TermKind.EXPIRES_AFTER:
            return certificate.not_after is not None and certificate.not_after > moment_of(term.value, now)
        case TermKind.LIST:
            return certificate.sha256 in read_list(term.value)
        case TermKind.STATE | TermKind.RULE:
            raise BadInputError(f"{term.kind}{visible(term.value)}: only certificates of a directory have this")
        case _:
            assert_never(term.kind)


def read_list(path: str) -> dict[str, str]:
    """Return the fingerprints and names in the list at `path`. Raises BadInputError, also for an empty list."""
    from capath.files import read_input
    from capath.store.fingerprint_list import parse_fingerprints

    try:
        text = read_input(path, _LIST_BYTES_LIMIT).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInputError(f"{visible(path)}: this is not a list: it is not text") from None
    wanted = parse_fingerprints(text, path)
    if not wanted:  # with --only, all roots would be distrusted
        raise BadInputError(f"{visible(path)}: the list is empty", hint="capath export DIR --list writes one")
    return wanted


_LIST_BYTES_LIMIT = 16 * 2**20


def _rows(listing: Listing, term: Term, now: datetime, rule: RuleFinder) -> tuple[CertificateRow, ...]:
    rows = listing.certificates
    match term.kind:
        case TermKind.NAME:
            return _named(rows, term.value)
        case TermKind.STATE:
            return tuple(row for row in rows if _is(row, term.value, now))
        case TermKind.RULE:
            found = rule(term.value)
            return tuple(row for row in rows if row.held.sha256 in found)
        case _:
            return tuple(row for row in rows if matches(term, row.certificate, "", now))


def _named(rows: Sequence[CertificateRow], which: str) -> tuple[CertificateRow, ...]:
    """The rows of a file (a distrusted one also by the name that it had), a link, a hash or a fingerprint."""
    if named := tuple(row for row in rows if which in (row.file, visible(row.file)) or which in row.links):
        return named
    names = (IN_ASIDE + which, which + UNTRUSTED_SUFFIX)
    if off := tuple(row for row in rows if row.file in names):
        return off
    digits = _digits(which)
    if _HASH.fullmatch(which) is not None:
        hashed = tuple(row for row in rows if digits in (row.held.subject_hash, row.held.old_hash))
        if hashed:
            return hashed
    if not digits:
        return ()
    return tuple(row for row in rows if row.held.sha256.startswith(digits) or row.held.sha1.startswith(digits))


def _listed(listing: Listing, path: str) -> tuple[CertificateRow, ...]:
    wanted = read_list(path)
    missing = [sha256 for sha256 in wanted if sha256 not in listing.by_sha256]
    if missing:
        listed = "\n".join(f"  {sha256}  {visible(wanted[sha256])}".rstrip() for sha256 in missing)
        raise BadInputError(
            f"{visible(path)}: {len(missing)} of {len(wanted)} are not in the "
            f"directory; capath import adds them:\n{listed}"
        )
    return tuple(listing.by_sha256[sha256][0] for sha256 in wanted)


def _is(row: CertificateRow, state: str, now: datetime) -> bool:
    match state:
        case "trusted":
            return row.trusted
        case "off":
            return isinstance(row.standing, TakenOut | UsesRejected)
        case "not-linked":
            return isinstance(row.standing, NotLinked)
        case "expired":
            end = row.certificate.not_after
            return end is not None and end < now
        case _:
            return not isinstance(row.standing, Trusted | TakenOut | UsesRejected | NotLinked)


def _nearest(listing: Listing, word: str) -> str:
    """The term that was most likely meant, as a question: a subject's text, or a file's name; empty for none."""
    import difflib

    if any(_contains(row.certificate.subject.text, word) for row in listing.certificates):
        return f"did you mean {shell_command([f'subject~{word}'])}?"
    near = difflib.get_close_matches(word, [row.file for row in listing.certificates], 1, 0.75)
    return f"did you mean {visible(near[0])}?" if near else ""


def _several(word: str, rows: Sequence[CertificateRow]) -> str:
    listed = "\n".join(
        f"  {row.held.sha256[:16]}  {visible(row.file)}  {visible_name(row.certificate.subject.title)}"
        for row in rows
    )
    return f"{visible(word)}: {len(rows)} certificates match; --all takes them all, or give one of them:\n{listed}"


def _digits(text: str) -> str:
    """The hex digits of a fingerprint's beginning; empty where it is none."""
    digits = text.replace(":", "").lower()
    return digits if _PREFIX.fullmatch(digits) is not None else ""


def _contains(text: str, part: str) -> bool:
    return part.casefold() in text.casefold()


def _no_rules(rule: str) -> Collection[str]:
    raise BadInputError(f"rule:{visible(rule)}: no audit was made here, so rules cannot be used")
