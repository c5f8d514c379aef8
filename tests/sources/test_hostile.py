"""No reader fails, hangs or loses its way on any octets: what it cannot read is a refusal."""

from __future__ import annotations

import io

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from capath.sources.detect import source_of_bytes, source_of_stream
from capath.sources.item import Item, Refused
from tests.minting import mint_root
from tests.sources.reading import nobody, octal

A = mint_root("Root A")
GOOD = {
    "pem": A.pem,
    "der": A.der,
    "csv": b'"Owner","Trust Bits","PEM Info"\n"x","Websites","\'' + A.pem + b"'\"\n",
    "certdata": b"BEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\nCKA_VALUE "
    + octal(A.der).encode()
    + b"\n",
    "pkcs7": pkcs7.serialize_certificates([A.certificate], serialization.Encoding.DER),
    "pkcs12": pkcs12.serialize_key_and_certificates(
        None, None, None, [A.certificate], serialization.NoEncryption()
    ),
}


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(GOOD)),
    at=st.floats(0, 1),
    cut=st.integers(0, 40),
    put=st.binary(max_size=12),
)
def test_damaged_files_give_refusals_and_no_errors(kind: str, at: float, cut: int, put: bytes) -> None:
    """Octets taken out and put in anywhere: everything found is a certificate or a refusal with a reason."""
    good = GOOD[kind]
    place = int(at * len(good))
    for found in source_of_bytes("x", good[:place] + put + good[place + cut :], nobody).read():
        assert isinstance(found, Item) or found.reason


@pytest.mark.parametrize("kind", GOOD)
def test_truncation_anywhere_is_survived(kind: str) -> None:
    """A download cut short at any of a hundred places."""
    good = GOOD[kind]
    for number in range(100):
        found = list(source_of_bytes("x", good[: len(good) * number // 100], nobody).read())
        assert all(isinstance(item, Item | Refused) for item in found)


def test_deep_nesting_is_refused() -> None:
    """A thousand sequences in each other end in a refusal."""
    data = b"\x30\x80" * 2000
    assert all(isinstance(found, Refused) for found in source_of_bytes("x", data, nobody).read())


def test_what_is_too_large_to_be_read_whole_is_refused() -> None:
    """A file of zeros without end is not read to its end."""

    class Endless(io.BytesIO):
        """Gives as much as is asked for."""

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert size > 0
            return bytes(size)

    (found,) = source_of_stream("x", Endless, nobody).read()
    assert isinstance(found, Refused)
    assert "larger than 64 MiB" in found.reason


def test_a_flood_of_bad_blocks_is_counted_and_no_certificate_is_lost() -> None:
    """A hundred thousand refusals are a thousand and a number; what is good behind them comes."""
    data = b"-----BEGIN CERTIFICATE-----\n" * 100_000 + A.pem
    found = list(source_of_bytes("x", data, nobody).read())
    assert len([item for item in found if isinstance(item, Item)]) == 1
    assert len(found) == 1002
    assert isinstance(found[-1], Refused)
    assert "99,000 more" in found[-1].reason


def test_cells_that_begin_and_never_end_cost_no_time() -> None:
    """Each of sixty cells has thousands of BEGIN lines and no END."""
    cell = b"-----BEGIN CERTIFICATE-----" * 4000
    data = b'"Owner","PEM Info"\n' + b'"x","' + (cell + b'"\n"x","') * 60 + b'"\n'
    assert all(isinstance(found, Refused) for found in source_of_bytes("x", data, nobody).read())


def test_a_table_with_nul_in_its_header_is_read() -> None:
    """Octets that no CSV has are left out, not tripped over."""
    data = b'"Ow\0ner","PEM Info"\n"x\0","' + A.pem + b'"\n'
    assert [type(found) for found in source_of_bytes("x", data, nobody).read()] == [Item]
