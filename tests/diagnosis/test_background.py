"""What there is to know of a root: its family in the directory, and what lists say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from capath.demo import authority
from capath.diagnosis.background import (
    Background,
    Distrusted,
    Included,
    MozillaStanding,
    NeverIncluded,
    Removed,
    background_of,
)
from capath.pki.load import read_certificate
from capath.report.background import background_json, background_lines, standing_text
from capath.sources.mozilla_roots import MozillaRoot, TlsTrust
from capath.store import list_store, scan
from tests.audit.worlds import LIST_DATE, mozilla_list, mozilla_root
from tests.tls.conftest import rehash


def family(directory: Path) -> dict[str, authority.Identity]:
    """An old root, a new one that it cross-signed, the new one reissued, one of its name, and an intermediate."""
    key = authority.new_key()
    old = authority.root("Old Root")
    new = authority.root("New Root", key=key)
    identities = {
        "old": old,
        "new": new,
        "reissue": authority.root("New Root", key=key),
        "cross": authority.intermediate(old, "New Root", key=key),
        "namesake": authority.root("New Root"),
        "child": authority.intermediate(new, "Child"),
    }
    for name, identity in identities.items():
        (directory / f"{name}.pem").write_bytes(identity.pem)
    rehash(directory)
    return identities


def of(directory: Path, identity: authority.Identity, *known: MozillaRoot, **options: object) -> Background:
    certificate, _ = read_certificate(identity.certificate.public_bytes(Encoding.DER))
    listing = list_store(scan(directory))
    return background_of(listing, certificate, mozilla=mozilla_list(*known), **options)  # type: ignore[arg-type]


def test_the_family_of_a_root_is_told_apart(tmp_path: Path) -> None:
    """Children by signature, twins by key, namesakes by name alone."""
    identities = family(tmp_path)
    known = of(tmp_path, identities["new"])
    assert [row.file for row in known.children] == ["child.pem"]
    assert [row.file for row in known.reissues] == ["reissue.pem"]
    assert [row.file for row in known.cross_signs] == ["cross.pem"]
    assert [row.file for row in known.namesakes] == ["namesake.pem"]
    assert known.issuers == ()
    assert known.organisation == "capath demo"


def test_a_cross_sign_names_who_signed_it(tmp_path: Path) -> None:
    """And the old root has it among its children."""
    identities = family(tmp_path)
    assert [row.file for row in of(tmp_path, identities["cross"]).issuers] == ["old.pem"]
    assert [row.file for row in of(tmp_path, identities["old"]).children] == ["cross.pem"]


SINCE, ON = date(2010, 1, 1), date(2020, 1, 1)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (NeverIncluded(LIST_DATE), "never in its list"),
        (Included(SINCE, True, LIST_DATE), "trusted for TLS servers, included since 2010-01-01"),
        (Included(SINCE, False, LIST_DATE), "not trusted for TLS servers"),
        (Removed(SINCE, ON, "a reason", LIST_DATE), "included from 2010-01-01 to 2020-01-01: a reason"),
        (Distrusted(SINCE, "", LIST_DATE), "actively distrusted"),
    ],
)
def test_every_standing_has_its_words_and_its_date(standing: MozillaStanding, words: str) -> None:
    """What Mozilla makes of a root is told with the date of the list it rests on."""
    assert words in standing_text(standing)
    assert "(list of 2026-05-01)" in standing_text(standing)


def test_lists_say_when_a_root_came_and_went(tmp_path: Path) -> None:
    """Mozilla's table, other lists by name, and the limits, all in one."""
    root = family(tmp_path)["old"]
    sha256 = root.certificate.fingerprint(SHA256()).hex()
    known = of(tmp_path, root, mozilla_root(sha256, removed=ON), lists={"certifi": {sha256}, "other": set[str]()})
    assert known.mozilla == Removed(SINCE, ON, "", LIST_DATE)
    assert known.lists == ("certifi",)
    constrained = of(tmp_path, root, mozilla_root(sha256, constraints="*.tr"))
    assert ("Limit", "only names under *.tr (Mozilla's list of 2026-05-01)") in background_lines(constrained)
    assert of(tmp_path, root, mozilla_root(sha256, tls=TlsTrust.DISTRUSTED)).mozilla == Distrusted(
        SINCE, "", LIST_DATE
    )


def test_background_is_json_and_text(tmp_path: Path) -> None:
    """The same facts for scripts and for people."""
    identities = family(tmp_path)
    known = of(tmp_path, identities["new"])
    content = background_json(known)
    assert len(content["children"]) == 1
    assert content["mozilla"] == {"state": "never-included", "list_date": "2026-05-01"}
    headings = [heading for heading, _ in background_lines(known)]
    assert headings == ["Operator", "Mozilla", "Signed here", "Same key", "Cross-signed", "Other key"]
