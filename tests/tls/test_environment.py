"""Which variables would change the answer of a user's program; proven with requests itself where it reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.environment import Program, Trap, environment_traps, proxy_variable
from tests.tls.conftest import MakeStore

HOST = Endpoint("host.test", 443)


def _trap(environment: Mapping[str, str], directory: str = "/crts") -> Trap:
    [trap] = environment_traps(environment, HOST, directory)
    return trap


def test_nothing_set_changes_nothing() -> None:
    assert environment_traps({}, HOST, "/crts") == ()
    assert (
        environment_traps({"REQUESTS_CA_BUNDLE": "", "HTTPS_PROXY": "", "SSL_CERT_DIR": ""}, HOST, "/crts") == ()
    )


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR"])
def test_a_variable_that_names_the_directory_changes_nothing(variable: str) -> None:
    assert environment_traps({variable: "/crts/"}, HOST, "/crts") == ()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_requests_itself_is_led_astray_as_told(
    make_store: MakeStore, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    root = authority.root("Root")
    good, other = make_store(root), make_store(authority.root("Other"), directory="other")
    url = f"https://127.0.0.1:{loopback.serve(tls(tls_context(authority.leaf(root, '127.0.0.1')), http()))}/"
    monkeypatch.setenv(variable, other)
    trap = _trap({variable: other}, good)
    assert {Program.REQUESTS_SESSION, Program.REQUESTS_GET} <= set(trap.affects)
    assert Program.REQUESTS_VERIFY not in trap.affects
    with requests.Session() as session:
        session.verify = good
        with pytest.raises(requests.exceptions.SSLError):
            session.get(url)
        assert session.get(url, verify=good).ok
        session.trust_env = False
        assert session.get(url).ok


def test_of_two_bundles_requests_takes_its_own_and_curl_the_other() -> None:
    first, second = environment_traps({"REQUESTS_CA_BUNDLE": "/a", "CURL_CA_BUNDLE": "/b"}, HOST, "/crts")
    assert first.affects == (Program.REQUESTS_GET, Program.REQUESTS_SESSION)
    assert second.affects == (Program.CURL,)


def test_openssls_own_variables_do_not_touch_requests() -> None:
    trap = _trap({"SSL_CERT_FILE": "/etc/bundle.pem"})
    assert trap.affects == (Program.SSL_DEFAULT, Program.HTTPX, Program.CURL, Program.OPENSSL)


def test_a_proxy_is_told_without_its_password() -> None:
    trap = _trap({"HTTPS_PROXY": "http://user:secret@proxy.test:3128"})
    assert trap.value == "http://proxy.test:3128"
    assert "secret" not in trap.text
    assert Program.REQUESTS_VERIFY in trap.affects


@pytest.mark.parametrize(
    ("exceptions", "excepted"),
    [
        ("host.test", True),
        (".test", True),
        ("*.test", True),
        ("a,host.test:444", False),
        ("ost.test", False),
        ("*", True),
    ],
)
def test_no_proxy_goes_round_it(exceptions: str, excepted: bool) -> None:
    environment = {"https_proxy": "http://proxy.test", "NO_PROXY": exceptions}
    assert (proxy_variable(environment, HOST) is None) == excepted


def test_hostile_values_come_out_harmless(tmp_path: Path) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "HTTPS_PROXY", "OPENSSL_CONF"):
        assert _trap({name: "\x1b[31m\u202e"}, str(tmp_path)).text.isprintable()
