"""The smallest set of roots, against trying every set."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from capath.remedy.minimise import Alternative, minimise

Alternatives = Mapping[str, Collection[Alternative]]


def any_of(*roots: str) -> list[Alternative]:
    """Each root carries the host alone."""
    return [frozenset({root}) for root in roots]


def smallest_size(alternatives: Alternatives) -> int:
    """By trying all sets, the small ones first."""
    roots = sorted(set().union(*(each for found in alternatives.values() for each in found), frozenset()))
    served = [found for found in alternatives.values() if found]
    for size in range(len(roots) + 1):
        for chosen in itertools.combinations(roots, size):
            if all(any(each <= set(chosen) for each in found) for found in served):
                return size
    raise AssertionError("all roots together carry all hosts")


ROOTS = st.frozensets(st.sampled_from("abcdefg"), min_size=1, max_size=3)
HOSTS = st.dictionaries(st.sampled_from("123456789"), st.lists(ROOTS, max_size=4), max_size=9)


@settings(max_examples=300, deadline=None)
@given(HOSTS)
def test_no_smaller_set_does_it(alternatives: dict[str, list[Alternative]]) -> None:
    """The answer carries every host that can be carried, and is as small as the smallest there is."""
    found = minimise(alternatives)
    assert found.exact
    assert len(found.roots) == smallest_size(alternatives)
    assert set(found.without_path) == {host for host, sets in alternatives.items() if not sets}
    assert found.used.keys() == alternatives.keys() - set(found.without_path)
    for host, alternative in found.used.items():
        assert alternative in alternatives[host]
        assert alternative <= found.roots


def test_a_root_that_serves_two_hosts_is_taken_for_both() -> None:
    """Cross-signed paths make it a choice: one root for both, not one for each."""
    found = minimise({"one": any_of("old", "new"), "two": any_of("new", "other")})
    assert found.roots == {"new"}


def test_a_path_that_wants_two_certificates_costs_two() -> None:
    """An intermediate that only the store gives counts, so a root that suffices alone is preferred."""
    found = minimise({"one": [frozenset({"root", "intermediate"}), frozenset({"other"})]})
    assert found.roots == {"other"}


def test_hosts_without_a_path_are_named_and_do_not_hinder() -> None:
    """What no root carries is left out of the cover and said."""
    found = minimise({"good": any_of("a"), "dead": []})
    assert (found.roots, found.without_path) == (frozenset({"a"}), ("dead",))


def test_greed_alone_would_be_wrong() -> None:
    """The root that carries most hosts is not in the smallest set."""
    needs = {
        "1": any_of("top", "middle"),
        "2": any_of("top", "middle"),
        "3": any_of("top", "third"),
        "4": any_of("bottom", "middle"),
        "5": any_of("bottom", "middle"),
        "6": any_of("bottom", "sixth"),
    }
    assert minimise(needs).roots == {"top", "bottom"}


def test_a_search_that_is_cut_off_says_so_and_still_carries_every_host() -> None:
    """Beyond the limit the answer is a good one, not proven the best."""
    dice = random.Random(1)
    needs = {str(n): any_of(*dice.sample([f"r{k:02}" for k in range(60)], 4)) for n in range(150)}
    found = minimise(needs, steps_limit=3)
    assert not found.exact
    assert all(any(each <= found.roots for each in sets) for sets in needs.values())


def test_the_sizes_that_people_have_are_solved_exactly() -> None:
    """A thousand hosts on a hundred and fifty roots, most with one path, some cross-signed."""
    dice = random.Random(2)
    roots = [f"root {n}" for n in range(150)]
    needs = {}
    for n in range(1000):
        own = dice.choice(roots[:60])
        needs[f"host {n}"] = any_of(own, *dice.sample(roots, dice.choice([0, 0, 0, 1, 2])))
    found = minimise(needs)
    assert found.exact
    assert found == minimise(dict(reversed(needs.items())))
