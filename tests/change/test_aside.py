"""Off is off for every reader: where the files of distrusted certificates go, and that they come back exactly."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from capath.change.apply import apply_plan, undo_last
from capath.change.journal import Journal
from capath.change.plan import Plan
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.store import list_store, scan
from capath.store.standing import TakenOut
from tests.minting import Minted, mint_crl, mint_root
from tests.oracle.openssl import links_in, needs_openssl, rehash
from tests.trees import tree

ROOT = mint_root("Root A")
OTHER = mint_root("Root B")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two roots, linked."""
    directory = tmp_path / "d"
    directory.mkdir()
    (directory / "a.pem").write_bytes(ROOT.pem)
    (directory / "b.pem").write_bytes(OTHER.pem)
    apply_plan(plan_rehash(scan(directory)).plan)
    return directory


def _toggle(directory: Path, on: tuple[Minted, ...] = (), off: tuple[Minted, ...] = ()) -> Plan:
    memory = Journal(str(directory)).row_memory()
    listing = list_store(scan(directory))
    plan = plan_toggle(listing, [root.sha256 for root in on], [root.sha256 for root in off], memory)
    apply_plan(plan)
    return plan


def _off_and_on(directory: Path) -> None:
    before = tree(directory, times=True)
    _toggle(directory, off=(ROOT,))
    assert not list_store(scan(directory)).is_trusted(ROOT.sha256)
    assert ROOT.sha256 not in _read_by_all(directory)
    off = tree(directory)
    _toggle(directory, on=(ROOT,))
    assert _without_link_times(tree(directory, times=True)) == _without_link_times(before)
    undo_last(str(directory))
    assert tree(directory) == off


def _without_link_times(found: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    """Hash links are made anew; all other links keep their time."""
    return {name: entry[:2] if name[8:9] == "." else entry for name, entry in found.items()}


def _read_by_all(directory: Path) -> set[str]:
    """The certificates that a program sees which reads every file of the directory, as Go and GnuTLS do."""
    known = {root.pem.strip(): root.sha256 for root in (ROOT, OTHER)}
    files = [path for path in directory.iterdir() if path.is_file()]
    return {sha256 for path in files for block, sha256 in known.items() if block in path.read_bytes()}


def test_the_directory_is_made_as_the_store_is_and_goes_when_it_is_empty(store: Path) -> None:
    store.chmod(0o750)
    _toggle(store, off=(ROOT,))
    assert stat.S_IMODE((store / "untrusted").stat().st_mode) == 0o750
    assert os.listdir(store / "untrusted") == ["a.pem"]
    _toggle(store, on=(ROOT,))
    assert not (store / "untrusted").exists()


def test_files_of_any_name_go_and_come_back(store: Path) -> None:
    """Some programs read them whatever they are called."""
    for name in ("copy.txt", ".hidden", "no-extension", "x.pem.bak"):
        (store / name).write_bytes(ROOT.pem)
    _off_and_on(store)


@pytest.mark.parametrize(
    "target",
    ["a.pem", "./a.pem", "{away}/root.crt", "../away/root.crt", "../away/../away/root.crt"],
)
def test_a_link_still_leads_to_its_file(store: Path, tmp_path: Path, target: str) -> None:
    """Be it beside it, elsewhere, or named in a roundabout way; its text comes back as it was."""
    (tmp_path / "away").mkdir()
    (tmp_path / "away/root.crt").write_bytes(ROOT.pem)
    (store / "link.pem").symlink_to(target.format(away=tmp_path / "away"))
    _off_and_on(store)
    _toggle(store, off=(ROOT,))
    assert (store / "untrusted/link.pem").read_bytes() == ROOT.pem


def test_a_slot_that_is_a_relative_link_goes_as_a_whole(tmp_path: Path) -> None:
    """A store of links to files elsewhere, with no other name in it."""
    store = tmp_path / "d"
    store.mkdir()
    (tmp_path / "root.crt").write_bytes(ROOT.pem)
    apply_plan(plan_rehash(scan(store)).plan)
    name = f"{list_store(scan(_store_of(tmp_path))).certificates[0].held.subject_hash}.0"
    (store / name).symlink_to("../root.crt")
    _off_and_on(store)
    _toggle(store, off=(ROOT,))
    assert (store / "untrusted" / name).read_bytes() == ROOT.pem


def _store_of(tmp_path: Path) -> Path:
    directory = tmp_path / "one"
    directory.mkdir()
    (directory / "a.pem").write_bytes(ROOT.pem)
    return directory


def test_a_name_that_is_taken_there_gets_a_free_one(store: Path) -> None:
    """And the file comes back under the name that it had."""
    (store / "untrusted").mkdir()
    (store / "untrusted/a.pem").write_bytes(b"the user's own\n")
    before = tree(store)
    _toggle(store, off=(ROOT,))
    assert sorted(os.listdir(store / "untrusted")) == ["a.pem", "a~2.pem"]
    assert (store / "untrusted/a.pem").read_bytes() == b"the user's own\n"
    _toggle(store, on=(ROOT,))
    assert tree(store) == before


def test_long_names_are_no_trouble(store: Path) -> None:
    """A name as long as a file system takes."""
    (store / ("x" * 251 + ".pem")).write_bytes(ROOT.pem)
    _off_and_on(store)


def test_a_long_name_that_is_taken_is_cut(store: Path) -> None:
    """Nothing is lost, and no name is too long."""
    name = "x" * 251 + ".pem"
    (store / name).write_bytes(ROOT.pem)
    (store / "untrusted").mkdir()
    (store / "untrusted" / name).write_bytes(b"the user's own\n")
    _toggle(store, off=(ROOT,))
    assert sorted(map(len, os.listdir(store / "untrusted"))) == [5, 255, 255]
    _toggle(store, on=(ROOT,))
    assert list_store(scan(store)).is_trusted(ROOT.sha256)
    assert os.listdir(store / "untrusted") == [name]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_of_that_name_is_refused(store: Path, kind: str) -> None:
    (store / "untrusted").write_bytes(b"") if kind == "file" else (store / "untrusted").symlink_to("a.pem")
    before = tree(store)
    plan = plan_toggle(list_store(scan(store)), [], [ROOT.sha256])
    assert [(refusal.name, refusal.remedy) for refusal in plan.refusals] == [("untrusted", "rename it")]
    assert tree(store) == before


def test_a_bundle_beside_is_named(store: Path) -> None:
    """Programs that read every file find the certificate in it: that is said, and the file is left."""
    (store / "all.txt").write_bytes(ROOT.pem + OTHER.pem)
    plan = _toggle(store, off=(ROOT,))
    assert any(note.startswith("all.txt holds it too") for note in plan.notes)
    assert (store / "all.txt").exists()


@pytest.mark.parametrize("change", ["rehash", "toggle"])
def test_what_earlier_versions_left_is_understood_and_moved(store: Path, change: str) -> None:
    """``NAME.untrusted`` is distrusted for OpenSSL alone; the next change moves it, and it can be undone."""
    (store / "a.pem").rename(store / "a.pem.untrusted")
    (store / "list.crl.untrusted").write_bytes(mint_crl(OTHER))
    (store / "notes.untrusted").write_bytes(b"the user's own\n")
    before = tree(store)
    row = list_store(scan(store)).by_sha256[ROOT.sha256][0]
    assert row.standing == TakenOut("a.pem.untrusted")
    if change == "rehash":
        apply_plan(plan_rehash(scan(store)).plan)
    else:
        _toggle(store, off=(OTHER,))
    assert {"a.pem", "list.crl"} <= set(os.listdir(store / "untrusted"))
    assert (store / "notes.untrusted").exists()
    undo_last(str(store))
    assert tree(store) == before
    _toggle(store, on=(ROOT,))
    assert sorted(os.listdir(store / "untrusted")) == ["list.crl"]
    assert list_store(scan(store)).is_trusted(ROOT.sha256)


@needs_openssl
@pytest.mark.oracle
def test_openssl_rehash_leaves_it_alone(store: Path) -> None:
    _toggle(store, off=(ROOT,))
    before = tree(store)
    rehash(store)
    assert tree(store) == before
    assert list(links_in(store).values()) == ["b.pem"]


GO = """\
package main
import ("crypto/tls"; "fmt"; "os")
func main() {
    connection, err := tls.Dial("tcp", os.Args[1], &tls.Config{ServerName: "good.capath.test"})
    if err != nil { fmt.Println(err); os.Exit(1) }
    connection.Close()
}
"""


@pytest.fixture(scope="session")
def go_client(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A TLS client in Go, which reads every file of SSL_CERT_DIR."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go here")
    place = tmp_path_factory.mktemp("go")
    (place / "client.go").write_text(GO)
    environment = {**os.environ, "GOCACHE": str(place / "cache"), "GO111MODULE": "off", "GOFLAGS": "-mod=mod"}
    made = subprocess.run(
        ["go", "build", "-o", "client", "client.go"], cwd=place, env=environment, capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("Go cannot build here")
    return str(place / "client")


def _wget(port: int, store: Path) -> int:
    arguments = ["wget", "-q", "-O-", "--tries=1", "--timeout=5", "--no-config", "--no-hsts", "--no-proxy"]
    arguments += [f"--ca-directory={store}", f"https://localhost:{port}/"]
    return subprocess.run(arguments, capture_output=True, check=False).returncode


def _roots_of(store: Path, root: authority.Identity) -> str:
    (store / "served.pem").write_bytes(root.pem)
    apply_plan(plan_rehash(scan(store)).plan)
    return next(row.held.sha256 for row in list_store(scan(store)).certificates if row.file == "served.pem")


def test_go_no_longer_trusts_it(store: Path, go_client: str) -> None:
    """A program that reads every file, whatever its name: it did before, does not after, and does again."""
    root = authority.root("read by all")
    sha256 = _roots_of(store, root)
    with Loopback() as loopback:
        port = loopback.serve(tls(tls_context(authority.leaf(root, "good.capath.test")), http()))

        def accepts() -> bool:
            environment = {"SSL_CERT_DIR": str(store), "SSL_CERT_FILE": "/dev/null"}
            return subprocess.run([go_client, f"127.0.0.1:{port}"], env=environment, check=False).returncode == 0

        assert accepts()
        apply_plan(plan_toggle(list_store(scan(store)), [], [sha256]))
        assert not accepts()
        apply_plan(plan_toggle(list_store(scan(store)), [sha256], []))
        assert accepts()


@pytest.mark.skipif(shutil.which("wget") is None, reason="there is no wget here")
def test_gnutls_no_longer_trusts_it(store: Path) -> None:
    root = authority.root("read by GnuTLS")
    sha256 = _roots_of(store, root)
    with Loopback() as loopback:
        port = loopback.serve(tls(tls_context(authority.leaf(root, "localhost")), http()))
        assert _wget(port, store) in (0, 8)  # 8: the server's answer, after a handshake that was good
        apply_plan(plan_toggle(list_store(scan(store)), [], [sha256]))
        assert _wget(port, store) == 5  # SSL verification failure
        apply_plan(plan_toggle(list_store(scan(store)), [sha256], []))
        assert _wget(port, store) in (0, 8)
