"""A command with another store: for every client, with the command's own exit status, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.doctor.conftest import World

from capath.demo.authority import root


def run(world: World, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``capath ARGUMENTS`` in a new process, with temporary files in a directory of the test."""
    place = world.place / "tmp"
    place.mkdir(exist_ok=True)
    environment = {**world.machine(**variables).environment, "TMPDIR": str(place)}
    done = subprocess.run(
        [sys.executable, "-m", "capath", *arguments],
        env=environment,
        cwd=world.place,
        capture_output=True,
        text=True,
    )
    assert os.listdir(place) == []
    return done


CONNECT = "import requests, sys, urllib.request as u; u.urlopen(sys.argv[1]); requests.get(sys.argv[1])"


@pytest.mark.parametrize("form", ["directory", "bundle", "der"])
def test_a_command_runs_with_the_store(world: World, form: str) -> None:
    """Whatever form the store has, and whatever the environment says."""
    from cryptography.hazmat.primitives.serialization import Encoding

    if form == "directory":
        store = world.directory("crts")
    elif form == "bundle":
        store = world.file("company.pem", root("Another Root"), world.authority)
    else:
        path = world.place / "root.der"
        path.write_bytes(world.authority.certificate.public_bytes(Encoding.DER))
        store = str(path)
    url = f"https://{world.server.text}/"
    command = (sys.executable, "-c", CONNECT, url)
    gone = {"SSL_CERT_FILE": "/nonexistent", "REQUESTS_CA_BUNDLE": "/nonexistent"}
    assert run(world, "run", store, "--", *command, **gone).returncode == 0
    assert subprocess.run(command, env=dict(world.machine().environment), capture_output=True).returncode == 1


def test_the_exit_status_is_the_commands(world: World) -> None:
    """Also that of one that a signal ended, or that is not there; arguments are the command's own."""
    store = world.file("company.pem")
    assert run(world, "run", store, "--", "sh", "-c", "exit 42").returncode == 42
    assert run(world, "run", store, "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM
    missing = run(world, "run", store, "--", "no-such-command")
    assert (missing.returncode, missing.stdout) == (127, "")
    assert run(world, "run", store, "--", str(world.place)).returncode == 126
    shown = run(world, "run", "-q", store, "--", "printf", "%s\n", "--", "--json", "-q")
    assert (shown.stdout, shown.stderr) == ("--\n--json\n-q\n", "")


def test_wrong_usage(world: World) -> None:
    """No command, no store, a directory without hash links: said, and nothing runs."""
    store = world.file("company.pem")
    for arguments in ((store,), (store, "--"), ("--", "true"), (store, store, "--", "true"), (store, "--json")):
        assert run(world, "run", *arguments).returncode == 2, arguments
    unhashed = run(world, "run", world.directory("plain", hashed=False), "--", "true")
    assert unhashed.returncode == 2
    assert "capath rehash" in unhashed.stderr
    assert run(world, "run", str(world.place / "gone"), "--", "true").returncode == 2


def test_clients_without_a_variable_are_named(world: World) -> None:
    """On standard error, with the option that they have; NODE_OPTIONS keeps what it holds."""
    command = ("sh", "-c", "echo $NODE_OPTIONS")
    shown = run(world, "run", world.file("company.pem"), "--", *command, NODE_OPTIONS="--no-warnings")
    for name in (
        "wget (--ca-certificate=FILE)",
        "gnutls-cli",
        "java (-Djavax.net.ssl.trustStore=FILE",
        "curl keeps",
    ):
        assert name in shown.stderr
    assert shown.stdout == "--no-warnings --use-openssl-ca\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_the_commands(world: World, number: signal.Signals) -> None:
    """Ctrl-C reaches it from the terminal, other signals are passed on; it decides, and the temporary files go."""
    place = world.place / "tmp"
    place.mkdir()
    script = (
        f"import signal, sys\nsignal.signal({int(number)}, lambda *_: sys.exit(7))\nprint('ready', flush=True)"
    )
    script += "\nwhile True:\n    signal.pause()"
    process = subprocess.Popen(
        [sys.executable, "-m", "capath", "run", world.file("company.pem"), "--", sys.executable, "-c", script],
        env={**world.machine().environment, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        if number is signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        assert process.wait() == 7
    assert os.listdir(place) == []


def exported(world: World, *options: str) -> str:
    """What ``capath export`` prints for a store of the server's root, in roots.pem beside it."""
    world.directory("crts")
    done = run(world, "export", "crts", "--bundle", "roots.pem", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_variables_for_a_shell(world: World) -> None:
    """Sourced by a shell, they give the store to its programs."""
    text = exported(world, "--env")
    script = f"{text}\nexec {sys.executable} -c '{CONNECT}' https://{world.server.text}/"
    subprocess.run(["/bin/sh", "-ec", script], env=dict(world.machine().environment), check=True)


def test_the_variables_for_an_image_and_a_workflow(world: World) -> None:
    """The same variables: with paths inside the image, and after what a workflow's step does."""
    shell = set(re.findall(r"^export (\w+)=", exported(world, "--env"), re.MULTILINE))
    done = run(world, "export", "crts", "--bundle", "roots.pem", "--dockerfile")
    copied = re.search(r'^COPY \["roots.pem", "(/\S+)"\]$', done.stdout, re.MULTILINE)
    assert copied is not None
    assert f"SSL_CERT_FILE={copied[1]}" in done.stdout
    assert set(re.findall(r"^(?:ENV|   ) (\w+)=", done.stdout, re.MULTILINE)) == shell
    step = run(world, "export", "crts", "--bundle", "roots.pem", "--github-actions").stdout
    body = "\n".join(line.removeprefix("    ") for line in step.splitlines()[2:])
    target = world.place / "github-env"
    environment = {
        "PATH": "/usr/bin:/bin",
        "GITHUB_WORKSPACE": str(world.place),
        "GITHUB_ENV": str(target),
        "RUNNER_TEMP": str(world.place / "runner temp"),
    }
    subprocess.run(["/bin/bash", "-ec", body], env=environment, check=True)
    given = dict(line.split("=", 1) for line in target.read_text().splitlines())
    assert given.keys() == shell
    assert Path(given["SSL_CERT_FILE"]).read_bytes() == (world.place / "roots.pem").read_bytes()
    # Go trusts every file of this directory: it has the bundle and nothing else of the repository.
    assert os.listdir(given["SSL_CERT_DIR"]) == [os.path.basename(given["SSL_CERT_FILE"])]


def test_variables_take_a_bundle(world: World) -> None:
    """Clients that need a file cannot be given a directory: what is missing is said."""
    world.directory("crts")
    done = run(world, "export", "crts", "--env")
    assert done.returncode == 2
    assert "--bundle" in done.stderr


def test_a_command_needs_its_dashes(world: World) -> None:
    """Options of the command would be read as those of capath."""
    said = run(world, "run", world.file("company.pem"), "curl", "-sS", "https://localhost")
    assert said.returncode == 2
    assert "capath run STORE -- COMMAND" in said.stderr


def test_clients_that_refuse_for_one_reason_share_a_paragraph(world: World) -> None:
    """The reason is said once, with the clients that have it."""
    other = world.file("other.pem", root("Another Root"))
    variables = {"SSL_CERT_FILE": other, "SSL_CERT_DIR": world.directory("crts", root("Another Root"))}
    out = run(world, "doctor", world.server.text, "--client", "openssl,python", **variables).stdout
    [heading] = [line for line in out.splitlines() if line.startswith("✗") and world.server.text in line]
    assert "openssl" in heading
    assert "ssl" in heading.split(",")[1]
    assert out.count("root-not-in-store") == 1


def test_a_remedy_that_is_not_enough_is_not_offered_for_a_missing_root(world: World) -> None:
    """A variable that leads nowhere is named; what helps is the root."""
    variables = {"SSL_CERT_FILE": world.file("other.pem", root("Another Root")), "SSL_CERT_DIR": "/nonexistent"}
    out = run(world, "doctor", world.server.text, "--client", "openssl", **variables).stdout
    assert "SSL_CERT_DIR names /nonexistent, which is not there" in out
    assert "is not its only root" in out
    assert "→ Get the root “Doctor Test Root”" in out
    assert "not enough" not in out


def test_variables_that_clients_do_not_use_are_named_once(world: World) -> None:
    """After the clients, with all that do not use them."""
    variables = {"CURL_CA_BUNDLE": world.file("company.pem")}
    lines = run(world, "doctor", "--client", "openssl,python", **variables).stdout.splitlines()
    [told] = [line for line in lines if "CURL_CA_BUNDLE" in line]
    assert told is lines[-1]
    assert told.startswith("· openssl ")
    assert told.endswith(" ssl: not used, though set: CURL_CA_BUNDLE")
