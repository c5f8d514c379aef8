"""``check``, ``import``, ``export``, ``diff`` and ``minimise``: their JSON, exit status and effect."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from capath.cli.main import main
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.store import list_store, scan
from tests.audit.worlds import Spec
from tests.minting import mint_intermediate, mint_root
from tests.sources.reading import REAL_DATA, needs_real_data

Capture = pytest.CaptureFixture[str]
A, B = mint_root("Root A"), mint_root("Root B")


def run(*arguments: object) -> int:
    def no_explorer(_: object) -> int:
        raise AssertionError("no screen was asked for")

    return main([str(argument) for argument in arguments], no_explorer)


def run_json(capsys: Capture, *arguments: object) -> tuple[int, Any]:
    capsys.readouterr()
    status = run(*arguments, "--json")
    loaded = json.loads(capsys.readouterr().out)
    assert loaded["schema_version"] == 1
    return status, loaded


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    path = tmp_path / "crts"
    path.mkdir()
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.pem"
    path.write_bytes(A.pem + B.pem)
    return path


def trusted(directory: Path) -> set[str]:
    return {row.certificate.sha256 for row in list_store(scan(directory)).certificates if row.trusted}


def names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


# --- check


def test_check_tells_errors_by_its_status(crts: Path, bundle: Path, capsys: Capture) -> None:
    """A store without errors is 0, though it has roots of no list; an error makes it 1."""
    run("import", crts, bundle)
    status, found = run_json(capsys, "check", crts)
    assert status == 0
    assert found["counts"]["error"] == 0
    assert {item["rule"] for item in found["findings"] if item["severity"] == "warning"} == {"not-in-mozilla-list"}
    (crts / "key.pem").write_bytes(A.key_pem)
    status, found = run_json(capsys, "check", crts)
    assert status == 1
    (error,) = [item for item in found["findings"] if item["severity"] == "error"]
    assert error["rule"] == "private-key"
    assert error["subject"] == {"kind": "file", "name": "key.pem"}
    assert error["evidence"]
    assert error["remedy"]
    assert error["source"]


def test_check_sees_the_mode_of_the_directory(crts: Path, capsys: Capture) -> None:
    """The directory's own permissions are judged, which no listing holds."""
    os.chmod(crts, 0o777)
    status, found = run_json(capsys, "check", crts)
    assert status == 1
    assert found["findings"][0]["rule"] == "writable-by-others"


def test_a_policy_in_the_directory_is_followed_and_shown(crts: Path, bundle: Path, capsys: Capture) -> None:
    """What is switched off is not reported, and that it is off is."""
    run("import", crts, bundle)
    (crts / "capath-audit.json").write_text('{"off": {"not-in-mozilla-list": "our own"}}')
    _, found = run_json(capsys, "check", crts)
    assert "not-in-mozilla-list" not in {item["rule"] for item in found["findings"]}
    assert found["switched_off"] == [{"rule": "not-in-mozilla-list", "reason": "our own"}]
    run("check", crts)
    assert "switched off: not-in-mozilla-list: our own" in capsys.readouterr().out


def test_a_wrong_policy_is_wrong_usage(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """It is no licence to report nothing."""
    policy = tmp_path / "p.json"
    policy.write_text('{"off": {"expird": "x"}}')
    assert run("check", crts, "--policy", policy) == 2
    assert "expird" in capsys.readouterr().err
    assert run("check", crts, "--policy", tmp_path / "missing") == 2


def test_rules_are_listed(capsys: Capture) -> None:
    """Every rule with its severity and source, without a directory."""
    status, found = run_json(capsys, "check", "--rules")
    assert status == 0
    assert {"rule", "severity", "title", "source"} == found["rules"][0].keys()
    assert run("check", "--rules") == 0


def test_check_shows_hostile_names_visibly(crts: Path, capsys: Capture) -> None:
    """No escape sequence of a certificate or file name reaches the terminal."""
    (crts / "a.pem").write_bytes(Spec("Evil \x1b[31m\u202e").pem())
    run("rehash", crts)
    capsys.readouterr()
    run("check", crts, "--all")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[31m<U+202E>" in out


# --- import


def test_import_makes_a_capath_of_an_empty_directory(crts: Path, bundle: Path, capsys: Capture) -> None:
    """One command, and everything is trusted; a second run has nothing to do; undo takes it back."""
    status, found = run_json(capsys, "import", crts, bundle)
    assert status == 0
    assert [(item["outcome"], item["file"]) for item in found["entries"]] == [
        ("new", "Root_A.pem"),
        ("new", "Root_B.pem"),
    ]
    assert sorted(found["gained"]) == sorted([A.sha256, B.sha256])
    assert trusted(crts) == {A.sha256, B.sha256}
    status, found = run_json(capsys, "import", crts, bundle)
    assert status == 0
    assert [item["outcome"] for item in found["entries"]] == ["already-on", "already-on"]
    assert found["operations"] == []
    assert run("undo", crts) == 0
    assert names(crts) == []


def test_import_names_what_becomes_trusted(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """With the fingerprint that openssl prints, to compare before anything is trusted."""
    (tmp_path / "root.pem").write_bytes(A.pem)
    printed = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", tmp_path / "root.pem"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for options in (["--dry-run"], []):
        assert run("import", crts, tmp_path / "root.pem", *options) == 0
        out = capsys.readouterr().out
        assert "● Root A" in out
        assert printed.strip().partition("=")[2] in out


def test_import_of_nothing_is_marked_as_a_failure(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """A key alone is rejected, and the line does not look like a success."""
    (tmp_path / "root.key").write_bytes(A.key_pem)
    assert run("import", crts, tmp_path / "root.key") == 2
    assert capsys.readouterr().out.startswith("✗ 1 rejected")


def test_import_into_a_directory_that_is_missing_says_how_to_create_it(
    tmp_path: Path, bundle: Path, capsys: Capture
) -> None:
    """A name that is not there could be the directory or a source."""
    assert run("import", tmp_path / "new", bundle) == 2
    assert f"create it: mkdir {tmp_path / 'new'}" in capsys.readouterr().err


def test_import_dry_run_writes_nothing(crts: Path, bundle: Path, capsys: Capture) -> None:
    """The preview is the same, and the directory too."""
    status, found = run_json(capsys, "import", crts, bundle, "--dry-run")
    assert status == 0
    assert found["applied"] is False
    assert len(found["operations"]) == 4
    assert names(crts) == []


def test_import_off_adds_without_trusting(crts: Path, bundle: Path) -> None:
    """The files are there, off, and openssl rehash leaves them so; trust takes one in."""
    assert run("import", "--off", crts, bundle) == 0
    subprocess.run(["openssl", "rehash", crts], check=True, capture_output=True)
    assert trusted(crts) == set()
    assert run("trust", crts, A.sha256[:16]) == 0
    assert trusted(crts) == {A.sha256}


def test_import_takes_several_sources_and_selects(
    crts: Path, bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Only what is selected comes in; a selection of nothing is wrong usage."""
    (tmp_path / "c.der").write_bytes(mint_root("Root C").der)
    assert run("import", crts, bundle, tmp_path / "c.der", "--select", "subject~root c") == 0
    assert names(crts)[-1] == "Root_C.pem"
    assert run("import", crts, bundle, "--select", A.sha256[:12].upper()) == 0
    assert A.sha256 in trusted(crts)
    assert run("import", crts, bundle, "--select", "subject~nobody") == 2
    assert "nobody" in capsys.readouterr().err


def test_import_says_what_it_refuses_and_goes_on(crts: Path, bundle: Path, capsys: Capture) -> None:
    """A bad object costs itself; a source of bad objects alone is bad input."""
    bundle.write_bytes(A.pem.replace(b"M", b"!", 1) + B.pem)
    status, found = run_json(capsys, "import", crts, bundle)
    assert status == 0
    assert [item["outcome"] for item in found["entries"]] == ["refused", "new"]
    bundle.write_bytes(b"nothing")
    assert run("import", crts, bundle) == 2
    assert run("import", crts, crts / "missing") == 2


def test_import_reads_a_password_from_a_file(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """And never from the command line; without one the file is refused."""
    encryption = serialization.BestAvailableEncryption(b"secret")
    data = pkcs12.serialize_key_and_certificates(b"x", A.key, A.certificate, None, encryption)
    (tmp_path / "a.p12").write_bytes(data)
    (tmp_path / "password").write_text("secret\n")
    assert run("import", crts, tmp_path / "a.p12") == 2
    assert "--password-file" in capsys.readouterr().out
    assert run("import", crts, tmp_path / "a.p12", "--password-file", tmp_path / "password") == 0
    assert trusted(crts) == {A.sha256}


def test_import_of_a_copy_of_the_contract_commands(crts: Path, capsys: Capture) -> None:
    """certifi makes a working store in one command."""
    status, found = run_json(capsys, "import", crts, "certifi")
    assert status == 0
    assert {item["outcome"] for item in found["entries"]} == {"new"}
    run("check", crts, "--json")
    # An old certifi has roots that have expired since, or that Mozilla distrusts.
    dated = {"expired", "expired-with-valid-twin", "distrusted-by-mozilla"}
    checked = json.loads(capsys.readouterr().out)["findings"]
    assert {item["rule"] for item in checked if item["severity"] == "error"} <= dated


@needs_real_data
def test_mozillas_list_makes_a_store_that_reads_clean(crts: Path, capsys: Capture) -> None:
    """The roots for websites, their limits beside them, and no finding of severity error."""
    status, found = run_json(capsys, "import", crts, REAL_DATA / "certdata.txt", "--only-websites")
    assert status == 0
    assert len(found["gained"]) == 121
    assert len(found["limits"]) == 3
    status, found = run_json(capsys, "check", crts)
    assert (status, found["counts"]["error"]) == (0, 0)


# --- export


def test_exports_hold_the_trusted_roots(crts: Path, bundle: Path, tmp_path: Path, capsys: Capture) -> None:
    """Each form is written, and a list applied elsewhere gives the same trust."""
    run("import", crts, bundle)
    run("distrust", crts, B.sha256[:16])
    out = tmp_path / "out.pem"
    status, found = run_json(
        capsys,
        "export",
        crts,
        "--bundle",
        out,
        "--tar",
        tmp_path / "o.tar",
        "--list",
        tmp_path / "l",
        "--der",
        tmp_path / "der",
    )
    assert status == 0
    assert found["certificates"] == [A.sha256]
    assert [item["kind"] for item in found["written"]] == ["bundle", "tar", "list", "der"]
    assert out.read_bytes().endswith(A.pem)
    assert names(tmp_path / "der") == ["Root_A.der"]
    assert A.sha256 in (tmp_path / "l").read_text()


def test_export_to_standard_output(crts: Path, bundle: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A bundle can be piped, and then nothing else is on standard output."""
    run("import", crts, bundle)
    capfdbinary.readouterr()
    assert run("export", crts, "--bundle", "-") == 0
    out = capfdbinary.readouterr().out
    assert out.count(b"BEGIN CERTIFICATE") == 2
    assert b"certificates in" not in out


def test_export_wants_to_know_what(crts: Path, tmp_path: Path) -> None:
    """Nothing named, two things on one stream: wrong usage. A place that cannot be written: unchanged."""
    assert run("export", crts) == 2
    assert run("export", crts, "--bundle", "-", "--json") == 2
    assert run("export", crts, "--bundle", "-", "--list", "-") == 2
    (crts / "a.pem").write_bytes(A.pem)
    run("rehash", crts)
    assert run("export", crts, "--bundle", tmp_path / "no" / "such") == 4


# --- diff


def test_diff_of_a_store_and_its_export_is_equal(
    crts: Path, bundle: Path, tmp_path: Path, capsys: Capture
) -> None:
    """0 where they are equal, 1 where they differ, each certificate accounted for."""
    run("import", crts, bundle)
    status, found = run_json(capsys, "diff", crts, bundle)
    assert (status, found["equal"], found["same"]) == (0, True, 2)
    bundle.write_bytes(A.pem)
    run("distrust", crts, A.sha256[:16])
    status, found = run_json(capsys, "diff", crts, bundle)
    assert status == 1
    assert [item["sha256"] for item in found["only_left"]] == [B.sha256]
    assert [item["trusted"] for item in found["trust_differs"]] == [{"left": False, "right": True}]
    assert run("diff", crts, bundle) == 1
    assert "only in" in capsys.readouterr().out


def test_diff_against_a_list_tells_what_is_trusted_beyond_it(crts: Path, bundle: Path, capsys: Capture) -> None:
    """What does this store trust that Mozilla does not?"""
    run("import", crts, bundle)
    _, found = run_json(capsys, "diff", crts, "certifi", "--against", "mozilla")
    assert {item["sha256"] for item in found["beyond"][0]["certificates"]} == {A.sha256, B.sha256}
    assert found["beyond"][0]["reference"].startswith("Mozilla's list of ")


def test_diff_counts_what_the_other_store_does_not_trust(crts: Path, bundle: Path, capsys: Capture) -> None:
    """A heading says how many of its certificates are distrusted where they are."""
    run("import", crts, bundle)
    run("distrust", crts, A.sha256)
    capsys.readouterr()
    (crts.parent / "empty").mkdir()
    assert run("diff", crts, crts.parent / "empty") == 1
    assert "(2, 1 of them not trusted)" in capsys.readouterr().out


def test_diff_of_nothing_is_wrong_usage(crts: Path, tmp_path: Path) -> None:
    """A file without a certificate is no store."""
    (tmp_path / "x").write_text("x")
    assert run("diff", crts, tmp_path / "x") == 2
    assert run("diff", crts, tmp_path / "missing") == 2


# --- what is fetched


def test_what_cannot_be_reached_is_status_3(crts: Path) -> None:
    """A host that refuses, for a chain and for a file; other schemes are wrong usage."""
    with Loopback() as servers:
        port = servers.refuse()
        assert run("import", crts, f"https://127.0.0.1:{port}") == 3
        assert run("import", crts, f"https://127.0.0.1:{port}/list.csv") == 3
        assert run("diff", crts, f"https://127.0.0.1:{port}") == 3
    assert run("import", crts, "http://127.0.0.1/") == 2
    assert names(crts) == []


# --- hosts


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with Loopback() as servers:
        yield servers


def serve(loopback: Loopback, issuer: authority.Identity, *sent: authority.Identity) -> str:
    leaf = authority.leaf(issuer, "localhost", names=("localhost", "127.0.0.1"))
    return f"127.0.0.1:{loopback.serve(tls(tls_context(leaf, *sent), http()))}"


def test_the_chain_that_a_host_shows_comes_in_with_a_warning(
    crts: Path, loopback: Loopback, capsys: Capture
) -> None:
    """Root and intermediate on, the host's own certificate off; that nothing is proven is said."""
    root = authority.root("Shown Root")
    middle = authority.intermediate(root, "Shown Intermediate")
    host = serve(loopback, middle, middle, root)
    assert run("import", crts, f"https://{host}") == 0
    assert "Nothing proves" in capsys.readouterr().err
    assert {"Shown_Root.pem", "Shown_Intermediate.pem", "untrusted"} <= set(names(crts))
    assert os.listdir(crts / "untrusted") == ["localhost.pem"]
    assert run("test", host, "--capath", crts, "--client", "pyopenssl") == 0


@pytest.fixture
def cross_signed(crts: Path, loopback: Loopback) -> list[str]:
    """An old root, a new one that the old one has cross-signed, a third that nobody uses; two hosts."""
    old, third = authority.root("Old Root"), authority.root("Third Root")
    key = authority.new_key()
    new = authority.root("New Root", key=key)
    cross = authority.intermediate(old, "New Root", key=key)
    for name, identity in (("old", old), ("new", new), ("third", third)):
        (crts / f"{name}.pem").write_bytes(identity.pem)
    run("rehash", crts)
    return [serve(loopback, new, cross), serve(loopback, old)]


def test_minimise_finds_one_root_for_both_hosts(crts: Path, cross_signed: list[str], capsys: Capture) -> None:
    """The cross-signed path makes the old root enough, and nothing is written without --apply."""
    before = names(crts)
    status, found = run_json(capsys, "minimise", crts, *cross_signed)
    assert status == 0
    assert [item["title"] for item in found["roots"]] == ["Old Root"]
    assert found["exact"] is True
    assert len(found["hosts"][0]["alternatives"]) == 2
    assert len(found["plan"]["lost"]) == 2
    assert names(crts) == before


def test_minimise_applied_keeps_the_hosts_verifying_and_is_undone(
    crts: Path, cross_signed: list[str], capsys: Capture
) -> None:
    """One change; the hosts still verify; one undo."""
    before = names(crts)
    assert run("minimise", crts, *cross_signed, "--apply") == 0
    assert list_store(scan(crts)).trusted_count == 1
    assert run("test", *cross_signed, "--capath", crts) == 0
    assert run("undo", crts) == 0
    assert names(crts) == before


def test_minimise_makes_a_directory_of_the_smallest_set(
    crts: Path, cross_signed: list[str], tmp_path: Path, capsys: Capture
) -> None:
    """The hosts verify with it, the directory that was asked stays, and what is there is not mixed with it."""
    before = names(crts)
    output = tmp_path / "small set"
    assert run("minimise", crts, *cross_signed, "--output", output) == 0
    assert names(crts) == before
    assert list_store(scan(output)).trusted_count == len(list_store(scan(output)).certificates) == 1
    assert run("test", *cross_signed, "--capath", output) == 0
    made = names(output)
    assert run("minimise", crts, *cross_signed, "--output", output) == 4
    assert "is not empty" in capsys.readouterr().err
    assert names(output) == made


def test_minimise_changes_nothing_for_a_host_it_could_not_ask(
    crts: Path, cross_signed: list[str], loopback: Loopback, capsys: Capture
) -> None:
    """What an unreached host needs is unknown, so nothing is taken from it."""
    before = names(crts)
    status, found = run_json(capsys, "minimise", crts, *cross_signed, f"127.0.0.1:{loopback.refuse()}", "--apply")
    assert status == 3
    assert found["hosts"][-1]["outcome"] == "unreachable"
    assert names(crts) == before


def test_minimise_names_hosts_without_a_path(
    crts: Path, cross_signed: list[str], loopback: Loopback, capsys: Capture
) -> None:
    """A host that does not verify now has no root to keep, and makes the status 1."""
    unknown = serve(loopback, authority.root("Unknown Root"))
    status, found = run_json(capsys, "minimise", crts, cross_signed[1], unknown)
    assert status == 1
    assert [item["outcome"] for item in found["hosts"]] == ["verified", "rejected"]
    assert run("minimise", crts, cross_signed[1], unknown) == 1
    out = capsys.readouterr().out
    assert "enough for 1 of 2 hosts" in out
    assert "does not verify now" in out


def test_minimise_changes_nothing_for_a_host_that_does_not_verify_now(
    crts: Path, cross_signed: list[str], loopback: Loopback, capsys: Capture
) -> None:
    """Its server may forget an intermediate alone: the root that it needs could be one of those that would go."""
    before = names(crts)
    unknown = serve(loopback, authority.root("Unknown Root"))
    # Options may stand between what is named.
    assert run("minimise", crts, cross_signed[1], "--apply", unknown) == 1
    assert "nothing was changed" in capsys.readouterr().err
    assert names(crts) == before


def test_minimise_counts_an_intermediate_that_only_the_store_gives(
    crts: Path, loopback: Loopback, capsys: Capture
) -> None:
    """A server that forgets its intermediate needs two certificates of the store."""
    root = authority.root("Lone Root")
    middle = authority.intermediate(root, "Lone Intermediate")
    for name, identity in (("root", root), ("middle", middle)):
        (crts / f"{name}.pem").write_bytes(identity.pem)
    run("rehash", crts)
    host = serve(loopback, middle)
    _, found = run_json(capsys, "minimise", crts, host)
    assert [item["title"] for item in found["roots"]] == ["Lone Intermediate", "Lone Root"]
    assert run("minimise", crts, host, "--partial-chain") == 0
    assert "1 of 2 trusted certificates is enough" in capsys.readouterr().out


def test_an_intermediate_is_a_warning_of_the_audit(crts: Path, capsys: Capture) -> None:
    """What an import of a chain can bring in is told by the next check."""
    middle = mint_intermediate(A)
    (crts / "m.pem").write_bytes(middle.pem)
    run("rehash", crts)
    _, found = run_json(capsys, "check", crts)
    assert "intermediate-as-anchor" in {item["rule"] for item in found["findings"]}


def test_an_empty_list_is_no_set_of_roots(crts: Path, bundle: Path, tmp_path: Path, capsys: Capture) -> None:
    """A list that was cut short would take every root out of trust."""
    run("import", crts, bundle)
    (tmp_path / "list").write_text("# One a line\n\n")
    capsys.readouterr()
    assert run("trust", crts, "--only", f"@{tmp_path / 'list'}") == 2
    assert "the list is empty" in capsys.readouterr().err
    assert trusted(crts) == {A.sha256, B.sha256}


def test_a_state_directory_that_is_relative_is_ignored(
    crts: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was changed in one working directory is undone from another."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    assert run("import", crts, bundle) == 0
    monkeypatch.chdir(tmp_path / "other")
    assert run("undo", crts) == 0
    assert trusted(crts) == set()
    assert list((tmp_path / "one").iterdir()) == []


def test_an_empty_name_is_no_default(capsys: Capture) -> None:
    for arguments in (["list", ""], ["test", "--capath", "", "localhost"], [""]):
        assert run(*arguments) == 2
        assert capsys.readouterr().err == "capath: the name of the directory is empty; name one\n"


def test_an_option_before_its_command_is_told_where_it_stands(crts: Path, capsys: Capture) -> None:
    assert run("--json", "list", crts) == 2
    assert "capath list --json" in capsys.readouterr().err


def test_a_bundle_is_read_as_the_directory_it_would_make(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """list, show, check and export take what import takes; nothing is left behind, and what is none is said."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Spec("Alpha").pem() + Spec("Beta").pem())
    status, listed = run_json(capsys, "list", bundle)
    assert status == 0
    assert listed["directory"] == str(bundle)
    assert [row["subject"] for row in listed["certificates"]] == ["CN=Alpha", "CN=Beta"]
    assert {row["state"] for row in listed["certificates"]} == {"trusted"}
    assert run_json(capsys, "show", bundle, "subject~beta")[1]["subject"] == "CN=Beta"
    assert run_json(capsys, "check", bundle)[1]["certificates"] == 2
    assert run("export", bundle, "--bundle", tmp_path / "out.pem") == 0
    assert (tmp_path / "out.pem").read_bytes().count(b"BEGIN CERTIFICATE") == 2
    (tmp_path / "note.txt").write_text("hello")
    assert run("list", tmp_path / "note.txt") == 2
    assert "contains no certificate" in capsys.readouterr().err
    assert run("links", bundle) == 2


def test_a_limit_of_ones_own_is_judged_shown_and_undone(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """By names and by date, on a real server; --remove takes it away, and so does undo."""
    root = authority.root("Own Root")
    (crts / "root.pem").write_bytes(root.pem)
    run("rehash", crts)
    with Loopback() as servers:
        leaf = authority.leaf(root, "localhost", names=("localhost",))
        host = f"localhost:{servers.serve(tls(tls_context(leaf), http()))}"

        def opinions() -> list[str]:
            told = run_json(capsys, "test", host, "--capath", crts)[1]
            return [opinion["text"] for opinion in told["results"][0]["opinions"]]

        assert opinions() == []
        assert run("limit", crts, "subject~own", "--names", "*.corp.example") == 0
        [text] = opinions()
        assert "the limit kept for it does not: it accepts only names under corp.example" in text
        assert "only names under *.corp.example" in _output(capsys, "show", crts, "subject~own")
        assert run("limit", crts, "subject~own", "--until", "2020-01-31") == 0
        assert len(opinions()) == 2
        assert run("limit", crts, "subject~own", "--names", "localhost", "--until", "2999-01-01") == 0
        assert opinions() == []
        assert run("undo", crts) == 0
        assert len(opinions()) == 2
        assert run("export", crts, "--bundle", tmp_path / "b.pem") == 0
        assert "--tar keeps them" in capsys.readouterr().err
        assert run("limit", crts, "subject~own", "--remove") == 0
        assert opinions() == []
        assert not (crts / "capath-constraints.json").exists()
    status, told = run_json(capsys, "limit", crts, "subject~own", "--names", "a.test", "--dry-run")
    assert (status, told["applied"], told["summary"]) == (0, False, "limit Own Root")
    assert "OpenSSL" in told["notes"][0]


@pytest.mark.parametrize(
    "words", [[], ["--remove", "--names", "a.test"], ["--until", "tomorrow"], ["--names", "no name!"]]
)
def test_a_limit_that_says_nothing_is_bad_input(crts: Path, capsys: Capture, words: list[str]) -> None:
    (crts / "root.pem").write_bytes(A.pem)
    assert run("limit", crts, "subject~root", *words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def _output(capsys: Capture, *words: object) -> str:
    capsys.readouterr()
    assert run(*words) == 0
    return capsys.readouterr().out


def test_a_store_that_trusts_nothing_is_told(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """By check, by what distrusts the last root, and by an export, which writes nothing."""
    assert "nothing-trusted" in _output(capsys, "check", crts)
    (crts / "root.pem").write_bytes(A.pem)
    (crts / "other.pem").write_bytes(B.pem)
    run("rehash", crts)
    assert "nothing-trusted" not in _output(capsys, "check", crts)
    assert "nothing is trusted" not in _output(capsys, "distrust", crts, "other.pem")
    assert "nothing is trusted after this" in _output(capsys, "distrust", crts, "root.pem")
    assert "nothing-trusted" in _output(capsys, "check", crts)
    assert run("export", crts, "--bundle", tmp_path / "none.pem") == 2
    assert "nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "none.pem").exists()


def test_import_names_the_new_roots_that_have_expired(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    source = tmp_path / "roots.pem"
    old = authority.root("Old", not_after=timedelta(days=-1))
    source.write_bytes(A.pem + old.pem)
    assert run("import", crts, source) == 0
    assert "1 of the new roots have expired: Old.pem" in capsys.readouterr().err
