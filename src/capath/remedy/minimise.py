"""The smallest set of roots that keeps every host verifying: a set cover, solved exactly where it can be.

A host has alternatives, each a set of certificates that together carry it: mostly one root, two where roots are
cross-signed, more where the store also has to give an intermediate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

Alternative = frozenset[str]
_STEPS_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Minimum:
    """`roots` is the set; `used` which alternative of it carries each host; `without_path` the hosts that no
    set could carry. `exact`: no smaller set does it; false where the search was cut off and one might."""

    roots: frozenset[str]
    used: Mapping[str, Alternative]
    without_path: tuple[str, ...]
    exact: bool


def minimise(alternatives: Mapping[str, Collection[Alternative]], *, steps_limit: int = _STEPS_LIMIT) -> Minimum:
    """Return the smallest set of which every host of `alternatives` has one whole alternative.

    Of several smallest sets it is always the same one.
    """
    needs = {host: _minimal(found) for host, found in alternatives.items()}
    without_path = tuple(sorted(host for host, found in needs.items() if not found))
    chosen, rest = _forced(frozenset(), {need for need in needs.values() if need})
    exact = True
    for component in _components(rest):
        search = _Search(component, steps_limit)
        chosen |= search.run()
        exact = exact and not search.cut_off
    used = {host: _best(found, chosen) for host, found in sorted(needs.items()) if found}
    return Minimum(chosen, used, without_path, exact)


Need = frozenset[Alternative]
"""One host's alternatives, none of which contains another."""


def _minimal(found: Collection[Alternative]) -> Need:
    """Without alternatives that ask for more than another one asks for."""
    kept: list[Alternative] = []
    for alternative in sorted(set(found), key=_size_then_text):
        if not any(other <= alternative for other in kept):
            kept.append(alternative)
    return frozenset(kept)


def _forced(chosen: frozenset[str], needs: Iterable[Need]) -> tuple[frozenset[str], frozenset[Need]]:
    """Take what has no alternative, and leave out needs that are met, or are met whenever another one is."""
    rest = frozenset(needs)
    while True:
        reduced = {
            _minimal([alternative - chosen for alternative in need])
            for need in rest
            if not any(alternative <= chosen for alternative in need)
        }
        single = [need for need in reduced if len(need) == 1]
        if not single:
            return chosen, _without_weaker(reduced)
        for need in single:
            chosen = chosen.union(*need)
        rest = frozenset(reduced)


def _without_weaker(needs: Collection[Need]) -> frozenset[Need]:
    """A need that is met by everything that meets a stricter one asks for nothing."""
    kept: list[Need] = []
    for need in sorted(needs, key=_need_order):
        if not any(all(any(weaker <= each for weaker in need) for each in other) for other in kept):
            kept.append(need)
    return frozenset(kept)


def _components(needs: Collection[Need]) -> list[list[Need]]:
    """Needs that share no root are solved apart."""
    groups: list[tuple[set[str], list[Need]]] = []
    for need in sorted(needs, key=_need_order):
        roots = set().union(*need)
        touching = [group for group in groups if group[0] & roots]
        merged = (roots.union(*(group[0] for group in touching)), [n for group in touching for n in group[1]])
        merged[1].append(need)
        groups = [group for group in groups if group not in touching] + [merged]
    return [members for _, members in groups]


class _Search:
    """Branch and bound over one component: the need with the fewest alternatives is branched on."""

    def __init__(self, needs: list[Need], steps_limit: int) -> None:
        self._needs = needs
        self._steps_left = steps_limit
        self._best = _greedy(needs)
        self.cut_off = False

    def run(self) -> frozenset[str]:
        self._branch(frozenset(), frozenset(self._needs))
        return self._best

    def _branch(self, chosen: frozenset[str], needs: frozenset[Need]) -> None:
        if self._steps_left <= 0:
            self.cut_off = True
            return
        self._steps_left -= 1
        chosen, rest = _forced(chosen, needs)
        if not rest:
            if len(chosen) < len(self._best):
                self._best = chosen
            return
        if len(chosen) + _least(rest) >= len(self._best):
            return
        counts = _counts(rest)
        need = min(rest, key=_need_order)
        for alternative in sorted(
            need, key=lambda each: (len(each), -sum(counts[root] for root in each), sorted(each))
        ):
            self._branch(chosen | alternative, rest)


def _least(needs: Collection[Need]) -> int:
    """A number of roots that no solution goes below: needs that share no root each want one of their own."""
    seen: set[str] = set()
    least = 0
    for need in sorted(needs, key=_need_order):
        roots = set().union(*need)
        if not roots & seen:
            seen |= roots
            least += min(len(alternative) for alternative in need)
    return least


def _greedy(needs: Iterable[Need]) -> frozenset[str]:
    """A good set to begin with: always the alternative that meets most needs for what it costs."""
    chosen, rest = _forced(frozenset(), needs)
    while rest:
        chosen, rest = _forced(chosen | _most_useful(rest), rest)
    return chosen


def _most_useful(needs: Collection[Need]) -> Alternative:
    candidates = sorted({alternative for need in needs for alternative in need}, key=_size_then_text)

    def gain(alternative: Alternative) -> float:
        met = sum(any(each <= alternative for each in need) for need in needs)
        return met / len(alternative)

    return max(candidates, key=gain)


def _counts(needs: Iterable[Need]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for need in needs:
        for root in set().union(*need):
            counts[root] = counts.get(root, 0) + 1
    return counts


def _best(need: Need, chosen: frozenset[str]) -> Alternative:
    return min((alternative for alternative in need if alternative <= chosen), key=_size_then_text)


def _size_then_text(alternative: Alternative) -> tuple[int, list[str]]:
    return len(alternative), sorted(alternative)


def _need_order(need: Need) -> tuple[int, list[tuple[int, list[str]]]]:
    return len(need), sorted(map(_size_then_text, need))
