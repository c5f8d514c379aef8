"""NSS's certdata.txt of 2008, of today, and damaged."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from capath.sources.detect import source_of_bytes
from capath.sources.item import ServerTrust
from tests.minting import Minted, mint_root
from tests.sources.reading import REAL_DATA, fingerprints, needs_real_data, nobody, octal, split

A, B = mint_root("Root A"), mint_root("Root B")
D = "241130235959Z"
DATE = datetime(2024, 11, 30, 23, 59, 59, tzinfo=timezone.utc)


def _identity(minted: Minted) -> str:
    name = minted.certificate.issuer.public_bytes()
    serial = minted.certificate.serial_number
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    return f"CKA_ISSUER {octal(name)}\nCKA_SERIAL_NUMBER {octal(bytes((2, len(octets))) + octets)}\n"


def _certificate(minted: Minted, label: str = "Root", more: str = "") -> str:
    return (
        f'# a comment\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_LABEL UTF8 "{label}"\n'
        f"{_identity(minted)}CKA_VALUE {octal(minted.der)}\n{more}\n"
    )


def _trust(minted: Minted, word: str, more: str = "", family: str = "NSS") -> str:
    return (
        f'CKA_CLASS CK_OBJECT_CLASS CKO_{family}_TRUST\nCKA_LABEL UTF8 "Root"\n{_identity(minted)}'
        f"CKA_TRUST_SERVER_AUTH CK_TRUST {word}\n{more}\n"
    )


def _after(text: str) -> str:
    return f"CKA_NSS_SERVER_DISTRUST_AFTER {octal(text.encode())}"


def _read(*parts: str) -> bytes:
    return ("# NSS\nBEGINDATA\n" + "\n".join(parts)).encode()


@pytest.mark.parametrize(
    ("word", "servers"),
    [
        ("CKT_NSS_TRUSTED_DELEGATOR", "yes"),
        ("CKT_NETSCAPE_TRUSTED_DELEGATOR", "yes"),
        ("CKT_NSS_MUST_VERIFY_TRUST", "no"),
        ("CKT_NETSCAPE_VALID", "no"),
        ("CKT_NSS_TRUST_UNKNOWN", "no"),
        ("CKT_NSS_NOT_TRUSTED", "distrusted"),
        ("CKT_NETSCAPE_UNTRUSTED", "distrusted"),
    ],
)
def test_trust_is_read_in_the_words_of_both_ages(word: str, servers: str) -> None:
    """NSS renamed its words in 2010; they mean the same."""
    family = word.split("_")[1]
    items, refused = split(source_of_bytes("c", _read(_certificate(A), _trust(A, word, family=family)), nobody))
    assert [(item.certificate.sha256, item.claims.servers) for item in items] == [(A.sha256, servers)]
    assert refused == []


def test_objects_are_paired_by_issuer_and_serial_and_not_by_place() -> None:
    """Trust objects may stand before, behind, or far from their certificates."""
    parts = (
        _trust(B, "CKT_NSS_NOT_TRUSTED"),
        _certificate(A),
        _certificate(B),
        _trust(A, "CKT_NSS_TRUSTED_DELEGATOR"),
    )
    items, _ = split(source_of_bytes("c", _read(*parts), nobody))
    assert {item.certificate.sha256: item.claims.servers for item in items} == {
        A.sha256: ServerTrust.YES,
        B.sha256: ServerTrust.DISTRUSTED,
    }


@pytest.mark.parametrize("on_trust_object", [False, True])
def test_distrust_after_may_stand_on_either_object(on_trust_object: bool) -> None:
    """Izenpe's stands on its trust object, Entrust's on the certificates."""
    date, none = _after(D), "CKA_NSS_SERVER_DISTRUST_AFTER CK_BBOOL CK_FALSE"
    on_certificate, on_trust = (none, date) if on_trust_object else (date, "")
    parts = _certificate(A, more=on_certificate), _trust(A, "CKT_NSS_TRUSTED_DELEGATOR", on_trust)
    items, _ = split(source_of_bytes("c", _read(*parts), nobody))
    assert items[0].claims.distrust_after == DATE


def test_a_trust_object_without_its_certificate_is_said() -> None:
    """It distrusts something that the file does not hold; that is no error of the rest."""
    parts = _certificate(A), _trust(A, "CKT_NSS_TRUSTED_DELEGATOR"), _trust(B, "CKT_NSS_NOT_TRUSTED")
    items, refused = split(source_of_bytes("c", _read(*parts), nobody))
    assert fingerprints(items) == [A.sha256]
    assert "not in the file" in refused[0].reason


def test_a_certificate_without_a_trust_object_is_trusted_for_nothing() -> None:
    """It comes, off, with a note."""
    items, _ = split(source_of_bytes("c", _read(_certificate(A)), nobody))
    assert items[0].claims.servers is ServerTrust.NO
    assert items[0].notes


def test_labels_with_escaped_octets_become_text() -> None:
    """Older files write UTF-8 in escapes."""
    items, _ = split(source_of_bytes("c", _read(_certificate(A, r"Sa\xC4\x9Flay")), nobody))
    assert items[0].claims.label == "Sağlay"


def test_octets_without_an_end_cost_their_object_alone() -> None:
    """A damaged object is refused and the next is read."""
    damaged = _certificate(A).replace("END\n\n", "\n")
    items, refused = split(source_of_bytes("c", _read(damaged, _certificate(B)), nobody))
    assert fingerprints(items) == [B.sha256]
    assert "no END" in refused[0].reason


@needs_real_data
def test_the_real_file_gives_the_counts_that_grep_gives() -> None:
    """167 certificates, 121 of them for servers, 6 with a date: NSS, May 2026."""
    data = (REAL_DATA / "certdata.txt").read_bytes()
    items, refused = split(source_of_bytes("certdata.txt", data, nobody))
    assert refused == []
    assert len(set(fingerprints(items))) == data.count(b"CK_OBJECT_CLASS CKO_CERTIFICATE\n") == 167
    for_servers = sum(item.claims.servers is ServerTrust.YES for item in items)
    assert for_servers == data.count(b"CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR\n") == 121
    dated = sum(item.claims.distrust_after is not None for item in items)
    assert dated == data.count(b"CKA_NSS_SERVER_DISTRUST_AFTER MULTILINE_OCTAL\n") == 6
