"""The filter and the order of the certificates: pure functions from items to row numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from capath.errors import StrEnum
from capath.report.standing import Mark
from capath.tui.model import Item, OtherFile, Staged, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = "is:off is:trusted is:staged is:expired org:x key:rsa expires<90d rule:x file:x -not “two words”"
_WORD = re.compile(r'(-?)((?:[a-z]+[:~])?)"([^"]*)"?|(\S+)', re.IGNORECASE)
_EXPIRES = re.compile(r"expires([<>])(\d+)([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_FAR = datetime.max.replace(tzinfo=timezone.utc)
Test = Callable[[Item], bool]


class Order(StrEnum):
    """What the certificates are sorted by, in the order the sort key cycles through."""

    NAME = "name"
    STATE = "state"
    UNTIL = "until"
    KEY = "key"
    LINK = "link"
    ORGANISATION = "organisation"


class Filter(NamedTuple):
    """A filter as typed, understood. `words` are the parts for plain text, `problem` says what was not
    understood."""

    tests: tuple[tuple[str, Test], ...]
    words: tuple[str, ...]
    problem: str = ""
    shows_others: bool = True


def parse_filter(text: str, staged: Staged, now: datetime, store: Store) -> Filter:
    """Understand a filter: words, "quotes", ``-`` for not, and fields. All of it has to match."""
    tests: list[tuple[str, Test]] = []
    words: list[str] = []
    problem, shows_others = "", True
    for minus, prefix, quoted, bare in _WORD.findall(text.lower()):
        denied = bool(minus) or (bare.startswith("-") and len(bare) > 1)
        word = prefix + quoted if not bare else bare.removeprefix("-")
        if not word:
            continue
        is_plain = not bare and not prefix
        test = _text(word) if is_plain else _test(word, staged, now, store)
        if test is None:
            problem = f"“{word}” is not understood; known are {FIELDS}"
        else:
            tests.append((f"-{word}", _not(test)) if denied else (word, test))
            name = word.partition(":")[0]
            concerns_certificates = name in ("is", "org", "key", "rule", "issuer") or "expires" in name
            shows_others = shows_others and not concerns_certificates
            words += [] if denied else [word]
    return Filter(tuple(tests), tuple(words), problem, shows_others)


def matching(items: Sequence[Item], chosen: Filter, among: Sequence[int] | None = None) -> list[int]:
    """Return the numbers of the items that match; `among` is where to look, everywhere for None."""
    numbers: Sequence[int] = range(len(items)) if among is None else among
    for _, test in chosen.tests:
        numbers = [number for number in numbers if test(items[number])]
    return list(numbers)


def matching_others(others: Sequence[OtherFile], chosen: Filter) -> list[int]:
    """The same of files that hold no certificate for lookup: fields do not concern them, words do."""
    if not chosen.shows_others:
        return []
    words = [word.removeprefix("file:") for word in chosen.words]
    return [number for number, other in enumerate(others) if all(word in other.search for word in words)]


def excluding_word(items: Sequence[Item], chosen: Filter) -> str:
    """The word of a filter that lets the fewest items through; empty where there is none."""
    counts = {word: sum(map(test, items)) for word, test in chosen.tests}
    return min(counts, key=counts.__getitem__, default="")


def ordered(items: Sequence[Item], numbers: list[int], order: Order, reverse: bool) -> list[int]:
    """Return `numbers` sorted by `order`; items of equal rank stay in the order of their titles."""
    if order is Order.NAME:  # the items' own order
        return sorted(numbers, reverse=reverse)
    rank = _RANKS[order]
    return sorted(sorted(numbers), key=lambda number: rank(items[number]), reverse=reverse)


def _not(test: Test) -> Test:
    return lambda item: not test(item)


def _text(word: str) -> Test:
    digits = word.replace(":", "")
    if len(digits) >= 8 and digits != word and all(character in "0123456789abcdef" for character in digits):
        return lambda item: digits in item.search
    return lambda item: word in item.search


def _test(word: str, staged: Staged, now: datetime, store: Store) -> Test | None:
    """What the word asks of an item; None where it is not understood."""
    name, colon, value = word.partition(":")
    if (found := _EXPIRES.fullmatch(word)) is not None:
        limit = _limit(now, int(found[2][:7]) * _DAYS[found[3]])
        if found[1] == "<":
            return lambda item: item.not_after is not None and item.not_after < limit
        return lambda item: item.not_after is not None and item.not_after > limit
    if name.startswith("expires") and (name != "expires" or colon):
        return None
    match name if colon else "":
        case "is":
            return _is(value, staged, now)
        case "org":
            return lambda item: value in item.organisation.lower()
        case "key":
            return lambda item: value in item.key.lower()
        case "issuer":
            return lambda item: value in item.row.certificate.issuer.title.lower()
        case "link" | "file" | "subject":
            return lambda item: value in item.search
        case "rule":
            found_by = {
                sha
                for sha, findings in store.findings_by_sha256.items()
                if any(finding.rule.startswith(value) for finding in findings)
            }
            return lambda item: item.sha256 in found_by
        case "" | "sha256" | "sha1":
            return _text(value if colon else word.removeprefix("subject~"))
    return _text(word) if all(c in "0123456789abcdef:" for c in word) else None


def _limit(now: datetime, days: int) -> datetime:
    try:
        return now + timedelta(days=days)
    except OverflowError:
        return _FAR


def _is(value: str, staged: Staged, now: datetime) -> Test | None:
    match value:
        case "trusted" | "on":
            return lambda item: item.trusted
        case "off" | "untrusted" | "distrusted":
            return lambda item: not item.trusted
        case "broken" | "defect":
            return lambda item: item.mark is Mark.DEFECT
        case "unlinked":
            return lambda item: item.mark is Mark.NOT_LINKED
        case "staged":
            chosen = staged.trust | staged.distrust
            return lambda item: item.sha256 in chosen
        case "expired":
            return lambda item: item.not_after is not None and item.not_after < now
        case _:
            return None


_MARKS = {mark: number for number, mark in enumerate(Mark)}
_RANKS: Mapping[Order, Callable[[Item], str | int | float]] = {
    Order.NAME: lambda item: item.title.casefold(),
    Order.STATE: lambda item: _MARKS[item.mark],
    Order.LINK: lambda item: item.link,
    Order.KEY: lambda item: item.key,
    Order.ORGANISATION: lambda item: item.organisation.casefold(),
    Order.UNTIL: lambda item: item.not_after.timestamp() if item.not_after else 0.0,
}
