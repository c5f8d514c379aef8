"""Settings files in their true precedence: what the doctor says is read is what the real client does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.doctor.conftest import World

from capath.demo.authority import root
from capath.doctor.examine import Verdict
from capath.doctor.machine import Machine
from capath.doctor.place import FromFile, FromVariable
from capath.doctor.program import Accepts, Refuses


def settled(world: World, client: str, machine: Machine, name: str, text: str) -> Verdict:
    """The verdict with a settings file of that name in the user's home."""
    path = Path(machine.home(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return world.verdict(machine, client)


def source(verdict: Verdict) -> str:
    """Who names the store: FILE:LINE or the variable."""
    for store in verdict.row.stores:
        match store.place.why:
            case FromFile(setting=setting):
                return f"{os.path.basename(setting.file)}:{setting.line}"
            case FromVariable(name=name):
                return name
            case _:
                continue
    return ""


@pytest.mark.parametrize(
    ("client", "name", "text"),
    [
        ("curl", ".curlrc", "# trust\nsilent\ncacert = {bundle}\n"),
        ("curl", ".curlrc", "\n\ncapath {directory}\n"),
        ("wget", ".wgetrc", "tries = 1\n\nca_certificate = {bundle}\n"),
        ("wget", ".wgetrc", "\n\nca_directory = {directory}\n"),
        ("git", ".gitconfig", "[http]\n\tproxy =\n\tsslCAInfo = {bundle}\n"),
        ("git", ".config/git/config", "[core]\n[http]\n\tsslCAPath = {directory}\n"),
        ("npm", ".npmrc", "fund=false\n\ncafile={bundle}\n"),
        ("pip", ".config/pip/pip.conf", "[global]\ntimeout = 9\ncert = {bundle}\n"),
    ],
)
def test_a_settings_file_counts(world: World, client: str, name: str, text: str) -> None:
    """It is named with its line, and the client accepts what its store verifies."""
    machine = world.machine(PIP_CONFIG_FILE="")
    if client == "pip" and any(map(os.path.exists, ("/etc/pip.conf", "/etc/xdg/pip/pip.conf"))):
        machine = machine.changed({"PIP_CONFIG_FILE": machine.home(name)})
    filled = text.format(bundle=world.file("company.pem"), directory=world.directory("certs"))
    verdict = settled(world, client, machine, name, filled)
    assert isinstance(verdict.proved, Accepts)
    assert source(verdict) == f"{os.path.basename(name)}:3"


@pytest.mark.parametrize(
    ("client", "name", "text", "variable", "winner"),
    [
        ("curl", ".curlrc", "cacert = {file}", "CURL_CA_BUNDLE", "file"),
        ("curl", ".curlrc", "capath = {directory}", "CURL_CA_BUNDLE", "file"),
        ("git", ".gitconfig", "[http]\nsslCAInfo = {file}", "GIT_SSL_CAINFO", "variable"),
        ("npm", ".npmrc", "cafile={file}", "npm_config_cafile", "variable"),
        ("pip", "pip.conf", "[global]\ncert = {file}", "PIP_CERT", "variable"),
        ("pip", "pip.conf", "[global]\ncert = {file}", "REQUESTS_CA_BUNDLE", "variable"),
    ],
)
def test_a_settings_file_and_a_variable(
    world: World, client: str, name: str, text: str, variable: str, winner: str
) -> None:
    """The one of the two that has the root decides, once the one and once the other."""
    good, other = world.file("company.pem"), world.file("other.pem", root("Another Root"))
    good_directory, other_directory = world.directory("good"), world.directory("bad", root("Another Root"))
    for number, file_is_good in enumerate((True, False)):
        values = {
            variable: other if file_is_good else good,
            "PIP_CONFIG_FILE": world.machine().home(name) if client == "pip" else "",
        }
        filled = text.format(
            file=good if file_is_good else other, directory=good_directory if file_is_good else other_directory
        )
        verdict = settled(world, client, world.machine(**values), name, filled + "\n")
        expected = Accepts if file_is_good == (winner == "file") else Refuses
        assert isinstance(verdict.proved, expected), (number, verdict.proved)
        assert source(verdict) == (variable if winner == "variable" else f"{name}:{text.count(chr(10)) + 1}")


def test_curl_uses_one_variable(world: World) -> None:
    """CURL_CA_BUNDLE before SSL_CERT_DIR before SSL_CERT_FILE: the others do not count, which is said."""
    other = world.file("other.pem", root("Another Root"))
    names = ("CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE")
    good = {name: world.file("company.pem") if name != names[1] else world.directory("good") for name in names}
    bad = {name: other if name != names[1] else world.directory("bad", root("Another Root")) for name in names}
    for at, name in enumerate(names):
        later = names[at + 1 :]
        verdict = world.verdict(world.machine(**{name: good[name]}, **{item: bad[item] for item in later}), "curl")
        assert isinstance(verdict.proved, Accepts)
        verdict = world.verdict(world.machine(**{name: bad[name]}, **{item: good[item] for item in later}), "curl")
        assert isinstance(verdict.proved, Refuses)
        assert all(any(item in problem.text for problem in verdict.row.problems) for item in later)


def test_php_ini_replaces_everything(world: World) -> None:
    """openssl.cafile in an ini file hides SSL_CERT_FILE; the file and the line are named."""
    place = world.place / "ini"
    place.mkdir()
    (place / "90-store.ini").write_text(
        f"; store\nopenssl.cafile = {world.file('other.pem', root('Another Root'))}\n"
    )
    machine = world.machine(SSL_CERT_FILE=world.file("company.pem"), PHP_INI_SCAN_DIR=str(place))
    verdict = world.verdict(machine, "php")
    assert isinstance(verdict.proved, Refuses)
    assert source(verdict) == "90-store.ini:2"
    remedy = world.verdict(machine, "php", "openssl").remedy
    assert remedy is not None
    assert remedy.fixes
    assert "90-store.ini, line 2" in remedy.text


def test_node_with_openssls_store(world: World) -> None:
    """--use-openssl-ca in NODE_OPTIONS: the built-in list no longer counts, SSL_CERT_FILE does."""
    machine = world.machine(SSL_CERT_FILE=world.file("company.pem"), NODE_OPTIONS="--use-openssl-ca")
    verdict = world.verdict(machine, "node")
    assert isinstance(verdict.proved, Accepts)
    assert all(store.place.path for store in verdict.row.stores)


def test_java_takes_cacerts_where_its_trust_store_is_not_there(world: World) -> None:
    """Silently: so the option that leads nowhere is told, with what is read instead."""
    machine = world.machine(JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=/nonexistent/store.p12")
    verdict = world.verdict(machine, "java")
    assert len(verdict.row.stores) == 2
    assert verdict.row.problems[0].leads_nowhere
    assert verdict.row.stores[1].root_count
