"""WHICH: every kind of term, several matches, and what cannot be read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.errors import BadInputError
from capath.store.listing import Listing, list_store
from capath.store.select import moment_of, parse_term, select, select_all
from capath.store.walk import scan
from tests.minting import mint_root

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """A (expires in 2026), B, and C, which is off; B is linked."""
    (tmp_path / "a.pem").write_bytes(
        mint_root("Alpha Root", not_after=datetime(2026, 7, 1, tzinfo=timezone.utc)).pem
    )
    (tmp_path / "b.pem").write_bytes(mint_root("Beta Root").pem)
    (tmp_path / "untrusted").mkdir()
    (tmp_path / "untrusted/c.pem").write_bytes(mint_root("Gamma Root").pem)
    row = next(row for row in list_store(scan(str(tmp_path))).certificates if row.file == "b.pem")
    os.symlink("b.pem", tmp_path / f"{row.held.subject_hash}.0")
    return list_store(scan(str(tmp_path)))


def by_rule(rule: str) -> Collection[str]:
    raise BadInputError("there is no such rule")


def files(listing: Listing, *words: str, every: bool = True) -> list[str]:
    return [row.file for row in select(listing, words, every=every, now=NOW, rule=by_rule)]


def test_every_kind_of_term(listing: Listing) -> None:
    """Files, links, hashes, fingerprints, texts, states and dates."""
    row = next(row for row in listing.certificates if row.file == "b.pem")
    for word in (
        "b.pem",
        row.links[0],
        row.held.subject_hash,
        row.held.sha256[:8].upper(),
        row.held.sha1,
        "subject~beta",
    ):
        assert files(listing, word) == ["b.pem"], word
    assert files(listing, "c.pem") == ["untrusted/c.pem"]
    assert files(listing, "is:trusted") == ["b.pem"]
    assert files(listing, "is:off") == ["untrusted/c.pem"]
    assert files(listing, "is:not-linked") == ["a.pem"]
    assert files(listing, "expires<90d") == ["a.pem"]
    assert files(listing, "expires<2026-07-02") == ["a.pem"]
    assert files(listing, "expires>1y") == ["b.pem", "untrusted/c.pem"]
    assert files(listing, "key:p-256") == ["a.pem", "b.pem", "untrusted/c.pem"]


def test_words_are_joined_and_each_certificate_comes_once(listing: Listing) -> None:
    assert files(listing, "c.pem", "subject~root", "a.pem") == ["untrusted/c.pem", "a.pem", "b.pem"]


def test_several_matches_are_listed_without_all(listing: Listing) -> None:
    with pytest.raises(BadInputError, match="3 certificates match") as raised:
        files(listing, "subject~ROOT", every=False)
    assert "Gamma Root" in str(raised.value)
    assert "--all" in str(raised.value)


def test_the_nearest_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "company-root.pem").write_bytes(mint_root("Company").pem)
    with pytest.raises(BadInputError, match=r"did you mean company-root\.pem\?"):
        files(list_store(scan(str(tmp_path))), "companyroot.pem")


def test_a_list_names_all_of_its_certificates(listing: Listing, tmp_path: Path) -> None:
    """Without --all, and an error where one is missing."""
    fingerprints = [row.held.sha256 for row in listing.certificates if row.file in ("a.pem", "b.pem")]
    (tmp_path / "list").write_text("\n".join(f"{sha256}  Name" for sha256 in fingerprints))
    assert files(listing, f"@{tmp_path / 'list'}", every=False) == ["a.pem", "b.pem"]
    (tmp_path / "list").write_text("ab" * 32 + "  Missing Root\n")
    with pytest.raises(BadInputError, match="Missing Root"):
        files(listing, f"@{tmp_path / 'list'}")


@pytest.mark.parametrize(
    "word", ["expires<soon", "expires<9999", "is:staged", "rule:x", "nothing", "@/nowhere", "abcd"]
)
def test_what_names_nothing_is_an_error(listing: Listing, word: str) -> None:
    with pytest.raises(BadInputError):
        files(listing, word)


@pytest.mark.parametrize("span", ["99999y", "99999d"])
def test_a_span_beyond_the_calendar_is_its_end(span: str) -> None:
    assert moment_of(span, NOW) > NOW + timedelta(days=50_000)


@given(st.text())
def test_any_text_is_a_term_or_an_error(text: str) -> None:
    with contextlib.suppress(BadInputError):
        parse_term(text)


def test_select_all_gives_every_row_of_a_certificate(listing: Listing) -> None:
    assert [row.file for row in select_all(listing, "subject~root")] == ["a.pem", "b.pem", "untrusted/c.pem"]
