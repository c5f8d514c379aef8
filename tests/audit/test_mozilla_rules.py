"""Rules that rest on Mozilla's list, and the list itself."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from capath.audit import Severity
from capath.sources.mozilla_roots import MozillaRoot, TlsTrust, mozilla_roots
from capath.store.constraints import OWN_LIMIT, Kept, KeptConstraints
from tests.audit.worlds import LIST_DATE, Spec, audit, make_store, mozilla_list, mozilla_root, sha256_of

PEM = Spec().pem()
SHA256 = sha256_of(PEM)
DATE = datetime(2025, 4, 15, 23, 59, 59, tzinfo=timezone.utc)
CASES = {
    "distrusted-by-mozilla": (Severity.ERROR, mozilla_root(SHA256, tls=TlsTrust.DISTRUSTED, reason="a break-in")),
    "removed-by-mozilla": (Severity.WARNING, mozilla_root(SHA256, removed=date(2024, 1, 1))),
    "distrust-after": (Severity.WARNING, mozilla_root(SHA256, distrust_after=DATE)),
    "not-for-tls-servers": (Severity.WARNING, mozilla_root(SHA256, tls=TlsTrust.NO)),
    "mozilla-name-constraint": (Severity.WARNING, mozilla_root(SHA256, constraints="*.tr")),
}


@pytest.mark.parametrize("rule", CASES)
def test_what_mozilla_thinks_is_said_with_the_date_of_its_list(tmp_path: Path, rule: str) -> None:
    """Each standing in the list has its rule, and the finding carries the list's date."""
    severity, root = CASES[rule]
    found = audit(make_store(tmp_path / "store", {"root.pem": PEM}), mozilla=mozilla_list(root))
    assert list(found) == [rule]
    assert found[rule][0].severity is severity
    assert found[rule][0].list_date == LIST_DATE


def test_a_root_in_the_list_and_trusted_there_is_clean(tmp_path: Path) -> None:
    """Nothing is said of a root that Mozilla trusts for servers."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    assert audit(store, mozilla=mozilla_list(mozilla_root(SHA256))) == {}


def test_a_root_of_no_list_is_spoken_of_in_neutral_words(tmp_path: Path) -> None:
    """A private CA is neither an error nor an accusation."""
    (finding,) = audit(make_store(tmp_path / "store", {"root.pem": PEM}), mozilla=mozilla_list())[
        "not-in-mozilla-list"
    ]
    assert finding.severity is Severity.WARNING
    assert "private CA" in finding.text


def test_a_date_of_distrust_is_not_told_as_the_day_the_root_dies(tmp_path: Path) -> None:
    """Distrust-after speaks of leaves: the remedy keeps the root."""
    root = mozilla_root(SHA256, distrust_after=DATE)
    (finding,) = audit(make_store(tmp_path / "store", {"root.pem": PEM}), mozilla=mozilla_list(root))[
        "distrust-after"
    ]
    assert "until 2025-04-15" in finding.text
    assert finding.remedy.startswith("keep it")


def test_the_table_that_comes_with_capath_is_whole() -> None:
    """The counts are those of NSS in May 2026: 451 roots ever, 167 in, 121 of them for servers."""
    table = mozilla_roots()
    assert table.date == date(2026, 5, 1)
    current = [root for root in table.roots.values() if table.included(root.sha256)]
    assert len(table.roots) == 451
    assert Counter(root.tls for root in current) == {TlsTrust.YES: 121, TlsTrust.NO: 46}
    assert len([root for root in current if root.distrust_after]) == 6
    assert [root.label for root in current if root.constraints] == [
        "TUBITAK Kamu SM SSL Kok Sertifikasi - Surum 1"
    ]
    assert all(_is_well_formed(root) for root in table.roots.values())


def _is_well_formed(root: MozillaRoot) -> bool:
    return len(root.sha256) == 64 and bool(root.label) and (root.removed is None or root.removed >= root.included)


def test_limits_kept_beside_the_store_come_before_the_table(tmp_path: Path) -> None:
    """What an import wrote down is newer than the table, and says where it comes from."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    kept = KeptConstraints({SHA256: Kept(SHA256, "", DATE, "*.tr", "certdata.txt")})
    found = audit(store, mozilla=mozilla_list(mozilla_root(SHA256)), kept=kept)
    assert set(found) == {"distrust-after", "mozilla-name-constraint"}
    assert "certdata.txt" in found["distrust-after"][0].evidence


def test_a_limit_of_ones_own_is_not_said_to_be_mozillas(tmp_path: Path) -> None:
    """What Mozilla itself says of the root is found as before."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    kept = KeptConstraints({SHA256: Kept(SHA256, "", DATE, "*.corp.example", OWN_LIMIT)})
    assert not audit(store, mozilla=mozilla_list(mozilla_root(SHA256)), kept=kept)
    found = audit(store, mozilla=mozilla_list(mozilla_root(SHA256, constraints="*.tr")), kept=kept)
    assert "*.tr" in found["mozilla-name-constraint"][0].text


def test_limits_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    """A damaged file of limits means that no leaf is judged by them."""
    store = make_store(tmp_path / "store", {"root.pem": PEM})
    found = audit(store, kept=KeptConstraints(fault="damaged"))
    assert found["limits-unreadable"][0].evidence == "damaged"
