"""``capath test``, ``verify`` and ``demo``: what scripts rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from capath.change.rehash import plan_rehash
from capath.cli.main import main
from capath.demo import authority
from capath.demo.server import LOOPBACK, Loopback, http, silent, tls, tls_context
from capath.store import scan
from capath.tls.offline.slot_rule import skips_broken_slots
from tests.tls.conftest import rehash

HOST = "localhost"


def _no_explorer(_: object) -> int:
    raise AssertionError("no screen was asked for")


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main([*arguments, "--json"], _no_explorer)
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture
def directory(tmp_path: Path, root: authority.Identity) -> str:
    path = tmp_path / "crts"
    path.mkdir()
    (path / "root.pem").write_bytes(root.pem)
    rehash(path)
    return str(path)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback() as servers:
        yield servers


@pytest.fixture
def good(loopback: Loopback, root: authority.Identity) -> str:
    leaf = authority.leaf(root, HOST, names=(HOST, "127.0.0.1"))
    return f"127.0.0.1:{loopback.serve(tls(tls_context(leaf), http()))}"


def test_a_verified_host_is_status_0(capsys: pytest.CaptureFixture[str], directory: str, good: str) -> None:
    status, document = _json(capsys, "test", good, "--capath", directory)
    assert (status, document["schema_version"]) == (0, 1)
    [result] = document["results"]
    assert result["outcome"] == "verified"
    assert result["verify"] == {"code": 0, "name": "X509_V_OK", "text": "ok", "depth": 0}
    assert result["errors"] == []
    assert [item["from"] for item in result["chain"]] == ["server", "capath"]
    assert result["anchor"]["file"] == "root.pem"
    assert result["lookups"][0]["found"] == result["anchor"]["link"]
    assert result["session"]["protocol"] == "TLSv1.3"
    assert result["session"]["master_key"] is None
    assert result["clients"]["requests"]["ok"] is True
    assert set(result["timings_ms"]) == {"dns", "connect", "handshake"}
    assert result["diagnosis"] is None


def test_a_directory_among_the_hosts_is_pointed_out(
    capsys: pytest.CaptureFixture[str], directory: str, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other commands take DIR first; here it is an option."""
    monkeypatch.chdir(os.path.dirname(directory))
    main(["test", "crts", good], _no_explorer)
    assert "to test with it: --capath crts" in capsys.readouterr().err


def test_what_if_writes_nothing(capsys: pytest.CaptureFixture[str], directory: str, good: str) -> None:
    before = sorted(os.listdir(directory))
    status, document = _json(capsys, "test", good, "--capath", directory, "--distrust", "root.pem")
    assert sorted(os.listdir(directory)) == before
    [result] = document["results"]
    assert (status, result["outcome"], result["verify"]["code"]) == (1, "rejected", 20)
    diagnosis = result["diagnosis"]
    assert diagnosis["cause"] == "root-not-trusted"
    assert diagnosis["remedies"][0]["command"].startswith(f"capath trust {directory} ")


def test_a_what_if_is_held_against_the_store_as_it_is(
    capsys: pytest.CaptureFixture[str], directory: str, good: str, loopback: Loopback
) -> None:
    """Before and after for each host; what could not be tested counts as neither."""
    other = authority.root("Other")
    elsewhere = f"127.0.0.1:{loopback.serve(tls(tls_context(authority.leaf(other, HOST)), http()))}"
    gone = f"127.0.0.1:{loopback.refuse()}"
    hosts = (good, elsewhere, gone)
    assert main(["test", *hosts, "--capath", directory, "--distrust", "root.pem"], _no_explorer) == 1
    out, err = capsys.readouterr()
    assert [line.partition("(before: ")[2] for line in out.splitlines() if "(before: " in line] == [
        "verified)",
        "rejected)",
        "unreachable)",
    ]
    assert "the change breaks 1, leaves unchanged 1, could not test 1" in err
    assert "treats it as distrusted" in out
    assert ".untrusted" not in out
    _, document = _json(capsys, "test", good, "--capath", directory, "--distrust", "root.pem")
    assert document["results"][0]["before"]["outcome"] == "verified"


def test_a_root_on_several_hosts_is_named_once(
    capsys: pytest.CaptureFixture[str], directory: str, loopback: Loopback
) -> None:
    proxy = authority.root("Proxy")
    ports = [loopback.serve(tls(tls_context(authority.leaf(proxy, HOST), proxy), http())) for _ in range(2)]
    assert main(["test", *(f"127.0.0.1:{port}" for port in ports), "--capath", directory], _no_explorer) == 1
    err = capsys.readouterr().err
    assert "2 of 2 hosts end in “Proxy”, which no store here has: an intercepting proxy" in err
    assert "2 hosts: 2 rejected (private-root-sent 2)" in err


def test_one_host_is_not_counted_and_json_has_no_summary(
    capsys: pytest.CaptureFixture[str], directory: str, good: str
) -> None:
    assert main(["test", good, "--capath", directory], _no_explorer) == 0
    assert "1 verified" not in capsys.readouterr().err
    assert main(["test", good, good, "--capath", directory, "--json"], _no_explorer) == 0
    assert "2 verified" not in capsys.readouterr().err


def test_the_remedy_that_is_printed_mends_it(
    capsys: pytest.CaptureFixture[str], directory: str, good: str
) -> None:
    assert main(["distrust", directory, "root.pem"], _no_explorer) == 0
    capsys.readouterr()
    _, document = _json(capsys, "test", good, "--capath", directory)
    command = document["results"][0]["diagnosis"]["remedies"][0]["command"]
    assert main(command.split()[1:], _no_explorer) == 0
    capsys.readouterr()
    status, document = _json(capsys, "test", good, "--capath", directory)
    assert (status, document["results"][0]["outcome"]) == (0, "verified")


def test_a_host_that_cannot_be_reached_is_status_3(
    capsys: pytest.CaptureFixture[str], directory: str, good: str, loopback: Loopback
) -> None:
    status, document = _json(capsys, "test", f"127.0.0.1:{loopback.refuse()}", good, "--capath", directory)
    assert status == 3
    assert [result["outcome"] for result in document["results"]] == ["unreachable", "verified"]
    assert document["results"][0]["verify"] is None
    assert document["results"][0]["session"] is None


def test_a_list_of_hosts_keeps_its_order(
    capsys: pytest.CaptureFixture[str], directory: str, good: str, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts.txt"
    port = good.partition(":")[2]
    hosts.write_text(f"# ours\n{good}  # the address\n\nlocalhost:{port}\n")
    status, document = _json(capsys, "test", "--file", str(hosts), "--capath", directory, "--client", "pyopenssl")
    assert [result["host"] for result in document["results"]] == ["127.0.0.1", "localhost"]
    assert status == 0
    assert document["results"][0]["clients"] == {}


def test_the_text_says_why_and_what_mends_it(
    capsys: pytest.CaptureFixture[str], directory: str, good: str
) -> None:
    assert main(["test", good, "--capath", directory, "--distrust", "root.pem", "-v"], _no_explorer) == 1
    out = capsys.readouterr().out
    assert "20 unable to get local issuer certificate @0" in out
    assert "root-not-trusted: " in out
    assert "$ capath trust" in out
    assert "Master-Key              hidden" in out


def test_the_master_key_is_shown_when_asked_for(
    capsys: pytest.CaptureFixture[str], directory: str, good: str
) -> None:
    _, document = _json(capsys, "test", good, "--capath", directory, "--master-key")
    assert len(document["results"][0]["session"]["master_key"]) == 96


@pytest.mark.parametrize(
    "arguments",
    [
        ["test"],
        ["test", "host:99999"],
        ["test", "host", "--capath", "/nowhere/at/all"],
        ["test", "host", "--client", "netscape"],
        ["test", "host", "--timeout", "soon"],
        ["test", "host", "--timeout", "0"],
        ["test", "host", "--jobs", "0"],
        ["test", "--file", "/nowhere/at/all"],
        ["verify", "/nowhere/at/all", "leaf.pem"],
        ["verify", ".", "/nowhere/at/all"],
        ["verify", ".", "."],
    ],
)
def test_bad_input_is_status_2_and_says_so(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments, _no_explorer) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_flags_that_are_not_the_default_are_said(
    capsys: pytest.CaptureFixture[str], directory: str, good: str
) -> None:
    def flags(*options: str) -> list[str]:
        main(["test", good, "--capath", directory, "-v", *options], _no_explorer)
        lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
        return [line[2] for line in lines if line[:2] == ["Verify", "flags"]]

    assert flags() == []
    assert flags("--strict", "--partial-chain") == [
        "strict (X509_V_FLAG_X509_STRICT)",
        "any certificate here is an anchor (X509_V_FLAG_PARTIAL_CHAIN)",
    ]
    assert flags("--crl-check") == ["the leaf looked up in CRLs (X509_V_FLAG_CRL_CHECK)"]
    assert flags("--crl-check-all") == ["every certificate looked up in CRLs (X509_V_FLAG_CRL_CHECK_ALL)"]


def test_a_host_on_which_clients_differ_says_why_the_status_is_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, loopback: Loopback, root: authority.Identity
) -> None:
    """The root is behind a slot that dangles: this OpenSSL steps over it, others stop there."""
    store = tmp_path / "differs"
    store.mkdir()
    (store / "root.pem").write_bytes(root.pem)
    [(name, target)] = plan_rehash(scan(str(store))).links
    (store / name.replace(".0", ".1")).symlink_to(target)
    (store / name).symlink_to("gone.pem")
    port = loopback.serve(tls(tls_context(authority.leaf(root, LOOPBACK)), http()))
    arguments = ["test", f"{LOOPBACK}:{port}", "--capath", str(store), "--client", "pyopenssl"]
    if not skips_broken_slots():
        pytest.skip("this OpenSSL stops at a slot that dangles")
    assert main(arguments, _no_explorer) == 1
    first, second, *others = capsys.readouterr().out.splitlines()
    assert first.startswith(f"▲ {LOOPBACK}:{port}  verified  ")
    assert "with the OpenSSL that capath uses, but others would reject it. The exit status is 1." in second
    assert "(tested: it verifies with this)" in "\n".join(others)
    status, document = _json(capsys, *arguments)
    assert (status, document["results"][0]["outcome"]) == (1, "verified")


def test_verify_offline(
    capsys: pytest.CaptureFixture[str], directory: str, tmp_path: Path, root: authority.Identity
) -> None:
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(authority.leaf(root, "host.test").pem)
    status, document = _json(capsys, "verify", directory, str(leaf), "--hostname", "host.test")
    assert (status, document["outcome"], document["anchor"]["file"]) == (0, "verified", "root.pem")
    status, document = _json(capsys, "verify", directory, str(leaf), "--hostname", "other.test")
    assert (status, document["verify"]["code"]) == (1, 62)
    assert document["diagnosis"]["cause"] == "hostname-mismatch"
    status, document = _json(capsys, "verify", directory, str(leaf), "--at", "2099-01-01")
    assert (status, document["errors"][0]["name"]) == (1, "X509_V_ERR_CERT_HAS_EXPIRED")


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("0", "1970-01-01T00:00:00Z"),
        ("12345678", "1970-05-23T21:21:18Z"),
        ("20270131", "2027-01-31T00:00:00Z"),
        ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
    ],
)
def test_verify_takes_any_time(
    capsys: pytest.CaptureFixture[str],
    directory: str,
    tmp_path: Path,
    root: authority.Identity,
    text: str,
    seen: str,
) -> None:
    """Seconds since 1970 however few they are, as `openssl verify -attime` takes them; a date is a date."""
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(authority.leaf(root, "host.test").pem)
    assert _json(capsys, "verify", directory, str(leaf), "--at", text)[1]["at"] == seen


@pytest.mark.parametrize("text", ["", "soon", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9" * 30])
def test_verify_takes_nothing_else_for_a_time(
    capsys: pytest.CaptureFixture[str], directory: str, tmp_path: Path, root: authority.Identity, text: str
) -> None:
    """An empty one, as from an unset variable, would verify at another time than was meant."""
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(authority.leaf(root, "host.test").pem)
    assert main(["verify", directory, str(leaf), "--at", text], _no_explorer) == 2
    assert "this is not a time" in capsys.readouterr().err


def test_verify_waits_for_no_fifo(capsys: pytest.CaptureFixture[str], directory: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "leaf.pem")
    assert main(["verify", directory, str(tmp_path / "leaf.pem")], _no_explorer) == 2


def test_the_demo_proves_itself(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = _json(capsys, "demo", "--headless")
    assert status == 0
    assert all(scenario["as_made"] for scenario in document["scenarios"])
    assert len(document["scenarios"]) > 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_test_that_is_asked_to_end_takes_its_temporary_files_away(
    tmp_path: Path, loopback: Loopback, number: signal.Signals
) -> None:
    """A bundle is judged as a temporary CApath: it goes with the command, whatever ends that."""
    place = tmp_path / "tmp"
    place.mkdir()
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes())
    port = loopback.serve(silent)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "capath", "test", f"127.0.0.1:{port}", "--timeout", "600"),
            *("--capath", str(bundle)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(place)},
    )
    while not loopback.connection_count:
        time.sleep(0.01)
    assert os.listdir(place)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert b"Traceback" not in errors
    assert os.listdir(place) == []


def test_an_interrupt_ends_a_test_that_hangs(directory: str, loopback: Loopback) -> None:
    port = loopback.serve(silent)
    process = subprocess.Popen(
        # The timeout is far, so that it is the interrupt that ends it.
        [
            *(sys.executable, "-u", "-m", "capath", "test", f"127.0.0.1:{port}", "--timeout", "600"),
            "--capath",
            directory,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not loopback.connection_count:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
