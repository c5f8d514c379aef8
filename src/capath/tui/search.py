"""The filter and the order of the certificate table: pure functions from items to row numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from capath.errors import StrEnum
from capath.report.standing import Mark
from capath.tui.model import Item, Staged

FILTER_HELP = "words is:off is:trusted is:staged org:x key:rsa expires<1y"
_EXPIRES = re.compile(r"expires<(\d+)([dmy])")
_DAYS = {"d": 1, "m": 30, "y": 365}
Test = Callable[[Item], bool]


class Order(StrEnum):
    """What the table is sorted by, in the order the sort key cycles through."""

    TITLE = "subject"
    STATE = "state"
    LINK = "link"
    KEY = "key"
    UNTIL = "until"


def matching(items: Sequence[Item], text: str, staged: Staged, now: datetime) -> list[int]:
    """Return the numbers of the items that match every word of `text`; all for an empty text."""
    words = text.lower().split()
    if not words:
        return list(range(len(items)))
    tests = [_test(word, staged, now) for word in words]
    return [number for number, item in enumerate(items) if all(test(item) for test in tests)]


def ordered(items: Sequence[Item], numbers: list[int], order: Order, reverse: bool) -> list[int]:
    """Return `numbers` sorted by `order`; items of equal rank stay in the order of their titles."""
    rank = _RANKS[order]
    return sorted(sorted(numbers), key=lambda number: rank(items[number]), reverse=reverse)


def unknown_word(text: str) -> str:
    """The first word of `text` that looks like a filter and is none; empty where all are known."""
    for word in text.lower().split():
        name, colon, value = word.partition(":")
        if name == "is" and colon and not any(value in known for known in _STATES):
            return word
        if word.startswith("expires") and _EXPIRES.fullmatch(word) is None:
            return word
    return ""


def _test(word: str, staged: Staged, now: datetime) -> Test:
    name, _, value = word.partition(":")
    match name:
        case "is" if value:
            return _is(value, staged, now)
        case "org" if value:
            return lambda item: value in item.organisation.lower()
        case "key" if value:
            return lambda item: value in item.key.lower()
    if (found := _EXPIRES.fullmatch(word)) is not None:
        limit = now + timedelta(days=int(found[1][:5]) * _DAYS[found[2]])
        return lambda item: item.not_after is not None and item.not_after < limit
    digits = word.replace(":", "")
    return lambda item: word in item.search or (len(digits) >= 8 and digits in item.search)


def _is(value: str, staged: Staged, now: datetime) -> Test:
    match value:
        case "trusted" | "on":
            return lambda item: item.trusted
        case "off" | "untrusted":
            return lambda item: not item.trusted
        case "broken" | "defect":
            return lambda item: item.mark is Mark.DEFECT
        case "staged":
            chosen = staged.taken_in | staged.taken_out
            return lambda item: item.sha256 in chosen
        case "expired":
            return lambda item: item.not_after is not None and item.not_after < now
        case _:
            return lambda item: value in item.state_word


_STATES = (
    "trusted",
    "on",
    "off",
    "untrusted",
    "broken",
    "defect",
    "staged",
    "expired",
    "link broken",
    "not linked",
)
_MARKS = list(Mark)
_RANKS: dict[Order, Callable[[Item], str | int | float]] = {
    Order.TITLE: lambda item: item.title.casefold(),
    Order.STATE: lambda item: _MARKS.index(item.mark),
    Order.LINK: lambda item: item.link,
    Order.KEY: lambda item: item.key,
    Order.UNTIL: lambda item: item.not_after.timestamp() if item.not_after else 0.0,
}
