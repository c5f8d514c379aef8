"""Two stores compared, by certificate and by key: what only one has, and what they judge differently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from capath.pki.certificate import Certificate
from capath.pki.claims import Item, ServerTrust
from capath.store.constraints import Kept
from capath.store.listing import Listing


@dataclass(frozen=True, slots=True)
class Member:
    """A certificate of a store. `name_and_key` is empty where the store is a list of fingerprints alone."""

    sha256: str
    label: str
    trusted: bool
    distrust_after: datetime | None = None
    constraints: str = ""
    name_and_key: bytes = b""


@dataclass(frozen=True, slots=True)
class Side:
    """A store to compare, by SHA-256. `title` says which, for people."""

    title: str
    members: Mapping[str, Member]


@dataclass(frozen=True, slots=True)
class OnlyHere:
    """One side alone has it. `same_key_there`: certificates over there with its name and key."""

    member: Member
    same_key_there: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class TrustDiffers:
    """Both have it; one trusts it and the other does not."""

    left: Member
    right: Member


@dataclass(frozen=True, slots=True)
class LimitsDiffer:
    """Both have it; what is kept of it (distrust-after, constraints) differs."""

    left: Member
    right: Member


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences of two sides, by label. `same` counts the certificates that they judge alike.

    Limits are compared where a side knows some; one that cannot hold any (a bundle) has none.
    """

    left: Side
    right: Side
    only_left: tuple[OnlyHere, ...]
    only_right: tuple[OnlyHere, ...]
    trust: tuple[TrustDiffers, ...]
    limits: tuple[LimitsDiffer, ...]
    same: int

    @property
    def equal(self) -> bool:
        return not (self.only_left or self.only_right or self.trust or self.limits)


def compare(left: Side, right: Side) -> Comparison:
    """Compare two sides. Turned round, the answer is the same, turned round."""
    both = [(left.members[sha256], right.members[sha256]) for sha256 in left.members.keys() & right.members.keys()]
    both.sort(key=lambda pair: _order(pair[0].label, pair[0].sha256))
    trust = tuple(TrustDiffers(a, b) for a, b in both if a.trusted != b.trusted)
    told = _tells_limits(left) or _tells_limits(right)
    limits = tuple(LimitsDiffer(a, b) for a, b in both if told and _limits(a) != _limits(b))
    differing = {item.left.sha256 for item in trust} | {item.left.sha256 for item in limits}
    return Comparison(
        left, right, _only(left, right), _only(right, left), trust, limits, len(both) - len(differing)
    )


def trusted_beyond(side: Side, reference: Side) -> tuple[Member, ...]:
    """Return what `side` trusts and `reference` does not: what does this machine trust that Mozilla does not?"""
    found = [
        member
        for sha256, member in side.members.items()
        if member.trusted and not ((other := reference.members.get(sha256)) is not None and other.trusted)
    ]
    return tuple(sorted(found, key=lambda member: _order(member.label, member.sha256)))


def side_of_listing(title: str, listing: Listing, kept: Mapping[str, Kept]) -> Side:
    """The store as lookup sees it, with the limits kept beside it."""
    members = {}
    for sha256, rows in listing.by_sha256.items():
        limits = kept.get(sha256)
        certificate = rows[0].certificate
        members[sha256] = Member(
            sha256,
            certificate.subject.title,
            any(row.trusted for row in rows),
            None if limits is None else limits.distrust_after,
            "" if limits is None else limits.constraints,
            name_and_key(certificate),
        )
    return Side(title, members)


def side_of_items(title: str, items: Iterable[Item]) -> Side:
    """What a source holds. It trusts what it does not say that it does not trust."""
    members: dict[str, Member] = {}
    for item in items:
        claims, certificate = item.claims, item.certificate
        member = Member(
            certificate.sha256,
            claims.label or certificate.subject.title,
            claims.servers in (ServerTrust.YES, ServerTrust.UNSAID),
            claims.distrust_after,
            claims.constraints,
            name_and_key(certificate),
        )
        members.setdefault(certificate.sha256, member)
    return Side(title, members)


def side_of_list(title: str, names: Mapping[str, str]) -> Side:
    """What a list of fingerprints trusts, SHA-256 to name."""
    return Side(title, {sha256: Member(sha256, name or sha256, trusted=True) for sha256, name in names.items()})


def name_and_key(certificate: Certificate) -> bytes:
    """What two certificates of one CA's key have in common, however often it was reissued."""
    return certificate.subject.canonical + certificate.public_key_info


def _only(side: Side, other: Side) -> tuple[OnlyHere, ...]:
    there = _by_key(other)
    found = [
        OnlyHere(member, there(member)) for sha256, member in side.members.items() if sha256 not in other.members
    ]
    return tuple(sorted(found, key=lambda only: _order(only.member.label, only.member.sha256)))


def _by_key(side: Side) -> Callable[[Member], tuple[Member, ...]]:
    groups: dict[bytes, list[Member]] = {}
    for member in side.members.values():
        if member.name_and_key:
            groups.setdefault(member.name_and_key, []).append(member)
    return lambda member: tuple(
        sorted(groups.get(member.name_and_key, ()), key=lambda other: _order(other.label, other.sha256))
    )


def _tells_limits(side: Side) -> bool:
    """Whether the store knows any limits."""
    return any(member.distrust_after is not None or member.constraints for member in side.members.values())


def _limits(member: Member) -> tuple[datetime | None, str]:
    return member.distrust_after, member.constraints


def _order(label: str, sha256: str) -> tuple[str, str]:
    return label.casefold(), sha256
