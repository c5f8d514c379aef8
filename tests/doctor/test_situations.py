"""Eight situations that people ask about, on loopback: each is told right, and the printed remedy fixes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tests.doctor.conftest import World

from capath.demo.authority import leaf, root
from capath.doctor.examine import Remedy, Verdict
from capath.doctor.machine import Machine
from capath.doctor.place import ProblemKind
from capath.doctor.program import Accepts, Refuses


def follow(world: World, machine: Machine, remedy: Remedy | None) -> Machine:
    """Run the remedy's command in a shell; the machine with the environment that it leaves behind."""
    assert remedy is not None
    assert remedy.fixes, remedy
    assert remedy.command
    path = os.pathsep.join((os.path.dirname(sys.executable), machine.get("PATH")))
    done = subprocess.run(
        ["/bin/sh", "-c", f"{remedy.command}\n env -0"],
        env={**machine.environment, "PATH": path, "XDG_STATE_HOME": str(world.place / "state")},
        cwd=world.place,
        capture_output=True,
        check=True,
    )
    after = dict(
        item.split("=", 1) for item in done.stdout.decode().split("\0") if "=" in item and "\n" not in item
    )
    names = {*machine.environment, *after} - {"PATH", "PWD", "OLDPWD", "_", "SHLVL", "XDG_STATE_HOME"}
    return machine.changed({name: after.get(name) for name in names})


def kinds(verdict: Verdict) -> set[ProblemKind]:
    return {problem.kind for problem in verdict.row.problems}


def refusal(verdict: Verdict) -> Refuses:
    """What the client is judged to say, once it is certain that it said no itself."""
    assert isinstance(verdict.proved, Refuses), verdict.proved
    assert isinstance(verdict.judged, Refuses), verdict.judged
    return verdict.judged


def test_an_intercepting_proxys_root_in_the_system_store_is_not_in_certifi(world: World) -> None:
    """The other clients read the system's store. requests is given that, with the roots that it had."""
    system = world.file("system.pem", root("Some Public Root"), world.authority)
    machine = world.machine(SSL_CERT_FILE=system)
    verdict = world.verdict(machine, "requests", "openssl", "python")
    said = refusal(verdict)
    assert said.cause == "root-not-in-store"
    assert f"{system} has it" in said.text
    assert ProblemKind.NOT_USED in kinds(verdict)
    own = verdict.row.stores[0].root_count
    fixed = world.verdict(follow(world, machine, verdict.remedy), "requests")
    assert isinstance(fixed.proved, Accepts)
    assert fixed.row.stores[0].root_count == (own or 0) + 2


def test_the_systems_own_store_has_a_root_that_certifi_lacks(world: World) -> None:
    """The same in a mount namespace of its own, where the root is in this machine's real store."""
    system = "/etc/ssl/certs/ca-certificates.crt"
    if not os.path.exists(system) or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("it takes a system store of Debian's kind, and unshare")
    bundle = world.file("system.pem", world.authority)
    command = [sys.executable, "-m", "capath", "doctor", world.server.text, "--json", "--client"]
    command += ["requests,curl,wget,gnutls-cli,git,perl,go,ruby", "--timeout", "60"]
    script = f'mount --bind "$0" {system} && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "/bin/sh", "-c", script, bundle, *command],
        env=dict(world.machine().environment),
        cwd=world.place,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    verdicts = json.loads(done.stdout)["verdicts"]
    assert not any(item["differs"] for item in verdicts)
    accepted = {item["client"]: item["accepts"] for item in verdicts}
    assert accepted.pop("requests") is False
    assert all(accepted.values())
    remedy = next(item["remedy"] for item in verdicts if item["client"] == "requests")
    assert remedy["fixes"]
    assert system in remedy["command"]


@pytest.mark.parametrize("client", ["python", "curl", "openssl", "ruby", "go", "httpx"])
def test_ssl_cert_file_names_a_missing_file(world: World, client: str) -> None:
    """What is there beside it would do: the variable is unset. curl alone says that the file is the fault."""
    directory = world.directory("certs")
    machine = world.machine(SSL_CERT_FILE=str(world.place / "gone.pem"))
    if client in ("curl", "httpx"):
        verdict = world.verdict(machine, client)
        assert refusal(verdict).cause == "missing"
        assert "SSL_CERT_FILE names" in refusal(verdict).text
    else:
        verdict = world.verdict(machine, client)
        assert refusal(verdict).cause in ("missing-intermediate", "root-not-in-store")
    assert "gone.pem, which is not there" in refusal(verdict).text
    assert ProblemKind.MISSING in kinds(verdict)
    assert world.examine(machine, client).is_bad
    # The company's root is where another client finds it.
    machine = machine.changed({"REQUESTS_CA_BUNDLE": world.file("company.pem")})
    verdict = world.verdict(machine, client, "requests")
    assert directory
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), client).proved, Accepts)


def test_a_missing_file_hides_a_default_that_would_do(world: World) -> None:
    """requests with certifi's roots: unset is all that it takes where the default accepts the host."""
    machine = world.machine(REQUESTS_CA_BUNDLE=str(world.place / "gone.pem"), CURL_CA_BUNDLE=world.file("own.pem"))
    verdict = world.verdict(machine, "requests")
    assert refusal(verdict).cause == "missing"
    assert verdict.remedy is not None
    assert verdict.remedy.command == "unset REQUESTS_CA_BUNDLE"
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), "requests").proved, Accepts)


@pytest.mark.parametrize("client", ["python", "openssl", "curl", "ruby", "php"])
def test_ssl_cert_dir_without_hash_links(world: World, client: str) -> None:
    """Its certificates are not found; capath rehash makes the links."""
    machine = world.machine(SSL_CERT_DIR=world.directory("plain", hashed=False))
    verdict = world.verdict(machine, client)
    assert refusal(verdict).cause == "link-broken"
    assert ProblemKind.NOT_HASHED in kinds(verdict)
    assert verdict.remedy is not None
    assert verdict.remedy.command.startswith("capath rehash ")
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), client).proved, Accepts)


@pytest.mark.parametrize("client", ["go", "uv"])
def test_whole_directory_readers_need_no_links(world: World, client: str) -> None:
    """Go and uv read every file, links or not."""
    machine = world.machine(SSL_CERT_DIR=world.directory("plain", hashed=False))
    assert isinstance(world.verdict(machine, client).proved, Accepts)


@pytest.mark.parametrize("client", ["python", "openssl", "curl", "ruby", "php", "go", "uv", "httpx"])
def test_two_directories(world: World, client: str) -> None:
    """A list is read by those that know lists."""
    first = world.directory("first", root("Another Root"))
    machine = world.machine(SSL_CERT_DIR=f"{first}:{world.directory('second')}")
    verdict = world.verdict(machine, client)
    assert isinstance(verdict.proved, Accepts)
    assert [store.root_count for store in verdict.row.stores][-2:] == [1, 1]


def test_a_list_for_a_client_that_takes_one_path(world: World) -> None:
    """requests takes a:b for a path."""
    listed = f"{world.directory('first')}:{world.directory('second', root('Another Root'))}"
    machine = world.machine(REQUESTS_CA_BUNDLE=listed, CURL_CA_BUNDLE=world.file("company.pem"))
    verdict = world.verdict(machine, "requests", "curl")
    assert refusal(verdict).cause == "list-as-path"
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), "requests").proved, Accepts)


def test_requests_ca_bundle_is_an_unhashed_directory(world: World) -> None:
    """requests reads a directory by hash links."""
    machine = world.machine(REQUESTS_CA_BUNDLE=world.directory("plain", hashed=False))
    verdict = world.verdict(machine, "requests")
    assert refusal(verdict).cause == "link-broken"
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), "requests").proved, Accepts)


def test_requests_ca_bundle_overrides_session_verify(world: World) -> None:
    """The session's own store would do, and the variable hides it: that is said, and unsetting it is enough."""
    own = world.file("company.pem")
    machine = world.machine(REQUESTS_CA_BUNDLE=world.file("other.pem", root("Another Root")))
    verdict = world.verdict(machine, "requests")
    assert any("overrides Session.verify" in problem.text for problem in verdict.row.problems)
    script = f"import requests\ns = requests.Session()\ns.verify = {own!r}\ns.get('https://{world.server.text}/')"
    executable = verdict.row.program.executable

    def works(variables: Machine) -> bool:
        return (
            subprocess.run([executable, "-c", script], env=variables.environment, capture_output=True).returncode
            == 0
        )

    assert not works(machine)
    assert works(machine.changed({"REQUESTS_CA_BUNDLE": None}))


@pytest.mark.parametrize("client", ["node", "npm"])
def test_node_extra_ca_certs_is_not_set(world: World, client: str) -> None:
    """Node reads its built-in list; the file that the other clients have is added."""
    machine = world.machine(SSL_CERT_FILE=world.file("system.pem"))
    verdict = world.verdict(machine, client, "openssl")
    assert refusal(verdict).cause == "root-not-in-store"
    assert verdict.remedy is not None
    assert verdict.remedy.command.startswith("export NODE_EXTRA_CA_CERTS=")
    fixed = world.verdict(follow(world, machine, verdict.remedy), client)
    assert isinstance(fixed.proved, Accepts)
    assert len(fixed.row.stores) == 2


def test_git_has_its_own_ca_info(world: World) -> None:
    """http.sslCAInfo in ~/.gitconfig names a file that is gone: git refuses every host. The line is named."""
    machine = world.machine(SSL_CERT_FILE=world.file("system.pem"))
    gone = world.place / "gone.pem"
    config = Path(machine.home(".gitconfig"))
    config.write_text(f"[user]\n\tname = someone\n[http]\n\tsslCAInfo = {gone}\n")
    verdict = world.verdict(machine, "git", "openssl")
    said = refusal(verdict)
    assert said.cause == "missing"
    assert f"{config}, line 4" in said.text
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), "git").proved, Accepts)


def test_a_virtual_environment_with_an_old_certifi(world: World) -> None:
    """Its requests refuses what the system's store accepts; its store is told to be old."""
    environment = world.place / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next(environment.glob("lib/python*/site-packages"))
    certifi = packages / "certifi"
    certifi.mkdir()
    (certifi / "__init__.py").write_text(
        "import os\n__version__ = '2015.4.28'\ndef where():\n"
        "    return os.path.join(os.path.dirname(__file__), 'cacert.pem')\n"
    )
    (certifi / "cacert.pem").write_bytes(root("A Root Of Long Ago").pem)
    metadata = packages / "certifi-2015.4.28.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: certifi\nVersion: 2015.4.28\n")
    import requests

    (packages / "others.pth").write_text(os.path.dirname(os.path.dirname(requests.__file__)) + "\n")
    machine = world.machine(VIRTUAL_ENV=str(environment), SSL_CERT_FILE=world.file("system.pem"))
    verdict = world.verdict(machine, "requests", "openssl")
    assert verdict.row.program.executable == str(environment / "bin" / "python")
    assert verdict.row.stores[0].place.path == str(certifi / "cacert.pem")
    assert verdict.row.stores[0].root_count == 1
    assert ProblemKind.STALE in kinds(verdict)
    assert refusal(verdict).cause == "root-not-in-store"
    assert isinstance(world.verdict(follow(world, machine, verdict.remedy), "requests").proved, Accepts)


def _other_python(version: str) -> str:
    home = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    found = sorted(home.glob(f"versions/{version}.*/bin/python"))
    places = [*map(str, found), f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"]
    return next((path for path in places if os.access(path, os.X_OK)), "")


def test_strict_mode_of_python_3_13(world: World) -> None:
    """A root whose basicConstraints is not critical: 3.11 takes it, 3.13 does not until strict mode is off."""
    lax, strict = _other_python("3.11"), _other_python("3.13")
    if not lax or not strict:
        pytest.skip("it takes a Python 3.11 and a Python 3.13")
    constraints = (x509.BasicConstraints(ca=True, path_length=None), False)
    authority = root("Root Of Another Age", extensions=(constraints,), not_after=timedelta(days=900))
    identity = leaf(authority, "localhost")
    other = replace(world, authority=authority, server=world.serve(identity))
    machine = other.machine(lax, strict, SSL_CERT_FILE=other.file("company.pem"), VIRTUAL_ENV="")
    found = other.examine(machine, "python")
    verdicts = {verdict.row.program.executable: verdict for verdict in found.verdicts}
    assert isinstance(verdicts[lax].proved, Accepts)
    refused = verdicts[strict]
    assert not refused.differs
    assert refusal(refused).cause == "client-differs"
    assert refused.remedy is not None
    assert refused.remedy.fixes
    assert "verify_flags &= ~ssl.VERIFY_X509_STRICT" in refused.remedy.text
    line = refused.remedy.text.rpartition(": ")[2]
    script = (
        f"import ssl, socket\ncontext = ssl.create_default_context()\n{line}\n"
        f"connection = socket.create_connection(('localhost', {other.server.port}))\n"
        "context.wrap_socket(connection, server_hostname='localhost')"
    )
    subprocess.run([strict, "-c", script], env=dict(machine.environment), check=True)
