"""The commands that scripts rely on: their JSON, their exit status, and what they leave in the directory."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from capath.cli.explore import ExploreRequest
from capath.cli.main import main
from capath.cli.openssl_directories import openssl_directories
from capath.cli.registry import COMMANDS
from capath.store import list_store, scan
from tests.minting import mint_crl, mint_root

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    directory = tmp_path / "crts"
    directory.mkdir()
    for name in ("Root A", "Root B", "Root C"):
        (directory / f"{name.replace(' ', '_')}.pem").write_bytes(mint_root(name).pem)
    assert capath("rehash", directory) == 0
    return directory


def capath(*argv: object) -> int:
    """Run the command line in this process."""

    def no_explorer(request: ExploreRequest) -> int:
        raise AssertionError("the explorer was opened")

    return main([str(argument) for argument in argv], no_explorer)


def run_json(capsys: Capture, *argv: object, status: int = 0) -> dict[str, Any]:
    """Run a command with --json and return its one object."""
    capsys.readouterr()
    assert capath(*argv, "--json") == status
    loaded = json.loads(capsys.readouterr().out)
    assert loaded["schema_version"] == 1
    assert isinstance(loaded, dict)
    return loaded


def listing(directory: Path) -> dict[str, str]:
    return {
        name: os.readlink(directory / name) if (directory / name).is_symlink() else "file"
        for name in os.listdir(directory)
    }


def test_list_json_has_every_field_of_the_contract(crts: Path, capsys: Capture) -> None:
    """A certificate's object has the names that scripts rely on."""
    (crts / "note.txt").write_text("hello")
    found = run_json(capsys, "list", crts)
    assert found["directory"] == str(crts)
    assert found["skipped"] == [{"file": "note.txt", "reason": "it holds no PEM certificate or CRL"}]
    first = found["certificates"][0]
    assert set(first) >= {
        *("file", "subject", "issuer", "serial", "sha256", "sha1", "subject_hash", "old_hash", "links", "state"),
        *("why", "not_before", "not_after", "key", "signature_algorithm", "is_ca", "self_signed", "problems"),
    }
    assert first["file"] == "Root_A.pem"
    assert first["subject"] == "CN=Root A"
    assert first["state"] == "trusted"
    assert first["links"] == [f"{first['subject_hash']}.0"]
    assert first["not_after"] == "2049-01-01T00:00:00Z"
    assert first["key"] == {"type": "EC", "bits": 256, "curve": "P-256"}
    assert first["is_ca"] is True
    assert first["self_signed"] is True


def test_list_tells_crls(crts: Path, capsys: Capture) -> None:
    """A CRL is listed with its links."""
    root = mint_root("Root with a list")
    (crts / "list.crl").write_bytes(mint_crl(root, (7,)))
    assert capath("rehash", crts) == 0
    crl = run_json(capsys, "list", crts)["crls"][0]
    assert crl["file"] == "list.crl"
    assert crl["revoked_count"] == 1
    assert crl["links"][0].endswith(".r0")


@pytest.mark.parametrize("how", ["file", "link", "hash", "sha256", "sha1 with colons", "subject"])
def test_show_takes_every_way_to_name_a_certificate(crts: Path, capsys: Capture, how: str) -> None:
    """WHICH: file, link, hash, fingerprint prefix with or without colons, subject~TEXT."""
    wanted = run_json(capsys, "list", crts)["certificates"][1]
    sha1 = ":".join(wanted["sha1"][at : at + 2] for at in range(0, 40, 2)).upper()
    which = {
        "file": wanted["file"],
        "link": wanted["links"][0],
        "hash": wanted["subject_hash"],
        "sha256": wanted["sha256"][:8],
        "sha1 with colons": sha1,
        "subject": "subject~root b",
    }[how]
    assert run_json(capsys, "show", crts, which)["sha256"] == wanted["sha256"]


def test_which_that_names_several_or_none_is_an_error_that_helps(crts: Path, capsys: Capture) -> None:
    """An ambiguous WHICH lists what it could be; an unknown one says what can be given."""
    assert capath("show", crts, "subject~root") == 2
    error = capsys.readouterr().err
    for name in ("Root_A.pem", "Root_B.pem", "Root_C.pem"):
        assert name in error
    assert capath("distrust", crts, "nonsense") == 2
    assert "subject~TEXT" in capsys.readouterr().err
    assert capath("show", crts, "Root A") == 2
    assert "did you mean 'subject~Root A'?" in capsys.readouterr().err


def test_show_pem_is_what_openssl_reads(crts: Path, capsys: Capture) -> None:
    """--pem prints normalised PEM and nothing else."""
    capsys.readouterr()
    assert capath("show", crts, "Root_A.pem", "--pem") == 0
    assert capsys.readouterr().out.encode() == (crts / "Root_A.pem").read_bytes()


def test_distrust_then_trust_leaves_the_directory_as_it_was(crts: Path, capsys: Capture) -> None:
    """Off and on again is the exact inverse."""
    before = listing(crts)
    plan = run_json(capsys, "distrust", crts, "Root_B.pem")
    assert plan["applied"] is True
    assert len(plan["lost"]) == 1
    assert (crts / "untrusted/Root_B.pem").exists()
    states = {row["file"]: row["state"] for row in run_json(capsys, "list", crts)["certificates"]}
    assert states["untrusted/Root_B.pem"] == "untrusted"
    assert capath("trust", crts, "subject~root b") == 0
    assert listing(crts) == before


def test_what_has_that_state_already_is_named(crts: Path, capsys: Capture) -> None:
    """Nothing is done, and the reason is said."""
    capath("rehash", crts)
    [first, *_] = list_store(scan(crts)).certificates
    capsys.readouterr()
    assert capath("trust", crts, first.file) == 0
    assert capsys.readouterr().out == f"nothing to do: {first.certificate.subject.title} is already trusted\n"
    capath("distrust", crts, first.file)
    capsys.readouterr()
    assert capath("distrust", crts, first.file) == 0
    assert "is already distrusted" in capsys.readouterr().out


def test_a_file_that_is_off_answers_to_the_name_it_had(crts: Path, capsys: Capture) -> None:
    """What took it out, with the other verb, takes it in again; a file that has the name now comes first."""
    before = listing(crts)
    assert capath("distrust", crts, "Root_B.pem") == 0
    assert run_json(capsys, "show", crts, "Root_B.pem")["file"] == "untrusted/Root_B.pem"
    assert capath("trust", crts, "Root_B.pem") == 0
    assert listing(crts) == before
    assert capath("distrust", crts, "Root_B.pem") == 0
    (crts / "Root_B.pem").write_bytes((crts / "Root_C.pem").read_bytes())
    assert run_json(capsys, "show", crts, "Root_B.pem")["subject"] == "CN=Root C"


def test_undo_where_there_is_no_directory_says_that(tmp_path: Path, capsys: Capture) -> None:
    assert capath("undo", tmp_path / "nowhere") == 2
    assert "there is no such directory" in capsys.readouterr().err


def test_export_overwrites_nothing_but_exports(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """A file of somebody else's stays, and then nothing is written at all; --force says that it may go."""
    precious, fresh = crts / "Root_A.pem", tmp_path / "roots.txt"
    before = precious.read_bytes()
    assert capath("export", crts, "--list", fresh, "--bundle", precious) == 4
    assert "--force" in capsys.readouterr().err
    assert precious.read_bytes() == before
    assert not fresh.exists()
    assert capath("export", crts, "--bundle", precious, "--force") == 0
    assert precious.read_bytes() != before


def test_exports_are_made_anew(crts: Path, tmp_path: Path) -> None:
    """A bundle, an archive and a list of before are replaced by those of the store as it is."""
    paths = [tmp_path / name for name in ("b.pem", "t.tar", "l.txt")]
    arguments = ("--bundle", paths[0], "--tar", paths[1], "--list", paths[2])
    assert capath("export", crts, *arguments) == 0
    before = [path.read_bytes() for path in paths]
    assert capath("distrust", crts, "Root_A.pem") == 0
    assert capath("export", crts, *arguments) == 0
    after = [path.read_bytes() for path in paths]
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_dry_run_prints_the_plan_and_does_nothing(crts: Path, capsys: Capture) -> None:
    """--dry-run changes no name and writes no history."""
    before = listing(crts)
    capsys.readouterr()
    assert capath("distrust", crts, "Root_B.pem", "--dry-run") == 0
    assert "Root_B.pem -> untrusted/Root_B.pem" in capsys.readouterr().out
    assert listing(crts) == before
    assert [change["summary"] for change in run_json(capsys, "history", crts)["changes"]] == [
        "rehash (new hashes)"
    ]


def test_only_makes_the_named_ones_the_whole_set(crts: Path, capsys: Capture) -> None:
    """trust --only distrusts every other certificate, and one undo brings all back."""
    before = listing(crts)
    assert capath("trust", crts, "Root_B.pem", "--only") == 0
    states = {row["subject"]: row["state"] for row in run_json(capsys, "list", crts)["certificates"]}
    assert states == {"CN=Root A": "untrusted", "CN=Root B": "trusted", "CN=Root C": "untrusted"}
    assert capath("undo", crts) == 0
    assert listing(crts) == before


def test_history_is_newest_first_and_undo_stops_at_its_end(crts: Path, capsys: Capture) -> None:
    """Every change is told; with nothing left to undo the status is 2."""
    unchanged = crts.parent / "unchanged"
    unchanged.mkdir()
    capsys.readouterr()
    assert capath("history", unchanged) == 0
    assert capsys.readouterr().out == "capath has made no changes here\n"
    assert capath("distrust", crts, "Root_A.pem") == 0
    assert capath("undo", crts) == 0
    capsys.readouterr()
    assert capath("history", crts) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(row[0], row[3]) for row in rows] == [("3", "undid"), ("2", "undone"), ("1", "done")]
    changes = run_json(capsys, "history", crts)["changes"]
    assert [change["number"] for change in changes] == [3, 2, 1]
    assert changes[0]["undoes"] == 2
    assert capath("undo", crts) == 0
    assert capath("undo", crts) == 2
    assert "no change" in capsys.readouterr().err


def test_links_tells_each_defect(crts: Path, capsys: Capture) -> None:
    """A dangling link has its state and a reason."""
    os.symlink("gone.pem", crts / "0badc0de.0")
    links = {link["name"]: link for link in run_json(capsys, "links", crts)["links"]}
    assert links["0badc0de.0"]["state"] == "dangling"
    assert links["0badc0de.0"]["target"] == "gone.pem"
    assert "gone.pem" in links["0badc0de.0"]["why"]
    assert {link["state"] for link in links.values()} == {"ok", "dangling"}


def test_rehash_counts_errors_over_directories(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """A directory that cannot be written is skipped with a word, and the rest still run."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "Root_D.pem").write_bytes(mint_root("Root D").pem)
    assert capath("rehash", tmp_path / "missing", other, "-v") == 1
    captured = capsys.readouterr()
    assert "missing" in captured.err
    assert f"Doing {other}" in captured.out
    assert "link Root_D.pem -> " in captured.out


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["list", ""], 2, "empty"),
        (["show"], 2, "WHICH"),
        (["list", "nowhere"], 2, "no such directory"),
        (["links", "FILE"], 2, "no certificate in a format"),
        (["history", "nowhere"], 2, "no such directory"),
        (["trust", "nowhere", "x"], 2, "nowhere is not one"),
        (["undo", "nowhere"], 2, "no such directory"),
        (["nonsense"], 2, "--help"),
        (["lst"], 2, "did you mean capath list?"),
        (["remove"], 2, "did you mean capath distrust?"),
        (["version"], 2, "did you mean capath --version?"),
        (["list", "--josn"], 2, "did you mean --json?"),
        (["example.com:443"], 2, "capath test example.com:443"),
        (["https://example.com/"], 2, "capath test example.com"),
        (["distrust", "FILE", "org:X"], 2, "capath import DIR FILE makes one of it"),
        (["FILE"], 2, "capath import DIR FILE"),
        (["--json", "list"], 2, "capath list --json"),
        (["rehash", "nowhere"], 1, "can't write"),
    ],
)
def test_bad_input_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, argv: list[str], status: int, said: str
) -> None:
    """What was wrong, the right status, no traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("a file")
    assert capath(*argv) == status
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_hostile_file_names_are_escaped_in_text_and_survive_in_json(crts: Path, capsys: Capture) -> None:
    """An escape sequence in a file name never reaches the terminal; JSON carries the name itself."""
    name = "evil\x1b[31m\n.pem"
    (crts / name).write_bytes(mint_root("Evil\x1b]0;x\x07").pem)
    capsys.readouterr()
    for command in ("list", "links"):
        assert capath(command, crts) == 0
    assert capath("rehash", crts, "-v") == 0
    assert capath("show", crts, "subject~evil") == 0
    assert capath("history", crts) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert name in [row["file"] for row in run_json(capsys, "list", crts)["certificates"]]


def test_the_default_directory_is_crts_then_openssls_own(
    crts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without DIR: ./crts if it is there, else SSL_CERT_DIR."""
    opened: list[str] = []

    def explorer(request: ExploreRequest) -> int:
        opened.append(request.directory)
        return 0

    monkeypatch.chdir(tmp_path)
    assert main([], explorer) == 0
    other = tmp_path / "elsewhere"
    (other / "roots").mkdir(parents=True)
    monkeypatch.chdir(other)
    monkeypatch.setenv("SSL_CERT_DIR", f"{other}/missing:{other}/roots")
    assert main([], explorer) == 0
    assert opened == ["crts", f"{other}/roots"]
    monkeypatch.setenv("SSL_CERT_DIR", f"{other}/missing")
    assert main([], explorer) == 2


def test_rehash_without_a_directory_takes_openssls_own(
    crts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of SSL_CERT_DIR, as openssl rehash does, which passes over what is empty in it."""
    second = tmp_path / "second"
    second.mkdir()
    (second / "root.pem").write_bytes(mint_root("Second").pem)
    monkeypatch.setenv("SSL_CERT_DIR", f"{crts}::{second}:")
    assert capath("rehash") == 0
    assert len([name for name in os.listdir(second) if name.endswith(".0")]) == 1
    monkeypatch.delenv("SSL_CERT_DIR")
    own = ssl.get_default_verify_paths().openssl_capath
    assert openssl_directories() == [own]


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself(command: str, capsys: Capture) -> None:
    """--help prints usage and succeeds."""
    assert capath(command, "--help") == 0
    shown = capsys.readouterr().out
    assert f"capath {command}" in shown
    assert capath("help", command) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("argv", "unwanted"),
    [
        (["--help"], {"textual", "requests", "OpenSSL", "cryptography"}),
        (["rehash", "EMPTY"], {"textual", "requests", "OpenSSL", "cryptography"}),
        (["list", "EMPTY"], {"textual", "requests", "OpenSSL"}),
    ],
)
def test_commands_import_no_more_than_they_need(tmp_path: Path, argv: list[str], unwanted: set[str]) -> None:
    """A command without a screen starts without Textual and without the network's libraries."""
    (tmp_path / "EMPTY").mkdir()
    code = (
        "import sys; from capath.cli.main import main; "
        f"main({argv!r}, lambda request: 0); print('\\n', *sys.modules)"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not unwanted & loaded


def test_a_list_of_fingerprints_is_applied_elsewhere(crts: Path, tmp_path: Path, capsys: Capture) -> None:
    """export --list, then trust --only @FILE: the listed set is the whole set; what is missing is named."""
    names = tmp_path / "roots.txt"
    assert capath("distrust", crts, "Root_C.pem") == 0
    assert capath("export", crts, "--list", names) == 0
    assert capath("trust", crts, "subject~root c") == 0
    assert capath("trust", crts, "--only", f"@{names}") == 0
    states = {row["subject"]: row["state"] for row in run_json(capsys, "list", crts)["certificates"]}
    assert states == {"CN=Root A": "trusted", "CN=Root B": "trusted", "CN=Root C": "untrusted"}
    names.write_text("ab" * 32 + "  nobody\n")
    assert capath("trust", crts, f"@{names}") == 2
    assert "ab" * 32 in capsys.readouterr().err


def test_the_explorer_takes_a_list_of_hosts(
    crts: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--hosts offers a file's hosts for testing, through the environment's proxy; a bad line is named."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:8080")
    monkeypatch.setenv("no_proxy", "mail.test")
    opened: list[ExploreRequest] = []

    def explorer(request: ExploreRequest) -> int:
        opened.append(request)
        return 0

    hosts = tmp_path / "hosts.txt"
    hosts.write_text("# mine\nexample.test:8443\nmail.test starttls=smtp  # the post\n")
    assert main([str(crts), "--hosts", str(hosts)], explorer) == 0
    assert [host.endpoint.text for host in opened[0].hosts] == ["example.test:8443", "mail.test:25"]
    proxies = [host.options.proxy for host in opened[0].hosts]
    assert [proxy and proxy.told for proxy in proxies] == ["http://proxy.test:8080 (from HTTPS_PROXY)", None]
    hosts.write_text("example.test:99999\n")
    assert main([str(crts), "--hosts", str(hosts)], explorer) == 2
    assert "line 1" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "darwin", reason="~/Library is used there")
def test_the_settings_are_in_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """XDG Base Directory Specification: $HOME/.config where XDG_CONFIG_HOME is not set."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert capath("settings") == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path}/.config/capath/config.toml: not there")


def test_redo_makes_the_undone_change_again(crts: Path, capsys: Capture) -> None:
    """What undo says leads back, and there is nothing to redo after it."""
    assert capath("distrust", crts, "Root_B.pem") == 0
    after = listing(crts)
    capsys.readouterr()
    assert capath("undo", crts) == 0
    assert f"redo: capath redo {crts}" in capsys.readouterr().out
    assert capath("redo", crts, "--dry-run") == 0
    assert listing(crts) != after
    assert capath("redo", crts) == 0
    assert listing(crts) == after
    assert capath("redo", crts) == 2


def test_a_change_is_undone_by_its_number(crts: Path, capsys: Capture) -> None:
    """An older change, where later ones do not touch the same names; numbers that are none are said."""
    before = listing(crts)
    assert capath("distrust", crts, "Root_A.pem") == 0
    assert capath("distrust", crts, "Root_B.pem") == 0
    assert capath("undo", crts, "2") == 0
    states = {row["subject"]: row["state"] for row in run_json(capsys, "list", crts)["certificates"]}
    assert states == {"CN=Root A": "trusted", "CN=Root B": "untrusted", "CN=Root C": "trusted"}
    assert capath("undo", crts, "2") == 2
    assert "changes: 1, 3" in capsys.readouterr().err
    assert capath("undo", crts, "x") == 2
    assert capath("undo", crts) == 0
    assert listing(crts) == before


def test_completion_completes_commands_and_options(tmp_path: Path, capsys: Capture) -> None:
    """The script of bash is loaded by bash."""
    assert capath("completion", "bash") == 0
    (tmp_path / "capath.bash").write_text(capsys.readouterr().out)
    script = """
source capath.bash
COMP_WORDS=(capath dis); COMP_CWORD=1; _shtab_capath capath dis capath; echo "${COMPREPLY[@]}"
COMP_WORDS=(capath check --fo); COMP_CWORD=2; _shtab_capath capath --fo check; echo "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["distrust", "--format"]
    for shell in ("zsh", "fish"):
        assert capath("completion", shell) == 0
        assert "minimise" in capsys.readouterr().out


def test_the_version_says_what_it_is_built_on(capsys: Capture) -> None:
    assert capath("--version", "-v") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["capath", "Python", "pyOpenSSL", "cryptography"]
    assert "OpenSSL" in lines[2]
