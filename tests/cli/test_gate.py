"""Hostile names in all that commands read: nothing but printable text, line ends and our colours gets out."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from capath.cli.main import main
from capath.cli.output import Gate
from capath.cli.registry import COMMANDS
from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.report.layout import Span, Style, rendered
from capath.report.schemas import commands_with_json, schema_of
from tests.minting import mint_crl, mint_root

HOSTILE = (
    "\x1b]52;c;cm0gLXJmIH4=\x07\x1b[2J\u202eroot\x9b31m\r\n● FAKE LINE\x7f\u200b\ufe0f"
    + "a\u0301\u0301\u0301\u0301\u0301\u0301"
)
SHORT = HOSTILE[:44]  # a common name has at most 64 characters
FAKE = re.compile(r"^● FAKE", re.MULTILINE)
OUR_COLOURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33)m")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """A store, sources, lists and hosts, each with hostile names; ``host`` is in the file of hosts."""
    crts = tmp_path / f"crts\x1b[31m{SHORT[-12:-8]}"
    crts.mkdir()
    root = authority.root(SHORT)
    (crts / f"{SHORT}.pem").write_bytes(root.pem)
    (crts / "second.pem").write_bytes(mint_root("\x1b[2Jsecond\u202e").pem)
    (crts / "expired.pem").write_bytes(mint_root("old\x07", not_before=_date(2001), not_after=_date(2002)).pem)
    (crts / "list\x1b[5m.crl").write_bytes(mint_crl(mint_root("crl\x9b5m"), (7,)))
    (crts / "no\x1b[certificate.pem").write_text("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
    assert main(["rehash", str(crts)], _no_explorer) in (0, 1, 2)
    (crts / "0badc0de.0").symlink_to("gone\x1b]0;x\x07.pem")
    (crts / "plain.pem").write_bytes(mint_root("plain\x1b[7m").pem)
    leaf = authority.leaf(root, SHORT, names=("localhost", "127.0.0.1"))
    (tmp_path / "leaf\x1b[31m.pem").write_bytes(leaf.pem)
    bag = pkcs12.serialize_key_and_certificates(
        HOSTILE.encode(), None, None, [mint_root("in a bag\x1b[2J").certificate], NoEncryption()
    )
    (tmp_path / "bag\x1b[31m.p12").write_bytes(bag)
    (tmp_path / "bundle\x1b[31m.pem").write_bytes(
        mint_root("bundled\x1b[2J\nx").pem + b"-----BEGIN \x1b[2J-----\n"
    )
    (tmp_path / "report.csv").write_text(f'"CA\x1b[2J","PEM Info"\n"{SHORT}","nothing\x1b[31m"\n')
    (tmp_path / "policy\x1b[31m.json").write_text(json.dumps({"off": {"expires-soon": HOSTILE}}))
    (tmp_path / "bad.json").write_text(json.dumps({HOSTILE: 1}))
    (tmp_path / "list.txt").write_text(f"{HOSTILE}\n")
    with Loopback() as servers:
        port = servers.serve(tls(tls_context(leaf), http()))
        alien = authority.leaf(authority.root("alien\x1b[2J\u202e"), SHORT, names=("localhost",))
        other = servers.serve(tls(tls_context(alien), http()))
        (tmp_path / "hosts.txt").write_text(f"127.0.0.1:{port}\nlocalhost:{other}\n")
        (tmp_path / "bad-hosts.txt").write_text(f"127.0.0.1:{port}\nhost\x1b[2J\u202e starttls=\x1b[31m\n")
        (tmp_path / "host").write_text(f"127.0.0.1:{port}")
        yield tmp_path


def _date(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=timezone.utc)


def _no_explorer(_: object) -> int:
    return 0


# What each command is run with, in this order, on one directory: later ones find what earlier ones left behind.
WALK = [
    "list DIR",
    "show DIR expired.pem",
    "show DIR expired.pem --pem",
    "show DIR FILE",
    "show DIR subject~root",
    "show DIR subject~o",
    "show DIR HOSTILE",
    "links DIR",
    "check DIR",
    "check DIR --all",
    "check DIR --rules",
    "check DIR --policy POLICY",
    "check DIR --policy BAD_POLICY",
    "rehash DIR --dry-run",
    "rehash DIR --dry-run -v",
    "rehash -v DIR",
    "rehash DIR HOSTILE",
    "distrust DIR FILE --dry-run",
    "distrust DIR FILE",
    "distrust DIR FILE",
    "distrust DIR HOSTILE",
    "distrust DIR @LIST",
    "distrust DIR second.pem --policy",
    "limit DIR HOSTILE --names *.corp.example",
    "limit DIR HOSTILE --remove",
    "trust DIR FILE --dry-run",
    "trust DIR second.pem --only --dry-run",
    "trust DIR second.pem --only",
    "undo DIR --dry-run",
    "redo DIR",
    "undo DIR HOSTILE",
    "completion fish",
    "completion HOSTILE",
    "schema test",
    "schema HOSTILE",
    "undo DIR",
    "undo DIR",
    "redo DIR --dry-run",
    "redo DIR",
    "undo DIR 1",
    "history DIR",
    "trust DIR FILE",
    "import DIR BAG BUNDLE REPORT --dry-run -v",
    "import DIR BAG BUNDLE REPORT -v",
    "import DIR BUNDLE --off",
    "import DIR HOSTILE",
    "import DIR https://HOST",
    "import DIR BUNDLE --select HOSTILE",
    "export DIR --bundle -",
    "export DIR --list -",
    "export DIR --list OUT",
    "export DIR --bundle POLICY",
    "export DIR --bundle - --select HOSTILE",
    "diff DIR BUNDLE",
    "diff BAG DIR --against mozilla",
    "diff DIR HOSTILE",
    "test --file HOSTS --capath DIR -v",
    "test --file HOSTS --capath DIR --commands",
    "test --file HOSTS --capath DIR --distrust FILE",
    "test --file HOSTS --capath DIR --trust HOSTILE",
    "test --file BAD_HOSTS --capath DIR",
    "test HOSTILE --capath DIR",
    "test HOST --capath HOSTILE",
    "verify DIR LEAF",
    "verify DIR LEAF --hostname HOSTILE",
    "verify DIR HOSTILE",
    "minimise DIR --file HOSTS",
    "minimise DIR HOST",
    "minimise DIR HOSTILE",
    "limit DIR FILE --names corp.test --dry-run",
    "limit DIR FILE --names corp.test",
    "limit DIR FILE --names HOSTILE",
    "limit DIR FILE --until HOSTILE",
    "limit DIR HOSTILE --remove",
    "history DIR",
    "settings",
    "settings --default",
    "settings --path",
    "doctor --no-run",
    "doctor HOST --client openssl,python",
    "doctor HOSTILE",
    "doctor --client HOSTILE",
    "doctor --python HOSTILE",
    "run BUNDLE -- true",
    "run DIR -- HOSTILE",
    "run HOSTILE -- true",
    "run DIR",
    "HOSTILE",
    "--HOSTILE list",
    "list --HOSTILE",
    "list DIR HOSTILE",
    *(f"{command.name} --help" for command in COMMANDS),
]


def _words(line: str, world: Path) -> list[str]:
    crts = next(path for path in world.iterdir() if path.is_dir() and path.name.startswith("crts"))
    names = {
        "DIR": str(crts),
        "FILE": f"{SHORT}.pem",
        "HOSTILE": HOSTILE,
        "--HOSTILE": f"--{HOSTILE}",
        "LEAF": str(world / "leaf\x1b[31m.pem"),
        "BAG": str(world / "bag\x1b[31m.p12"),
        "BUNDLE": str(world / "bundle\x1b[31m.pem"),
        "REPORT": str(world / "report.csv"),
        "POLICY": str(world / "policy\x1b[31m.json"),
        "BAD_POLICY": str(world / "bad.json"),
        "HOSTS": str(world / "hosts.txt"),
        "BAD_HOSTS": str(world / "bad-hosts.txt"),
        "HOST": (world / "host").read_text(),
        "https://HOST": f"https://{(world / 'host').read_text()}",
        "@LIST": f"@{world / 'list.txt'}",
        "OUT": str(world / "out\x1b[31m.txt"),
    }
    return [names.get(word, word) for word in line.split()]


def assert_printable(text: str, told: str, *, colours: bool) -> None:
    """Nothing that a terminal acts on, and no line that a name made."""
    if colours:
        text = OUR_COLOURS.sub("", text)
    odd = {character for character in text if not character.isprintable()} - {"\n"}
    assert not odd, (told, odd, text)
    assert "\u200b" not in text, told
    assert "\ufe0f" not in text, told
    assert not FAKE.search(text), (told, text)


@pytest.mark.parametrize("form", ["text", "colour", "json"])
def test_no_command_lets_anything_unprintable_out(world: Path, capsys: Capture, form: str) -> None:
    """Every command, with every option that prints, as text, in colour and as JSON."""
    capsys.readouterr()
    for line in WALK:
        words = _words(line, world)
        if line == "HOSTILE":
            main(words, _no_explorer)
        elif form == "colour":
            main([*words, "--color=always"], _no_explorer)
        else:
            main([*words, "--json"] if form == "json" else words, _no_explorer)
        captured = capsys.readouterr()
        assert captured.out + captured.err or form == "json" or words[0] == "rehash", line
        assert_printable(captured.out, line, colours=form == "colour")
        assert_printable(captured.err, line, colours=form == "colour")
        if form == "json" and captured.out.startswith("{"):
            assert captured.out.isascii()
            found = json.loads(captured.out)
            if words[0] in commands_with_json():
                jsonschema.validate(found, schema_of(words[0]), cls=jsonschema.Draft202012Validator)


def test_the_walk_goes_through_every_command() -> None:
    """A new command is walked too. The demo prints nothing but what it made itself."""
    walked = {line.split()[0] for line in WALK if not line.endswith("--help")}
    assert {command.name for command in COMMANDS} - walked == {"demo"}


def test_the_commands_to_paste_do_what_they_say(world: Path, capsys: Capture) -> None:
    """A directory with a hostile name in a command line is quoted for the shell, and visible."""
    capsys.readouterr()
    main(_words("distrust DIR second.pem", world), _no_explorer)
    undo = next(line for line in capsys.readouterr().out.splitlines() if "capath undo" in line)
    assert undo.isprintable()
    quoted = undo[undo.index("capath undo") :]
    script = f'capath() {{ printf "%s\\n" "$#"; }}\n{quoted}\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_warnings_and_tracebacks_are_not_shown_raw(tmp_path: Path) -> None:
    """A fault in capath itself quotes what it met, through the gate; warnings of libraries are not a user's."""
    code = f"""
import sys, warnings
import capath.cli.main, capath.__main__
def main(argv, explorer):
    warnings.warn("internal", UserWarning)
    raise RuntimeError({HOSTILE!r})
capath.cli.main.main = main
capath.__main__.run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 70
    shown = done.stderr.decode()
    assert "internal" not in shown
    assert "RuntimeError" in shown
    assert_printable(shown, "traceback", colours=False)


def test_the_gate_passes_octets_and_line_ends() -> None:
    """Line ends stay, all else that does not print is shown, and ``buffer`` is the stream's own."""
    octets = io.BytesIO()
    gate = Gate(io.TextIOWrapper(octets, encoding="utf-8", newline=""))
    assert gate.write("é\tb\n\n\x1b[0m\x85x\n") == 12
    gate.writelines(["a\x07", "b"])
    gate.flush()
    gate.buffer.write(b"\x1b")
    assert octets.getvalue() == "é\\x09b\n\n\\x1b[0m\\x85x\na\\x07b".encode() + b"\x1b"


@pytest.mark.parametrize("text", ["a\x1b[31mb", "two\nlines", "\u202ex", "\x9b"])
def test_segments_are_text_whatever_they_hold(text: str) -> None:
    """A styled segment is ours in its style alone."""
    shown = rendered(("before ", Span(text, Style.BAD), text), colour=True)
    assert_printable(shown, text, colours=True)
    assert "\n" not in shown
    assert rendered(text, colour=True) == rendered((text,), colour=False)


def test_color_is_for_terminals_and_for_those_who_ask(tmp_path: Path) -> None:
    """NO_COLOR, FORCE_COLOR and --color (no-color.org)."""
    (tmp_path / "root.pem").write_bytes(mint_root("Root").pem)

    def coloured(*options: str, **environment: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "capath", "list", str(tmp_path), *options],
            capture_output=True,
            env={**os.environ, **environment},
            check=True,
        )
        return b"\x1b" in done.stdout

    assert not coloured()
    assert coloured("--color", "always")
    assert coloured(FORCE_COLOR="1")
    assert not coloured(FORCE_COLOR="1", NO_COLOR="1")
    assert not coloured("--color=never", FORCE_COLOR="1")


@pytest.mark.parametrize(
    "line",
    [
        "test user:SECRET@127.0.0.1:1",
        "test https://user:SECRET@127.0.0.1:1/",
        "test smtp://user:SECRET@127.0.0.1:1/",
        "test 127.0.0.1:1 --proxy http://user:SECRET@127.0.0.1:1 -v --commands",
        "test 127.0.0.1:1 --proxy ftp://user:SECRET@127.0.0.1",
        "test 127.0.0.1:1 --proxy user:SECRET@127.0.0.1:port",
        "import . https://user:SECRET@127.0.0.1:1",
        "import . https://user:SECRET@127.0.0.1:1/list.csv",
        "import . http://user:SECRET@127.0.0.1:1/list.csv",
        "diff . https://user:SECRET@127.0.0.1:1/list.csv",
        "https://user:SECRET@127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("proxy", ["", "http://user:SECRET@127.0.0.1:1", "odd://user:SECRET@127.0.0.1:1"])
def test_passwords_are_not_echoed(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, line: str, proxy: str
) -> None:
    """In an address that was typed, in a proxy's, and in the environment's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    status = main([*line.split(), *(("--capath", ".") if line.startswith("test") else ())], _no_explorer)
    captured = capsys.readouterr()
    assert status in (2, 3)
    assert captured.err or captured.out
    assert "SECRET" not in captured.out + captured.err
