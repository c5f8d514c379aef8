"""The filter and the order of the certificates: pure functions from items to row numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from capath.errors import BadInputError, StrEnum, assert_never
from capath.pki.visible import visible
from capath.report.standing import Mark
from capath.store.select import Term, TermKind, moment_of, parse_term
from capath.tui.model import Item, OtherFile, Staged, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = "is:off is:trusted is:staged is:expired org:x key:rsa expires<90d rule:x file:x -not “two words”"
_WORD = re.compile(r'(-?)((?:[a-z]+[:~])?)"([^"]*)"?|(\S+)', re.IGNORECASE)
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
    """A filter as typed, understood: a test is a text that is looked for, or a function. `words` are the parts
    for plain text, `problem` says what was not understood."""

    tests: tuple[tuple[str, Test | str], ...]
    words: tuple[str, ...]
    problem: str = ""
    shows_others: bool = True


def parse_filter(text: str, staged: Staged, now: datetime, store: Store) -> Filter:
    """Understand a filter: words, "quotes", ``-`` for not, and the terms of `capath.store.select`. All has to
    match."""
    tests: list[tuple[str, Test | str]] = []
    words: list[str] = []
    problem, shows_others = "", True
    for minus, prefix, quoted, bare in _WORD.findall(text.lower()):
        denied = bool(minus) or (bare.startswith("-") and len(bare) > 1)
        word = bare.removeprefix("-") if bare else prefix + quoted
        if not word:
            continue
        try:
            test, is_word = _test(word, staged, now, store, is_quoted=not bare and not prefix)
        except BadInputError as error:
            hint = f"; {error.hint}" if getattr(error, "hint", "") else f"; known are {FIELDS}"
            problem = f"{error}{hint}"
            continue
        tests.append((f"-{word}", _not(test)) if denied else (word, test))
        shows_others = shows_others and (is_word or word.startswith("file:"))
        words += [] if denied else [word.removeprefix("file:")]
    return Filter(tuple(tests), tuple(words), problem, shows_others)


def matching(items: Sequence[Item], chosen: Filter, among: Sequence[int] | None = None) -> list[int]:
    """Return the numbers of the items that match; `among` is where to look, everywhere for None."""
    numbers: Sequence[int] = range(len(items)) if among is None else among
    for _, test in chosen.tests:
        if isinstance(test, str):
            numbers = [number for number in numbers if test in items[number].search]
        else:
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
    counts = {word: len(matching(items, Filter(((word, test),), ()))) for word, test in chosen.tests}
    return min(counts, key=counts.__getitem__, default="")


class Orders:
    """The orders of one store's items, each sorted when it is first asked for."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._orders: dict[Order, list[int]] = {}

    def sorted(self, numbers: list[int], order: Order, reverse: bool) -> list[int]:
        """Return `numbers`, which ascend, by `order`; items of equal rank stay in the order of their titles."""
        if order is Order.NAME:  # the items' own order
            return numbers[::-1] if reverse else numbers
        whole = self._orders.get(order)
        if whole is None:
            rank = _RANKS[order]
            ranks = [rank(item) for item in self._items]
            whole = self._orders[order] = sorted(range(len(ranks)), key=ranks.__getitem__)
        if len(numbers) < len(whole):
            chosen = frozenset(numbers)
            whole = [number for number in whole if number in chosen]
        return whole[::-1] if reverse else whole


def _not(test: Test | str) -> Test:
    if isinstance(test, str):
        return lambda item: test not in item.search
    return lambda item: not test(item)


def _text(word: str) -> str:
    """What is looked for in a certificate's text: a fingerprint is there without its colons."""
    digits = word.replace(":", "")
    is_fingerprint = len(digits) >= 8 and all(character in "0123456789abcdef" for character in digits)
    return digits if is_fingerprint else word


def _test(word: str, staged: Staged, now: datetime, store: Store, *, is_quoted: bool) -> tuple[Test | str, bool]:
    """What the word asks of a certificate, and whether it is text rather than a field. Raises BadInputError."""
    name, colon, value = word.partition(":")
    if is_quoted:
        return _text(word), True
    if word == "is:staged":
        chosen = staged.trust | staged.distrust
        return (lambda item: item.sha256 in chosen), False
    match name if colon else "":
        case "issuer":
            return (lambda item: value in item.row.certificate.issuer.title.lower()), False
        case "file" | "link" | "subject":
            return value, False
    if word in _UNFINISHED:  # a field that is still being typed hides nothing
        return (lambda item: True), True
    if word.startswith("expires") and word[7:8] not in ("<", ">", ""):
        raise BadInputError(f"{visible(word)}: this is not a time span or date", hint="write expires<90d")
    term = parse_term(word)
    return _of_term(term, now, store), term.kind is TermKind.NAME


def _of_term(term: Term, now: datetime, store: Store) -> Test | str:
    """The test of one term of the language that the command line has, too."""
    value = term.value
    match term.kind:
        case TermKind.NAME:
            return _text(value)
        case TermKind.SUBJECT:
            return value
        case TermKind.ORGANISATION:
            return lambda item: value in item.organisation.lower()
        case TermKind.KEY:
            asked = value.replace(" ", "")
            return lambda item: asked in item.key.lower().replace(" ", "")
        case TermKind.STATE if value == "expired":
            return lambda item: item.not_after is not None and item.not_after < now
        case TermKind.STATE:
            mark = _STATE_MARKS[value]
            return lambda item: item.mark is mark
        case TermKind.EXPIRES_BEFORE:
            limit = moment_of(value, now)
            return lambda item: item.not_after is not None and item.not_after < limit
        case TermKind.EXPIRES_AFTER:
            limit = moment_of(value, now)
            return lambda item: item.not_after is not None and item.not_after > limit
        case TermKind.RULE:
            found = {
                sha
                for sha, findings in store.findings_by_sha256.items()
                if any(finding.rule.startswith(value) for finding in findings)
            }
            return lambda item: item.sha256 in found
        case TermKind.LIST:
            raise BadInputError("@FILE is for the command line: here a list is imported, or compared with")
        case _:
            assert_never(term.kind)


_UNFINISHED = frozenset({"is:", "org:", "key:", "rule:", "expires", "expires<", "expires>", "@"})
_STATE_MARKS = {"trusted": Mark.TRUSTED, "off": Mark.OFF, "not-linked": Mark.NOT_LINKED, "broken": Mark.DEFECT}
_MARKS = {mark: number for number, mark in enumerate(Mark)}
_RANKS: Mapping[Order, Callable[[Item], str | int | float]] = {
    Order.NAME: lambda item: item.title.casefold(),
    Order.STATE: lambda item: _MARKS[item.mark],
    Order.LINK: lambda item: item.link,
    Order.KEY: lambda item: item.key,
    Order.ORGANISATION: lambda item: item.organisation.casefold(),
    Order.UNTIL: lambda item: item.not_after.timestamp() if item.not_after else 0.0,
}
