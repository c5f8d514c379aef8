"""What lookup finds: capath's walk against `openssl verify -CApath`, a fresh process for each question."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from capath.pki.load import read_certificate
from capath.store.listing import list_store
from capath.store.lookup import find_issuers, reachable, walk
from capath.store.walk import scan
from tests.minting import Minted, mint_crl, mint_intermediate, mint_leaf, mint_root, pem
from tests.oracle.openssl import needs_openssl, openssl, trusts

pytestmark = [pytest.mark.oracle, needs_openssl]


@dataclass
class Case:
    """A directory, and roots of one name kept outside it, to be asked for."""

    directory: Path
    outside: Path
    roots: list[Minted]

    @property
    def row(self) -> str:
        return read_certificate(self.roots[0].der)[0].subject_hash

    def put(self, slot: int, content: bytes) -> None:
        """A regular file in a slot."""
        (self.directory / f"{self.row}.{slot}").write_bytes(content)

    def link(self, slot: int, target: str) -> None:
        (self.directory / f"{self.row}.{slot}").symlink_to(target)

    def file(self, name: str, content: bytes) -> str:
        (self.directory / name).write_bytes(content)
        return name

    def path_of(self, minted: Minted) -> Path:
        path = self.outside / f"{minted.sha256}.pem"
        path.write_bytes(minted.pem)
        return path

    def assert_same(self, *minted: Minted) -> set[int]:
        """Each root is found by capath exactly if OpenSSL finds it; the numbers of those found."""
        asked = minted or tuple(self.roots)
        ours = reachable(scan(self.directory))
        found = set()
        for number, root in enumerate(asked):
            theirs = trusts(self.directory, self.path_of(root))
            assert (root.sha256 in ours) == theirs, number
            if theirs:
                found.add(number)
        return found


@pytest.fixture
def case(tmp_path: Path) -> Case:
    directory, outside = tmp_path / "d", tmp_path / "outside"
    directory.mkdir()
    outside.mkdir()
    return Case(directory, outside, [mint_root() for _ in range(4)])


def test_dense_links_and_regular_files_serve(case: Case) -> None:
    """Several keys under one name, through links and in regular files, all found."""
    case.link(0, case.file("a.pem", case.roots[0].pem))
    case.put(1, case.roots[1].pem)
    case.link(2, case.file("c.pem", case.roots[2].pem))
    assert case.assert_same() == {0, 1, 2}


def test_a_gap_hides_what_is_behind_it(case: Case) -> None:
    """Slot 1 is missing, so slot 2 is never asked for."""
    case.put(0, case.roots[0].pem)
    case.put(2, case.roots[1].pem)
    assert case.assert_same() == {0}


def test_slots_above_nine_are_found(case: Case) -> None:
    """The manual's "single digit" is wrong."""
    others = [mint_root() for _ in range(11)]
    for slot, other in enumerate(others):
        case.put(slot, other.pem)
    case.put(11, case.roots[0].pem)
    assert case.assert_same() == {0}


ROOT_B = mint_root("Root B")
STOPPERS: dict[str, Callable[[Case], bytes]] = {
    "empty": lambda case: b"",
    "DER": lambda case: case.roots[3].der,
    "garbage": lambda case: b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "no END line": lambda case: case.roots[3].pem[:-30],
    "a CRL": lambda case: mint_crl(case.roots[3]),
    "a key": lambda case: case.roots[3].key_pem,
    "text": lambda case: b"# moved away\n",
    "a certificate with junk in its block": lambda case: pem("CERTIFICATE", case.roots[3].der + b"junk"),
    "a PEM header": lambda case: case.roots[3].pem.replace(b"-----\n", b"-----\nA: b\n\n", 1),
    "a good certificate, then a broken one": lambda case: case.roots[3].pem + pem("CERTIFICATE", b"\x30\x00"),
    "a good certificate, then cut PEM": lambda case: case.roots[3].pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n",
    "a broken certificate, then a good one": lambda case: pem("CERTIFICATE", b"\x30\x00") + case.roots[3].pem,
    "a cut key, then a good certificate": lambda case: case.roots[3].key_pem[:-9] + b"\n" + case.roots[3].pem,
}


@pytest.mark.parametrize("what", STOPPERS)
def test_a_slot_that_does_not_load_hides_what_is_behind_it(case: Case, what: str) -> None:
    """What stands before the fault in the slot itself is taken in all the same."""
    case.put(0, case.roots[0].pem)
    case.put(1, STOPPERS[what](case))
    case.put(2, case.roots[1].pem)
    found = case.assert_same()
    assert 0 in found
    assert 1 not in found
    assert (3 in found) == what.startswith("a good certificate")


def test_a_dangling_link_hides_what_is_behind_it(case: Case) -> None:
    """The link that `openssl rehash` leaves behind for ever."""
    case.link(0, "gone.pem")
    case.put(1, case.roots[0].pem)
    assert case.assert_same() == set()


HARMLESS: dict[str, Callable[[Case], bytes]] = {
    "another subject": lambda case: ROOT_B.pem,
    "text before": lambda case: b"# comment\n\n" + case.roots[2].pem,
    "a byte order mark": lambda case: b"\xef\xbb\xbf" + case.roots[2].pem,
    "CRLF": lambda case: case.roots[2].pem.replace(b"\n", b"\r\n"),
    "no final newline": lambda case: case.roots[2].pem.rstrip(),
    "a key behind": lambda case: case.roots[2].pem + case.roots[2].key_pem,
    "a key that does not decode before": lambda case: pem("EC PRIVATE KEY", b"\x30\x00") + case.roots[2].pem,
    "a CRL behind": lambda case: case.roots[2].pem + mint_crl(case.roots[2]),
    "a CRL that does not decode behind": lambda case: case.roots[2].pem + pem("X509 CRL", b"\x30\x00"),
    "a CRL with a header behind": lambda case: (
        case.roots[2].pem + mint_crl(case.roots[2]).replace(b"-----\n", b"-----\nA: b\n\n", 1)
    ),
    "two certificates": lambda case: case.roots[2].pem + case.roots[3].pem,
    "a trusted certificate": lambda case: pem("TRUSTED CERTIFICATE", case.roots[2].der + b"\x30\x00"),
    "an old label": lambda case: pem("X509 CERTIFICATE", case.roots[2].der),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_a_slot_that_loads_hides_nothing(case: Case, what: str) -> None:
    """Another subject, several objects, comments: the next slot is still found."""
    case.put(0, HARMLESS[what](case))
    case.put(1, case.roots[0].pem)
    found = case.assert_same()
    assert 0 in found
    assert (2 in found) == (what != "another subject")
    assert (3 in found) == (what == "two certificates")


def test_extra_certificates_of_another_name_are_found_once_the_first_is_looked_up(case: Case) -> None:
    """They have no slot of their own, so a lookup of their own name finds nothing."""
    case.put(0, case.roots[0].pem + ROOT_B.pem)
    assert case.assert_same(case.roots[0], ROOT_B) == {0}


def test_uppercase_names_are_never_found(case: Case) -> None:
    """Lookup asks for lowercase names."""
    root = next(filter(_has_letter, (mint_root(f"Root {n}") for n in range(99))))
    upper = read_certificate(root.der)[0].subject_hash.upper()
    (case.directory / f"{upper}.0").write_bytes(root.pem)
    assert case.assert_same(root) == set()


def _has_letter(root: Minted) -> bool:
    subject_hash = read_certificate(root.der)[0].subject_hash
    return subject_hash != subject_hash.upper()


def test_old_hash_names_are_not_found(case: Case) -> None:
    """Android's names: OpenSSL since 1.0 finds none of them, and the listing says so."""
    old = read_certificate(case.roots[0].der)[0].subject.old_hash
    (case.directory / f"{old}.0").write_bytes(case.roots[0].pem)
    assert case.assert_same() == set()
    (row,) = list_store(scan(case.directory)).certificates
    assert not row.trusted


def test_an_intermediate_is_found_under_its_own_name(case: Case) -> None:
    """It is an anchor under partial chains alone, yet lookup finds it."""
    intermediate = mint_intermediate(case.roots[0])
    name = read_certificate(intermediate.der)[0].subject_hash
    (case.directory / f"{name}.0").write_bytes(intermediate.pem)
    assert case.assert_same(intermediate) == {0}
    leaf = case.path_of(mint_leaf(intermediate))
    assert openssl("verify", "-no-CAfile", "-no-CAstore", "-CApath", case.directory, leaf).returncode == 2


def test_names_that_differ_in_case_and_space_are_one_name(case: Case) -> None:
    """`find_issuers` compares canonical names, as OpenSSL does."""
    root = mint_root("root  a")
    case.put(0, root.pem)
    leaf = mint_leaf(case.roots[0])
    issuer = read_certificate(leaf.der)[0].issuer
    found = find_issuers(scan(case.directory), issuer)
    assert [item.certificate.certificate.sha256 for item in found] == [root.sha256]


def test_the_walk_tells_every_name_it_tried(case: Case) -> None:
    """Each slot asked for, in order, and the one that ended it."""
    case.put(0, case.roots[0].pem)
    case.link(1, "gone.pem")
    case.put(2, case.roots[1].pem)
    snapshot = scan(case.directory)
    (row,) = snapshot.rows
    assert walk(snapshot, row).tried == (f"{row.hash}.0", f"{row.hash}.1")
    assert walk(snapshot, row).end.beyond == (f"{row.hash}.2",)
    assert walk(snapshot, row, steps_over=True).tried[-1] == f"{row.hash}.3"


@pytest.mark.parametrize("seed", range(12))
def test_random_rows(case: Case, seed: int) -> None:
    """Any mixture of the above in up to seven slots."""
    rng = random.Random(seed)
    for number, root in enumerate(case.roots):
        case.file(f"{number}.pem", root.pem)
    for slot in range(rng.randrange(2, 8)):
        kind = rng.random()
        if kind < 0.08:
            continue
        if kind < 0.6:
            case.link(slot, f"{rng.randrange(4)}.pem")
        elif kind < 0.9:
            case.put(slot, rng.choice(list(HARMLESS.values()))(case))
        elif kind < 0.95:
            case.link(slot, "gone.pem")
        else:
            case.put(slot, rng.choice(list(STOPPERS.values()))(case))
    case.assert_same(*case.roots, ROOT_B)
