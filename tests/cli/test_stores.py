"""STORE of every kind: who it trusts is asked of the real clients of that kind, on real servers."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from capath.cli.explore import ExploreRequest
from capath.cli.main import main
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.sources.store import open_store
from capath.store import list_store, scan
from capath.store.opened import StoreKind
from tests.tls.conftest import rehash

Capture = pytest.CaptureFixture[str]
ROOTS = {name: authority.root(f"Root {name}") for name in ("file", "dir", "der", "gap", "upper", "behind", "none")}
OTHER_WITH_NAME_OF_FILE = authority.root("Root file")


def run(*words: object) -> int:
    return main([str(word) for word in words], lambda request: 0)


def run_json(capsys: Capture, *words: object) -> tuple[int, Any]:
    capsys.readouterr()
    status = run(*words, "--json")
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """A server under each root; and one whose root has the name of another's."""
    with Loopback() as servers:
        roots = {**ROOTS, "twin": OTHER_WITH_NAME_OF_FILE}
        yield {
            name: servers.serve(tls(tls_context(authority.leaf(root, "localhost", names=("localhost",))), http()))
            for name, root in roots.items()
        }


def der(root: authority.Identity) -> bytes:
    return root.certificate.public_bytes(serialization.Encoding.DER)


def subject_hash(root: authority.Identity) -> str:
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash"], input=root.pem, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """A bundle, and a directory with roots in every shape that the readers of default paths differ about."""
    file, directory = tmp_path / "bundle.pem", tmp_path / "certs"
    directory.mkdir()
    file.write_bytes(b"a comment\n" + ROOTS["file"].pem)
    (directory / "dir.pem").write_bytes(ROOTS["dir"].pem)
    (directory / "twin.pem").write_bytes(OTHER_WITH_NAME_OF_FILE.pem)
    rehash(directory)
    (directory / f"{subject_hash(ROOTS['der'])}.0").write_bytes(der(ROOTS["der"]))
    (directory / f"{subject_hash(ROOTS['gap'])}.5").write_bytes(ROOTS["gap"].pem)
    (directory / f"{subject_hash(ROOTS['upper']).upper()}.0").write_bytes(ROOTS["upper"].pem)
    (directory / f"{subject_hash(ROOTS['behind'])}.0").symlink_to("missing.pem")
    (directory / f"{subject_hash(ROOTS['behind'])}.1").write_bytes(ROOTS["behind"].pem)
    return file, directory


ASK = """
import socket, ssl, sys
for port in sys.argv[1:]:
    context = ssl.create_default_context()
    try:
        with socket.create_connection(("localhost", int(port))) as plain:
            context.wrap_socket(plain, server_hostname="localhost").close()
        print("verified")
    except ssl.SSLCertVerificationError:
        print("rejected")
"""


def python_says(ports: Sequence[int]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK, *map(str, ports)], capture_output=True, text=True, check=True, env=os.environ
    )
    return done.stdout.split()


def s_client_says(port: int) -> str:
    words = ["openssl", "s_client", "-connect", f"localhost:{port}", "-verify_return_error"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return "verified" if done.returncode == 0 else "rejected"


@pytest.mark.parametrize(
    "variables", ["both", "file", "directory", "list", "empty", "missing", "directory as file"]
)
def test_default_trusts_what_openssl_trusts_without_settings(
    ports: dict[str, int],
    places: tuple[Path, Path],
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: str,
) -> None:
    """Verdict for verdict as Python's default context, and as s_client where it is the same OpenSSL."""
    file, directory = map(str, places)
    nothing = str(tmp_path / "nothing")
    values = {
        "both": (file, directory),
        "file": (file, nothing),
        "directory": (nothing, directory),
        "list": (nothing, f"{nothing}:{directory}"),
        "empty": ("", ""),
        "missing": (nothing, nothing),
        "directory as file": (directory, nothing),
    }
    monkeypatch.setenv("SSL_CERT_FILE", values[variables][0])
    monkeypatch.setenv("SSL_CERT_DIR", values[variables][1])
    _, told = run_json(
        capsys,
        "test",
        *(f"localhost:{port}" for port in ports.values()),
        "--capath",
        "default",
        "--client",
        "pyopenssl",
    )
    ours = [result["outcome"] for result in told["results"]]
    assert ours == python_says(list(ports.values()))
    installed = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    if installed.split()[1] == ssl.OPENSSL_VERSION.split()[1]:
        assert ours == [s_client_says(port) for port in ports.values()]
    assert told["store"]["kind"] == "default"
    if variables == "both":
        assert ours[list(ports).index("file")] == ours[list(ports).index("dir")] == "verified"
        assert ours[list(ports).index("twin")] == ours[list(ports).index("none")] == "rejected"


def test_the_first_directory_that_has_a_subject_wins(
    ports: dict[str, int], tmp_path: Path, capsys: Capture
) -> None:
    """As OpenSSL takes a:b: the second directory's root of that name is not looked at."""
    for name, roots in (("a", ["file"]), ("b", ["twin", "dir"])):
        place = tmp_path / name
        place.mkdir()
        for root in roots:
            identity = OTHER_WITH_NAME_OF_FILE if root == "twin" else ROOTS[root]
            (place / f"{root}.pem").write_bytes(identity.pem)
        rehash(place)
    store = f"{tmp_path / 'a'}:{tmp_path / 'b'}"
    names = ("file", "twin", "dir", "none")
    _, told = run_json(capsys, "test", *(f"localhost:{ports[name]}" for name in names), "--capath", store)
    ours = [result["outcome"] for result in told["results"]]
    words = ["openssl", "s_client", "-verify_return_error", "-connect"]
    variables = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "nothing"), "SSL_CERT_DIR": store}
    theirs = [
        subprocess.run(
            [*words, f"localhost:{ports[name]}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=variables,
        )
        for name in names
    ]
    assert [done.returncode == 0 for done in theirs] == [outcome == "verified" for outcome in ours]
    assert ours == ["verified", "rejected", "verified", "rejected"]
    assert told["results"][0]["directory"] == store
    assert told["results"][2]["anchor"]["file"] == "b_dir.pem"


def test_a_bundle_is_read_only_and_offers_a_directory(
    ports: dict[str, int], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line says which store judged; no text names the temporary directory; nothing is left of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(ROOTS["file"].pem)
    assert run("test", f"localhost:{ports['file']}", "--capath", bundle) == 0
    told = capsys.readouterr()
    assert told.err.splitlines()[0] == f"capath: store: {bundle} (PEM bundle, 1 certificate)"
    assert run("test", f"localhost:{ports['none']}", "--capath", bundle) == 1
    told = capsys.readouterr()
    assert f"capath import DIR {bundle}" in told.out + told.err
    assert run("list", bundle) == run("check", bundle) == run("show", bundle, "subject~file") == 0
    assert "capath-store-" not in "".join(capsys.readouterr()) + "".join(told)
    assert run("minimise", bundle, f"localhost:{ports['file']}", "--apply") == 4
    assert run("check", bundle, "--init") == 2
    assert run("links", bundle) == 2
    assert "read-only" in capsys.readouterr().err
    assert not list(tmp_path.glob("capath-store-*"))


def test_what_if_and_offline_work_on_a_store_that_is_no_directory(
    ports: dict[str, int], tmp_path: Path, capsys: Capture
) -> None:
    bundle, leaf = tmp_path / "bundle.pem", tmp_path / "leaf.pem"
    bundle.write_bytes(ROOTS["file"].pem)
    leaf.write_bytes(authority.leaf(ROOTS["file"], "localhost").pem)
    _, told = run_json(
        capsys, "test", f"localhost:{ports['file']}", "--capath", bundle, "--distrust", "subject~file"
    )
    assert told["results"][0]["outcome"] == "rejected"
    assert told["results"][0]["before"]["outcome"] == "verified"
    status, told = run_json(capsys, "verify", bundle, leaf)
    assert (status, told["directory"]) == (0, str(bundle))
    bundle.write_bytes(ROOTS["none"].pem)
    status, told = run_json(capsys, "verify", bundle, leaf)
    assert (status, told["diagnosis"]["cause"]) == (1, "root-not-in-store")


@pytest.mark.parametrize("store", ["certifi", "system", "default"])
def test_well_known_stores_are_listed_exported_and_compared(store: str, tmp_path: Path, capsys: Capture) -> None:
    """With the certificates that the real one has."""
    with open_store(store) as opened:
        expected = {row.held.sha256 for row in list_store(opened.scan()).certificates if row.trusted}
    assert expected
    status, told = run_json(capsys, "list", store)
    assert {one["sha256"] for one in told["certificates"] if one["state"] == "trusted"} == expected
    assert (status, told["directory"]) == (0, store) or opened.kind is StoreKind.SYSTEM
    bundle = tmp_path / "exported.pem"
    assert run("export", store, "--bundle", bundle) == 0
    assert run("diff", store, bundle) == 0
    (tmp_path / "crts").mkdir()
    assert run("import", tmp_path / "crts", store) == 0
    with open_store(str(tmp_path / "crts")) as opened:
        assert {row.held.sha256 for row in list_store(opened.scan()).certificates if row.trusted} == expected


def test_the_system_of_another_root(tmp_path: Path, capsys: Capture) -> None:
    """A container's tree: its bundle is the store, or its directory where it has none."""
    certs = tmp_path / "etc/ssl/certs"
    certs.mkdir(parents=True)
    (certs / "a.pem").write_bytes(ROOTS["dir"].pem)
    rehash(certs)
    _, told = run_json(capsys, "list", "system", "--root", tmp_path)
    assert told["directory"] == str(certs)
    (certs / "ca-certificates.crt").write_bytes(ROOTS["file"].pem)
    _, told = run_json(capsys, "list", "system", "--root", tmp_path)
    assert [one["subject"] for one in told["certificates"]] == ["CN=Root file,O=capath demo"]
    assert run("list", "system", "--root", tmp_path / "nothing") == 2
    assert str(tmp_path / "nothing") in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool is not there")
def test_a_java_keystore_judges_as_the_roots_in_it(ports: dict[str, int], tmp_path: Path, capsys: Capture) -> None:
    store, root = tmp_path / "cacerts", tmp_path / "root.pem"
    root.write_bytes(ROOTS["file"].pem)
    words = ["keytool", "-importcert", "-noprompt", "-alias", "r", "-file", str(root), "-keystore", str(store)]
    subprocess.run([*words, "-storepass", "changeit", "-storetype", "jks"], check=True, capture_output=True)
    _, told = run_json(
        capsys, "test", f"localhost:{ports['file']}", f"localhost:{ports['none']}", "--capath", store
    )
    assert [result["outcome"] for result in told["results"]] == ["verified", "rejected"]
    assert told["store"]["kind"] == "java"


@pytest.mark.parametrize("command", [["list"], ["check"], ["export", "--bundle", "-"], ["test", "h", "--capath"]])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.pem", None, "there is no such directory or file"),
        ("empty.pem", b"", "it is empty"),
        ("text.pem", b"hello", "no certificate in a format that capath reads"),
        ("cut.pem", b"-----BEGIN CERTIFICATE-----\nMIIB\n", "END line"),
        ("key.pem", b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "private key"),
        ("cut.jks", bytes.fromhex("feedfeed0000000200000001"), "truncated"),
        ("new.jks", bytes.fromhex("feedfeed0000000900000001") + bytes(40), "keytool -importkeystore"),
        ("cut.p12", bytes.fromhex("3082050002010330820400"), "password"),
        ("none.csv", b"PEM Info,Trust Bits\n", "no certificate"),
        ("certdata.txt", b"BEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_DATA\n", "no certificate object"),
        ("a:b", None, "none of these directories is there"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    command: list[str],
    name: str,
    content: bytes | None,
    said: str,
) -> None:
    """What it is, why not, what to do; nothing on standard output; status 2."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    words = [*command, name] if command[-1] == "--capath" else [command[0], name, *command[1:]]
    assert run(*words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    [line] = told.err.splitlines()
    assert line.startswith(f"capath: {name}: ")
    assert said in line


def test_the_explorer_opens_any_store_read_only(tmp_path: Path) -> None:
    """A bundle as a directory that is there as long as the explorer is, under the bundle's name."""
    opened: list[ExploreRequest] = []

    def explorer(request: ExploreRequest) -> int:
        assert len(list_store(scan(request.directory)).certificates) == 1
        opened.append(request)
        return 0

    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(ROOTS["file"].pem)
    assert main([str(bundle)], explorer) == 0
    [request] = opened
    assert (request.title, request.scratch) == (str(bundle), request.directory)
    assert f"capath import DIR {bundle}" in request.read_only
    assert not os.path.exists(request.directory)
    bundle.write_text("no certificate")
    assert main([str(bundle)], explorer) == 2


@pytest.mark.parametrize("fault", ["cut", "not base64", "not a certificate", "text only", "key"])
def test_a_bundle_with_a_fault_judges_as_clients_do(
    ports: dict[str, int], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """OpenSSL takes nothing of a file one block of which does not decode; what is in it is listed, and why."""
    bundle, port = tmp_path / "bundle.pem", ports["file"]
    begin, end = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
    faults = {
        "cut": ROOTS["dir"].pem[:-40],
        "not base64": begin + b"MIIB!!!!\n" + end,
        "not a certificate": begin + b"MIIBAAAA\n" + end,
        "text only": b"text\n",
        "key": ROOTS["dir"].key_pem,
    }
    bundle.write_bytes(faults[fault] + ROOTS["file"].pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    [theirs] = python_says([port])
    for store in ("default", bundle):
        _, told = run_json(capsys, "test", f"localhost:{port}", "--capath", store)
        assert told["results"][0]["outcome"] == theirs
    assert run("list", bundle) == 0
    said = capsys.readouterr()
    assert "Root file" in said.out
    assert ("OpenSSL trusts nothing of the whole file" in said.err) is (theirs == "rejected")
