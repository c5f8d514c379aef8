"""`capath rehash` against `openssl rehash`: the same links, the same targets, the same lines."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from capath.change.apply import apply_plan
from capath.change.plan import applicable
from capath.change.rehash import HashStyle, Rehash, plan_rehash
from capath.pki.load import read_certificate
from capath.store.listing import list_store
from capath.store.walk import scan
from tests.minting import Minted, mint_crl, mint_root, pem, raw_attribute, raw_certificate, raw_name
from tests.oracle.openssl import links_in, needs_openssl, rehash
from tests.trees import copy_of, tree

pytestmark = [pytest.mark.oracle, needs_openssl]
STYLES = {HashStyle.NEW: [], HashStyle.OLD: ["-old"], HashStyle.BOTH: ["-compat"]}


def _ours(directory: Path, style: HashStyle = HashStyle.NEW, *, remove: bool = True) -> Rehash:
    planned = plan_rehash(scan(directory), style, remove=remove)
    apply_plan(applicable(planned.plan))
    return planned


def _clean_store(directory: Path, seed: int, copies: int = 3) -> Path:
    """Roots of a few names, in all extensions and orders of names, with CRLs and second copies of some."""
    rng = random.Random(seed)
    directory.mkdir()
    names = ["Root A", "root  a", "Root B", "R\u00d6\u00d6T", *(f"Root {n}" for n in range(20))]
    roots: list[Minted] = []
    for number in range(40):
        root = mint_root(rng.choice(names))
        roots.append(root)
        stem = "".join(rng.choices("abAB09-_ é.", k=rng.randrange(1, 9)))
        extension = rng.choice(["pem", "crt", "cer", "PEM", "crl"])
        (directory / f"{stem}{number}.{extension}").write_bytes(root.pem)
    for number in range(8):
        (directory / f"{number}-{rng.randrange(99)}.crl").write_bytes(mint_crl(rng.choice(roots), number=number))
    for number in range(copies):
        (directory / f"copy{number}.pem").write_bytes(rng.choice(roots).pem)
    (directory / "README.txt").write_bytes(b"not looked at")
    (directory / "left.pem.bak").write_bytes(roots[0].pem)
    return directory


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_the_links_of_a_clean_directory(tmp_path: Path, style: HashStyle, seed: int) -> None:
    """Name for name and target for target; the lines of -v in upstream's order; a second run writes nothing."""
    theirs = _clean_store(tmp_path / "theirs", seed)
    ours = copy_of(theirs, tmp_path / "ours")
    said = rehash("-v", *STYLES[style], theirs).stdout
    planned = _ours(ours, style)
    assert links_in(ours) == links_in(theirs)
    assert [f"Doing {theirs}", *planned.verbose_lines()] == os.fsdecode(said).splitlines()
    duplicates = {passed.file for passed in planned.passed if "the same certificate" in passed.reason}
    assert {name for name in duplicates if name.startswith("copy")}
    again = plan_rehash(scan(ours), style)
    assert again.plan.operations == ()
    said_again = os.fsdecode(rehash("-v", *STYLES[style], theirs).stdout).splitlines()
    assert list(again.verbose_lines()) == said_again[1:]


@pytest.mark.parametrize("remove", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_after_files_have_gone_and_come(tmp_path: Path, seed: int, remove: bool) -> None:
    """With the top of rows gone and new files there, the same links go (not with -n) and come."""
    theirs = _clean_store(tmp_path / "theirs", seed, copies=0)
    rehash(theirs)
    tops = {name for name in links_in(theirs) if name[-1] != "0" and not (theirs / _next(name)).is_symlink()}
    for name in sorted(tops):
        (theirs / links_in(theirs)[name]).unlink()
    (theirs / "new.pem").write_bytes(mint_root("Brand new").pem)
    ours = copy_of(theirs, tmp_path / "ours")
    arguments = [] if remove else ["-n"]
    said = os.fsdecode(rehash("-v", *arguments, theirs).stdout).splitlines()
    planned = _ours(ours, remove=remove)
    assert tops
    assert links_in(ours) == links_in(theirs)
    assert list(planned.verbose_lines()) == said[1:]


def _next(name: str) -> str:
    stem, _, slot = name.rpartition(".")
    letter = "r" if slot.startswith("r") else ""
    return f"{stem}.{letter}{int(slot.lstrip('r')) + 1}"


@pytest.mark.parametrize("style", [HashStyle.OLD, HashStyle.NEW])
def test_changing_the_style(tmp_path: Path, style: HashStyle) -> None:
    """From both hashes to one: the other links go."""
    theirs = _clean_store(tmp_path / "theirs", 9)
    rehash("-compat", theirs)
    ours = copy_of(theirs, tmp_path / "ours")
    said = os.fsdecode(rehash("-v", *STYLES[style], theirs).stdout).splitlines()
    planned = _ours(ours, style)
    assert links_in(ours) == links_in(theirs)
    assert list(planned.verbose_lines()) == said[1:]


def test_the_257th_of_one_hash(tmp_path: Path) -> None:
    """256 are linked, the rest are errors, counted as upstream counts them."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    name = raw_name((raw_attribute(0x0C, b"Root A"),))
    for number in range(258):
        (theirs / f"{number:03d}.pem").write_bytes(pem("CERTIFICATE", raw_certificate(name, serial=number + 1)))
    ours = copy_of(theirs, tmp_path / "ours")
    done = rehash(theirs)
    planned = _ours(ours)
    assert links_in(ours) == links_in(theirs)
    assert len(links_in(ours)) == 256
    assert planned.error_count == done.returncode == 2
    assert [passed.file for passed in planned.passed] == ["256.pem", "257.pem"]


LONG = "n" * 196 + ".pem"
ROOTS = [mint_root(f"Odd {number}") for number in range(12)]
ODD: dict[str, bytes] = {
    "quote'\".pem": ROOTS[0].pem,
    "new\nline.pem": ROOTS[1].pem,
    os.fsdecode(b"\xff\xfe.pem"): ROOTS[2].pem,
    LONG: ROOTS[3].pem,
    "-dash.pem": ROOTS[4].pem,
    " space .pem": ROOTS[5].pem,
    ".hidden.pem": ROOTS[6].pem,
    ".pem": ROOTS[7].pem,
    "with-key.pem": ROOTS[8].pem + ROOTS[8].key_pem,
    "with-crl.pem": ROOTS[9].pem + mint_crl(ROOTS[9]),
    "comment.pem": b"\xef\xbb\xbf# comment\r\n\r\n" + ROOTS[10].pem.replace(b"\n", b"\r\n").rstrip(),
    "trusted.pem": pem("TRUSTED CERTIFICATE", ROOTS[11].der + b"\x30\x00"),
}
SKIPPED: dict[str, tuple[bytes, str]] = {
    "corrupt.pem": (ROOTS[0].pem[:200] + b"\n*\n" + ROOTS[0].pem[203:], "does not decode"),
    "cut.pem": (ROOTS[0].pem[:300], "the END line is missing"),
    "two.pem": (ROOTS[0].pem + ROOTS[1].pem, "exactly one certificate or CRL, but 2"),
    "key.pem": (ROOTS[0].key_pem, "a private key and no certificate"),
    "der.crt": (ROOTS[0].der, "it is DER"),
    "empty.pem": (b"", "exactly one certificate or CRL"),
    "request.pem": (pem("CERTIFICATE REQUEST", b"\x30\x00"), "exactly one certificate or CRL"),
    "pkcs7.pem": (pem("PKCS7", b"\x30\x00"), "exactly one certificate or CRL"),
    "binary.pem": (bytes(range(256)) * 300, "exactly one certificate or CRL"),
}


def test_odd_names_and_files_are_linked_as_upstream_links_them(tmp_path: Path) -> None:
    """Quotes, newlines, bytes that are no text, 200 octets, keys and CRLs beside the certificate."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for name, content in ODD.items():
        (theirs / name).write_bytes(content)
    for name, (content, _) in SKIPPED.items():
        (theirs / name).write_bytes(content)
    (theirs / "directory.pem").mkdir()
    (theirs / "dangling.pem").symlink_to("nowhere")
    ours = copy_of(theirs, tmp_path / "ours")
    done = rehash(theirs)
    planned = _ours(ours)
    assert links_in(ours) == links_in(theirs)
    assert set(links_in(ours).values()) == {*ODD, "nowhere"}
    assert planned.error_count == done.returncode
    reasons = {passed.file: passed.reason for passed in planned.passed}
    for name, (_, text) in SKIPPED.items():
        assert text in reasons[name]
    assert "a directory" in reasons["directory.pem"]
    assert "not there" in reasons["dangling.pem"]
    assert "CRL gets no link" in reasons["with-crl.pem"]
    assert reasons.keys() == {*SKIPPED, "directory.pem", "dangling.pem", "with-crl.pem"}


def test_a_fifo_does_not_hang_it(tmp_path: Path) -> None:
    """Upstream waits for a writer for ever; capath says what it is, in a slot's name and in a file's."""
    root = mint_root()
    (tmp_path / "a.pem").write_bytes(root.pem)
    os.mkfifo(tmp_path / "fifo.pem")
    (tmp_path / "to-fifo.pem").symlink_to("fifo.pem")
    planned = _ours(tmp_path)
    assert [passed.file for passed in planned.passed] == ["fifo.pem", "to-fifo.pem"]
    assert all("a FIFO" in passed.reason for passed in planned.passed)
    assert len(planned.links) == 1


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    """It is counted and named, and the rest is linked."""
    for name in ("a.pem", "b.pem"):
        (tmp_path / name).write_bytes(mint_root().pem)
    (tmp_path / "b.pem").chmod(0)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() and os.access(parent, os.W_OK) and len(parent.parts) > 2:
            parent.chmod(parent.stat().st_mode | 0o055)
    # Somebody who is not root, for root reads everything; all imports come before.
    code = (
        "import os, sys, cryptography.x509\nfrom capath.change.rehash import plan_rehash\n"
        "from capath.store.walk import scan\n"
        "import capath.store.linkable\n"
        "os.geteuid() or os.setuid(65534)\nplanned = plan_rehash(scan(sys.argv[1]))\n"
        "print(planned.error_count, len(planned.links), planned.passed)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 1 ")
    assert "b.pem" in done.stdout
    assert "Permission denied" in done.stdout


def test_what_upstream_leaves_broken_is_healed(tmp_path: Path) -> None:
    """A deleted .0 stays dangling under upstream for ever, and hides .1; capath closes the row."""
    roots = [mint_root() for _ in range(3)]
    for number, root in enumerate(roots):
        (tmp_path / f"{number}.pem").write_bytes(root.pem)
    rehash(tmp_path)
    (tmp_path / "0.pem").unlink()
    rehash(tmp_path)
    assert list_store(scan(tmp_path)).trusted_count == 0
    _ours(tmp_path)
    assert list_store(scan(tmp_path)).trusted_count == 2
    before = tree(tmp_path, times=True)
    rehash(tmp_path)
    assert tree(tmp_path, times=True) == before


def test_wrong_foreign_duplicate_and_gapped_links_are_mended(tmp_path: Path) -> None:
    """What upstream keeps because a link's slot is low enough is checked by what it leads to."""
    roots = [mint_root() for _ in range(3)]
    other = mint_root("Other")
    for number, root in enumerate([*roots, other]):
        (tmp_path / f"{number}.pem").write_bytes(root.pem)
    row = read_certificate(roots[0].der)[0].subject_hash
    (tmp_path / f"{row}.0").symlink_to("3.pem")
    (tmp_path / f"{row}.1").symlink_to("2.pem")
    (tmp_path / f"{row}.2").symlink_to("2.pem")
    (tmp_path / f"{row}.5").symlink_to("1.pem")
    (tmp_path / "00000000.0").symlink_to("1.pem")
    _ours(tmp_path)
    links = links_in(tmp_path)
    assert sorted(target for name, target in links.items() if name.startswith(row)) == ["0.pem", "1.pem", "2.pem"]
    assert {f"{row}.0", f"{row}.1", f"{row}.2"} <= links.keys()
    assert links[f"{row}.1"] == "2.pem"
    assert len(links) == 4
    assert list_store(scan(tmp_path)).defects == ()


def test_regular_files_in_slots_are_never_destroyed(tmp_path: Path) -> None:
    """Upstream deletes one in a needed slot; capath numbers round it where it loads, else it refuses."""
    roots = [mint_root() for _ in range(3)]
    for number in (0, 1):
        (tmp_path / f"{number}.pem").write_bytes(roots[number].pem)
    row = read_certificate(roots[0].der)[0].subject_hash
    (tmp_path / f"{row}.0").write_bytes(roots[2].pem)
    planned = _ours(tmp_path)
    assert planned.error_count == 0
    assert links_in(tmp_path) == {f"{row}.1": "0.pem", f"{row}.2": "1.pem"}
    (tmp_path / f"{row}.0").write_bytes(b"a note\n")
    before = tree(tmp_path)
    planned = _ours(tmp_path)
    assert planned.error_count == 1
    assert planned.plan.refusals[0].name == f"{row}.0"
    assert tree(tmp_path) == before
