"""Paths from the leaf to an anchor over every certificate at hand, whatever OpenSSL made of them.

At hand are the certificates that were sent, those in the store in any state, and the roots of other stores. They
are joined by name and proven by signature. OpenSSL takes one path, greedily; here all are looked through for the
one that asks for the least change, and of these for the shortest. The search ends by a count of signature checks
and of steps, so that chains made to keep it busy end it too.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from itertools import count

from capath.diagnosis.known_roots import KnownRoot, Place
from capath.diagnosis.path_rules import (
    can_issue,
    is_self_signed,
    is_strong,
    is_valid_at,
    obeys_limits,
    serves_tls_servers,
)
from capath.pki.certificate import Certificate
from capath.pki.key_identifiers import mismatch
from capath.pki.name import Name
from capath.pki.signature import signs
from capath.store import CertificateRow

_CHECKS_LIMIT = 1500
_STEPS_LIMIT = 3000
_VISITS_LIMIT = 8
_LENGTH_LIMIT = 20
_ORDINARY_KEY_BYTES = 600  # an RSA key of 4096 bits with an ordinary exponent
_LARGE_KEY_CHECKS = 20


class Need(IntEnum):
    """What it takes until OpenSSL can use a certificate, the least first."""

    NOTHING = 0
    REHASH = 1
    CONVERT = 2
    TRUST = 3
    SELECT = 4
    IMPORT = 5
    TRUST_SENT_ROOT = 6


_NEEDS = {Place.ELSEWHERE: Need.IMPORT, Place.MISPLACED: Need.CONVERT, Place.DESELECTED: Need.SELECT}


@dataclass(frozen=True, slots=True)
class Step:
    """A certificate of a path and where it is: `sent_at` counts from the leaf, `row` is the store's."""

    certificate: Certificate
    need: Need
    sent_at: int | None = None
    row: CertificateRow | None = None
    known: KnownRoot | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A path that could verify, leaf first, its anchor last."""

    steps: tuple[Step, ...]

    @property
    def need(self) -> Need:
        return max(step.need for step in self.steps)

    @property
    def needed(self) -> Step:
        """The certificate that most is asked for."""
        return max(self.steps, key=lambda step: step.need)

    @property
    def anchor(self) -> Step:
        return self.steps[-1]

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return tuple(step.certificate for step in self.steps)

    @property
    def key(self) -> tuple[str, ...]:
        """The SHA-256 of its certificates: what distinguishes paths."""
        return tuple(step.certificate.sha256 for step in self.steps)


@dataclass(frozen=True)
class AtHand:
    """What a search has to go by. `sent` begins with the leaf; `stored` and `known` find by subject.

    `for_servers`: CAs have to be for TLS servers (extended key usage). `is_live`: security level 2 counts too.
    """

    sent: Sequence[Certificate]
    stored: Callable[[Name], Sequence[CertificateRow]]
    need_of: Callable[[CertificateRow], Need]
    known: Callable[[Name], Sequence[KnownRoot]]
    now: datetime
    partial_chain: bool = False
    for_servers: bool = False
    is_live: bool = False


def find_paths(at_hand: AtHand) -> Iterator[Path]:
    """Paths that obey OpenSSL's rules as far as they are known here, the best first."""
    if at_hand.sent:
        yield from _Search(at_hand).paths()


@dataclass
class _Search:
    at_hand: AtHand
    checks_left: int = _CHECKS_LIMIT
    _issuers: dict[str, list[Step]] = field(default_factory=dict)
    _signed: dict[tuple[str, bytes], bool] = field(default_factory=dict)

    def paths(self) -> Iterator[Path]:
        leaf = Step(self.at_hand.sent[0], Need.NOTHING, sent_at=0)
        order = count()
        heap = [(Need.NOTHING, 1, next(order), Path((leaf,)))]
        visits: Counter[str] = Counter()
        for _ in range(_STEPS_LIMIT):
            if not heap:
                return
            need, length, _, path = heapq.heappop(heap)
            top = path.steps[-1]
            if length > 1 and self._is_anchor(top):
                if obeys_limits(path.certificates):
                    yield path
                continue
            visits[top.certificate.sha256] += 1
            if length >= _LENGTH_LIMIT or visits[top.certificate.sha256] > _VISITS_LIMIT:
                continue
            for step in self._steps_above(top.certificate):
                if not _repeats(path, step.certificate):
                    longer = Path((*path.steps, step))
                    heapq.heappush(heap, (max(need, step.need), length + 1, next(order), longer))

    def _is_anchor(self, step: Step) -> bool:
        if self.at_hand.partial_chain and step.row is not None:
            return True
        return is_self_signed(step.certificate)

    def _steps_above(self, child: Certificate) -> list[Step]:
        """The certificates that could be the issuer of `child`, proven."""
        known = self._issuers.get(child.sha256)
        if known is None:
            known = [step for step in self._named(child.issuer) if self._may_issue(step, child)]
            self._issuers[child.sha256] = known
        return known

    def _named(self, subject: Name) -> list[Step]:
        found: dict[str, Step] = {}
        at_hand = self.at_hand
        for row in at_hand.stored(subject):
            step = Step(row.certificate, at_hand.need_of(row), row=row)
            other = found.get(row.certificate.sha256)
            if other is None or step.need < other.need:
                found[row.certificate.sha256] = step
        for position, certificate in enumerate(at_hand.sent):
            if position and certificate.subject.canonical == subject.canonical:
                held = found.get(certificate.sha256)
                if not is_self_signed(certificate) and (held is None or held.need):
                    found[certificate.sha256] = Step(certificate, Need.NOTHING, sent_at=position)
                elif held is None:
                    found[certificate.sha256] = Step(certificate, Need.TRUST_SENT_ROOT, sent_at=position)
        for known in at_hand.known(subject):
            held = found.get(known.certificate.sha256)
            if held is None or held.need is Need.TRUST_SENT_ROOT:
                need = _NEEDS[known.place]
                found[known.certificate.sha256] = Step(known.certificate, need, known=known)
        return list(found.values())

    def _may_issue(self, step: Step, child: Certificate) -> bool:
        issuer = step.certificate
        if not is_valid_at(issuer, self.at_hand.now) or mismatch(issuer, child) is not None:
            return False
        if not can_issue(issuer) or not self._serves(step):
            return False
        return self._has_signed(issuer, child)

    def _serves(self, step: Step) -> bool:
        """Whether a TLS client would take it."""
        if not self.at_hand.for_servers:
            return True
        certificate = step.certificate
        if step.row is not None and not step.row.trust.allows_servers:
            return False
        if not serves_tls_servers(certificate):
            return False
        return not self.at_hand.is_live or is_strong(certificate, is_anchor=self._is_anchor(step))

    def _has_signed(self, issuer: Certificate, child: Certificate) -> bool:
        key = issuer.public_key_info
        answer = self._signed.get((child.sha256, key))
        if answer is None:
            self.checks_left -= 1 if len(key) <= _ORDINARY_KEY_BYTES else _LARGE_KEY_CHECKS
            answer = self.checks_left >= 0 and signs(issuer, child)
            self._signed[child.sha256, key] = answer
        return answer


def _repeats(path: Path, certificate: Certificate) -> bool:
    """Whether `path` has been at that name and key: going there again leads nowhere new."""
    name, key = certificate.subject.canonical, certificate.public_key_info
    return any(
        step.certificate.subject.canonical == name and step.certificate.public_key_info == key
        for step in path.steps
    )
