"""Programs that are not what their names promise: bounded, told, and never the end of the examination."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.doctor.conftest import World

from capath.demo.authority import leaf
from capath.demo.server import read_until, tls, tls_context
from capath.doctor.machine import Ended, Machine, Stopped, read_settings
from capath.doctor.place import ProblemKind
from capath.doctor.program import Accepts, Refuses, Unknown
from capath.tls.network.deadline import CancelledError
from capath.tls.network.endpoint import Endpoint


def program(place: Path, name: str, script: str, interpreter: str = "/bin/sh") -> str:
    """A program of that name; the directory that it is in."""
    directory = place / "bin"
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!{interpreter}\n{script}\n")
    path.chmod(0o755)
    return str(directory)


SCRIPTS = {
    "hangs": "sleep 600",
    "hangs in a child": "sleep 600 & sleep 600",
    "prints for ever": "exec yes",
    "crashes": "kill -SEGV $$",
    "prints nothing": "true",
    "wants a terminal": "read answer < /dev/tty; echo curl 7.0 OpenSSL/3; sleep 600",
    "waits for input": "read answer; echo got $answer",
    "is hostile": "printf '\\033]52;c;cm0=\\007\\033[2Jcurl\\n'",
    "is no text": "head -c 100000 /dev/urandom",
    "is somebody's own": "echo my wrapper 1.0; exit 3",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_program_that_is_not_the_client(world: World, name: str) -> None:
    """It is told in a row of its own, and the other clients are examined all the same."""
    path = program(world.place, "curl", SCRIPTS[name])
    machine = replace(world.machine(), timeout_s=3.0)
    machine = machine.changed({"PATH": f"{path}:{machine.get('PATH')}"})
    found = world.doctor(machine, "curl", "openssl").examine()
    assert [row.program.client.name for row in found.rows] == ["openssl"]
    assert [item.client for item in found.strange] == ["curl"]
    assert found.strange[0].executable == os.path.join(path, "curl")
    assert found.strange[0].reason.isprintable()
    assert not found.is_bad


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("python3", 'Python 3.99.1\n{"prefix": 1, "pip": "24.2", "requests": "9", "httpx": "9", "strict": []}'),
        ("python3", 'Python 3.99.1\n{"prefix" broken'),
        ("python3", "Python 3.99.1"),
        ("node", "Node 99.1\n7"),
        ("node", "Node 99.1\n[1, 2, 3]"),
        ("node", "Node 99.1\n" + "[" * 100_000),
        ("php", "PHP 99.1\n" + "[" * 100_000),
        ("php", 'PHP 99.1\n{"default_cert_file": 1, "default_cert_dir": [], "files": 7}'),
        ("ruby", "Ruby 99.1\n\0\n\0"),
        ("openssl", 'OpenSSL 99.1\nOPENSSLDIR: "\0"'),
        ("java", "  java.version = 99\n  java.home = /\0"),
        ("perl", "LWP 99.1\nsource = '/\0'"),
        ("curl", "curl 99.1 OpenSSL/9\n*  CAfile: /\0\n*  CApath: /\0"),
        ("git", "git version 99.1\nfound 1 certificates in /\0"),
    ],
)
def test_a_client_that_says_nonsense(world: World, name: str, said: str) -> None:
    """Its row has what can be made of it; nothing of it ends the examination."""
    answer = world.place / "answer"
    answer.write_text(said)
    path = program(world.place, name, f"exec cat {answer}")
    concerned = {"python3": ("python", "requests", "httpx", "pip"), "node": ("node", "npm")}.get(name, (name,))
    machine = world.machine(VIRTUAL_ENV="").changed({"PATH": f"{path}:/usr/bin:/bin"})
    found = world.examine(machine, "openssl", *concerned)
    assert len(found.rows) + len(found.strange) >= 2 or name == "openssl"
    assert len([item for item in found.strange if item.executable.startswith(path)]) <= 1


def test_a_host_that_offers_a_package_runs_nothing(world: World) -> None:
    """pip and uv build no source distribution that a host sends: its code would run."""
    proof = world.place / "executed"
    contents = {
        "backend.py": f"open({str(proof)!r}, 'w').close()\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "PKG-INFO": "Metadata-Version: 1.0\nName: capath-doctor-zzzz\nVersion: 1\n",
    }
    source = world.place / "capath_doctor_zzzz-1.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        for name, text in contents.items():
            entry = tarfile.TarInfo(f"capath_doctor_zzzz-1/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    page = f'<a href="/{source.name}">{source.name}</a>'.encode()

    def offer(connection: socket.socket) -> None:
        wants_page = read_until(connection, b"\r\n\r\n").split()[1].endswith(b"/")
        body = page if wants_page else source.read_bytes()
        kind = b"text/html" if wants_page else b"application/gzip"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        connection.sendall(head % (kind, len(body)) + body)

    port = world.servers.serve(tls(tls_context(leaf(world.authority, "localhost")), offer))
    machine = world.machine(PIP_CERT=world.file("company.pem"), SSL_CERT_FILE=world.file("company.pem"))
    found = world.examine(machine, "pip", "uv", hosts=(Endpoint("localhost", port),))
    assert {verdict.row.program.client.name for verdict in found.verdicts} == {"pip", "uv"}
    assert not proof.exists()


def test_a_program_that_cannot_be_started(world: World) -> None:
    """No interpreter, no format: the reason is the system's."""
    for interpreter in ("/nonexistent/interpreter", "/bin/sh\0"):
        path = program(world.place, "curl", "", interpreter)
        machine = world.machine().changed({"PATH": path})
        found = world.doctor(machine, "curl").examine()
        assert found.strange[0].reason


def test_a_client_that_hangs_on_the_host(world: World) -> None:
    """It answers for itself, and not for the host: no verdict of its own, and capath's judgement stands."""
    script = 'case "$1" in version) exec /usr/bin/openssl "$@";; *) sleep 600;; esac'
    path = program(world.place, "openssl", script)
    machine = replace(world.machine(), timeout_s=3.0)
    machine = machine.changed({"PATH": f"{path}:/usr/bin:/bin", "SSL_CERT_FILE": world.file("company.pem")})
    found = world.examine(machine, "openssl")
    verdict = found.verdicts[0]
    assert verdict.proved == Unknown("it did not end within 3 s")
    assert isinstance(verdict.opinion, Accepts)
    assert not verdict.differs


def test_a_client_that_answers_otherwise_is_told(world: World) -> None:
    """A wrapper that turns verification off is news: what it does counts, and that it differs is said."""
    path = program(world.place, "openssl", 'case "$1" in version) exec /usr/bin/openssl "$@";; esac')
    found = world.examine(world.machine().changed({"PATH": f"{path}:/usr/bin:/bin"}), "openssl")
    verdict = found.verdicts[0]
    assert isinstance(verdict.judged, Refuses)
    assert isinstance(verdict.opinion, Accepts)
    assert verdict.differs


def test_nothing_of_capath_leaks_into_a_client(world: World) -> None:
    """A program gets the user's variables and LC_ALL, no terminal, no input and an empty directory."""
    script = "env -0 > ENV; ls -A > LS; (exec < /dev/tty) 2> TTY; cat > INPUT; pwd > PWD_"
    for name in ("ENV", "LS", "TTY", "INPUT", "PWD_"):
        script = script.replace(f"> {name}", f"> {world.place}/{name}")
    path = os.path.join(program(world.place, "client", script), "client")
    machine = Machine({"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": "/own.pem"}, str(world.place))
    assert isinstance(machine.ask([path]), Ended)
    given = dict(item.split("=", 1) for item in (world.place / "ENV").read_text().split("\0") if item)
    assert {name: given[name] for name in given if name not in ("PWD", "_", "SHLVL", "OLDPWD")} == {
        "PATH": "/usr/bin:/bin",
        "SSL_CERT_FILE": "/own.pem",
        "LC_ALL": "C",
    }
    assert (world.place / "LS").read_text() == ""
    assert (world.place / "INPUT").read_text() == ""
    assert "/dev/tty" in (world.place / "TTY").read_text()
    assert not os.path.exists((world.place / "PWD_").read_text().strip())


def test_programs_in_relative_directories_are_not_run(world: World) -> None:
    """A PATH with a dot in it does not run what is in the directory."""
    program(world.place, "curl", "exit 0")
    machine = Machine({"PATH": f".:bin::{world.place}/nothing"}, str(world.place))
    assert machine.which("curl") is None


def test_an_interrupt_stops_every_program(world: World) -> None:
    """CancelledError comes soon, and nothing that was started is left."""
    pids, ready = world.place / "pids", world.place / "ready"
    os.mkfifo(ready)
    path = program(world.place, "curl", f"echo $$ > {pids}; sleep 600 & echo $! >> {pids}; echo > {ready}; wait")
    machine = replace(world.machine(), timeout_s=600.0).changed({"PATH": f"{path}:/usr/bin:/bin"})
    doctor = world.doctor(machine, "curl")

    def stop_when_ready() -> None:
        ready.read_bytes()
        doctor.stop()

    thread = threading.Thread(target=stop_when_ready)
    thread.start()
    with pytest.raises(CancelledError):
        doctor.examine()
    thread.join()
    for pid in pids.read_text().split():
        deadline_s = time.monotonic() + 20
        while not has_ended(pid):  # killed, and not yet scheduled to die
            assert time.monotonic() < deadline_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_command_and_every_program(world: World, number: signal.Signals) -> None:
    """The status is the signal's; no program and no temporary directory is left."""
    pids, place = world.place / "pids", world.place / "tmp"
    place.mkdir()
    path = program(world.place, "curl", f"echo $$ > {pids}; exec /bin/sleep 600")
    environment = {**world.machine().environment, "PATH": path, "TMPDIR": str(place)}
    command = [sys.executable, "-m", "capath", "doctor", "--client", "curl", "--timeout", "600"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    deadline_s = time.monotonic() + 60
    while not (pids.exists() and pids.read_text().endswith("\n")):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert os.listdir(place)
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert os.listdir(place) == []
    assert has_ended(pids.read_text().strip())


def has_ended(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] in "ZX"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path.mkdir(), ProblemKind.WRONG_KIND),
        (lambda path: path.write_bytes(b""), ProblemKind.EMPTY),
        (lambda path: path.write_bytes(b"\x00\xff" * 5000), ProblemKind.EMPTY),
        (lambda path: path.symlink_to(path), ProblemKind.UNREADABLE),
        (lambda path: os.mkfifo(path), ProblemKind.UNREADABLE),
        (lambda path: path.symlink_to("/dev/zero"), ProblemKind.UNREADABLE),
    ],
)
def test_a_variable_that_names_something_else(world: World, make: object, kind: ProblemKind) -> None:
    """What is there is told; nothing hangs, and the exit status is that of a variable that leads nowhere."""
    path = world.place / "odd"
    make(path)  # type: ignore[operator]
    found = world.doctor(world.machine(SSL_CERT_FILE=str(path)), "openssl").examine()
    assert [problem.kind for problem in found.rows[0].problems] == [kind]
    assert "SSL_CERT_FILE names" in found.rows[0].problems[0].text
    assert found.is_bad


def test_a_file_where_a_directory_is_wanted(world: World) -> None:
    """SSL_CERT_DIR names a bundle."""
    found = world.doctor(world.machine(SSL_CERT_DIR=world.file("bundle.pem")), "openssl").examine()
    assert [problem.kind for problem in found.rows[0].problems] == [ProblemKind.WRONG_KIND]


def test_settings_files_of_every_kind(world: World) -> None:
    """Lines that are settings, in the forms of curl, git, npm and PHP; what is none is passed by."""
    path = world.place / "settings"
    path.write_bytes(
        b"cacert /one\n--capath=/two\n# cafile = /no\n; x = 1\n"
        b'[http "https://a"]\n\tsslCAInfo = "/th ree"\n\xff = \xfe\n'
    )
    found = [(item.line, item.section, item.key, item.value) for item in read_settings(str(path))]
    assert found == [
        (1, "", "cacert", "/one"),
        (2, "", "capath", "/two"),
        (6, 'http "https://a"', "sslCAInfo", "/th ree"),
    ]
    os.mkfifo(world.place / "fifo")
    for name in ("fifo", "missing", "."):
        assert read_settings(str(world.place / name)) == ()


def test_the_command_line(world: World) -> None:
    """JSON on standard output and nothing else there; the exit status is 1 for a refusal, 3 for a dead host."""
    environment = dict(world.machine().environment)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "capath", "doctor", "--timeout", "60", *arguments]
        return subprocess.run(command, env=environment, cwd=world.place, capture_output=True, text=True)

    done = run(world.server.text, "--client", "openssl,python", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["schema_version"] == 1
    assert {item["client"] for item in found["clients"]} == {"openssl", "python"}
    assert found["clients"][0]["stores"][0]["why"]["source"] == "compiled-in"
    assert all(item["accepts"] is False and item["differs"] is False for item in found["verdicts"])
    dead = f"localhost:{world.servers.refuse()}"
    assert run(dead, "--client", "openssl").returncode == 3
    assert run("--client", "openssl").returncode == 0
    assert run("--client", "nobody").returncode == 2
    there, environment["PATH"] = environment["PATH"], str(world.place)
    assert run("--client", "openssl").returncode == 2
    environment["PATH"] = there
    assert run("--no-run").returncode == 0
    environment["SSL_CERT_FILE"] = "/nonexistent"
    assert run("--client", "openssl").returncode == 1


def test_stopped_is_told(world: World) -> None:
    """An answer that did not come is a reason, not an error."""
    machine = replace(world.machine(), timeout_s=0.5)
    assert machine.ask(["sleep", "600"]) == Stopped("it did not end within 0.5 s")
