"""`capath.explain` on what requests really raised."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import requests

import capath
from capath import Cause, Explanation, RemedyKind
from capath.demo import authority
from capath.demo.server import Handler, Loopback, http, read_until, scripted, silent, tls, tls_context
from capath.report.verification import command_line
from tests.tls.conftest import MakeStore, loopback, make_store

__all__ = ["loopback", "make_store"]

LOCAL = "127.0.0.1"
ROOT = authority.root("Root")
OTHER = authority.root("Other")


def _serve(
    servers: Loopback, issuer: authority.Identity, *, name: str = LOCAL, handler: Handler | None = None
) -> str:
    context = tls_context(authority.leaf(issuer, name))
    return f"https://{LOCAL}:{servers.serve(tls(context, handler or http()))}/"


def _fail(url: str, verify: str) -> requests.RequestException | OSError:
    with pytest.raises(OSError) as raised:
        requests.get(url, verify=verify, timeout=10)
    return raised.value


def _why(url: str, directory: str) -> Explanation:
    return capath.explain(url, _fail(url, directory), capath=directory, environment={})


def test_a_root_that_is_off_is_named_with_what_takes_it_in(make_store: MakeStore, loopback: Loopback) -> None:
    directory = make_store(root__pem__untrusted=ROOT.pem)
    url = _serve(loopback, ROOT)
    why = _why(url, directory)
    assert why.cause is Cause.ROOT_NOT_TRUSTED
    assert "Root" in str(why)
    assert f"capath trust {directory}" in str(why)
    listing = capath.open_store(directory)
    capath.apply_plan(capath.plan_toggle(listing, [why.remedies[0].operand], ()))
    assert requests.get(url, verify=directory, timeout=10).ok


def test_a_wrong_name_is_told(make_store: MakeStore, loopback: Loopback) -> None:
    assert _why(_serve(loopback, ROOT, name="other.test"), make_store(ROOT)).cause is Cause.HOSTNAME_MISMATCH


def test_a_port_without_tls_is_told(make_store: MakeStore, loopback: Loopback) -> None:
    port = loopback.serve(scripted([b"HTTP/1.1 400 Bad Request\r\n\r\n"]))
    assert _why(f"https://{LOCAL}:{port}/", make_store(ROOT)).cause is Cause.NOT_TLS


def test_a_refused_connection_is_told(make_store: MakeStore, loopback: Loopback) -> None:
    assert _why(f"https://{LOCAL}:{loopback.refuse()}/", make_store(ROOT)).cause is Cause.CONNECTION_REFUSED


def test_a_redirect_names_the_host_that_failed(make_store: MakeStore, loopback: Loopback) -> None:
    elsewhere = _serve(loopback, OTHER)

    def redirect(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode())

    why = _why(_serve(loopback, ROOT, handler=redirect), make_store(ROOT))
    assert why.cause is Cause.ROOT_NOT_IN_STORE
    assert elsewhere.split("/")[2] in why.text
    assert "redirected" in why.text


def test_a_verify_path_that_is_not_there_needs_no_test(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    why = capath.explain("https://host.invalid/", _fail("https://host.invalid/", missing), capath=missing)
    assert why.cause is Cause.OTHER
    assert missing in why.text
    assert why.remedies[0].action is RemedyKind.USE_STORE


def test_a_bundle_of_the_environment_that_is_not_there_is_named(
    make_store: MakeStore, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, url = make_store(ROOT), _serve(loopback, ROOT)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at/all")
    with requests.Session() as session:
        session.verify = directory
        with pytest.raises(OSError) as raised:
            session.get(url)
    why = capath.explain(url, raised.value, capath=directory)
    assert "REQUESTS_CA_BUNDLE" in why.text
    assert command_line(why.remedies[0].command) == "unset REQUESTS_CA_BUNDLE"


def test_a_bundle_of_the_environment_that_overrides_session_verify_is_named(
    make_store: MakeStore, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, url = make_store(ROOT), _serve(loopback, ROOT)
    monkeypatch.setenv("CURL_CA_BUNDLE", make_store(OTHER, directory="other"))
    with requests.Session() as session:
        session.verify = directory
        with pytest.raises(requests.exceptions.SSLError) as raised:
            session.get(url)
    why = capath.explain(url, raised.value, capath=directory)
    assert why.cause is Cause.CLIENT_DIFFERS
    assert "CURL_CA_BUNDLE" in why.text


def test_a_failure_that_is_gone_is_said_to_be_gone(make_store: MakeStore, loopback: Loopback) -> None:
    empty, url = make_store(directory="empty"), _serve(loopback, ROOT)
    error = _fail(url, empty)
    why = capath.explain(url, error, capath=make_store(ROOT), environment={})
    assert (why.cause, why.confidence.value) == (Cause.OTHER, "likely")
    assert "20 (unable to get local issuer certificate)" in why.text


def test_a_proxy_that_turns_away_is_told_apart_from_the_host(make_store: MakeStore, loopback: Loopback) -> None:
    port = loopback.serve(scripted([b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]))
    url, directory = _serve(loopback, ROOT), make_store(ROOT)
    with pytest.raises(requests.exceptions.ProxyError) as raised:
        requests.get(url, verify=directory, proxies={"https": f"http://{LOCAL}:{port}"}, timeout=10)
    why = capath.explain(url, raised.value, capath=directory, environment={})
    assert "proxy" in why.text
    assert "403" in why.text


def test_a_tls_error_behind_a_proxy_is_diagnosed_at_the_host(make_store: MakeStore, loopback: Loopback) -> None:
    """requests tells an error of certificates behind a proxy as SSLError or ProxyError, by version."""
    url, directory = _serve(loopback, ROOT), make_store(root__pem__untrusted=ROOT.pem)
    target = (LOCAL, int(url.split(":")[2].strip("/")))

    def tunnel(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(target) as onward:
            onward.sendall(connection.recv(65536))
            connection.sendall(onward.recv(65536))
            onward.sendall(connection.recv(65536))

    proxies = {"https": f"http://{LOCAL}:{loopback.serve(tunnel)}"}
    with pytest.raises(requests.exceptions.ConnectionError) as raised:
        requests.get(url, verify=directory, proxies=proxies, timeout=10)
    assert capath.explain(url, raised.value, capath=directory, environment={}).cause is Cause.ROOT_NOT_TRUSTED


def test_verification_that_is_switched_off_is_said() -> None:
    assert "switches verification off" in capath.explain("https://host.invalid/", OSError("x"), capath="").text


@pytest.mark.parametrize("url", ["http://host.test/", "ftp://host.test/", "https://host:99999/"])
def test_a_url_without_tls_is_bad_input(make_store: MakeStore, url: str) -> None:
    with pytest.raises(capath.BadInputError):
        capath.explain(url, OSError("x"), capath=make_store())


def test_a_path_object_is_taken(make_store: MakeStore, loopback: Loopback) -> None:
    directory, url = make_store(), _serve(loopback, ROOT)
    why = capath.explain(url, _fail(url, directory), capath=Path(os.fspath(directory)), environment={})
    assert why.cause is Cause.ROOT_NOT_IN_STORE


@pytest.mark.parametrize("kind", ["HTTPError", "TooManyRedirects", "InvalidSchema", "ReadTimeout", "RetryError"])
def test_what_is_no_tls_failure_is_said_to_be_none(make_store: MakeStore, kind: str) -> None:
    """Nothing is tested: the host is not there."""
    why = capath.explain("https://host.invalid/", getattr(requests.exceptions, kind)("x"), capath=make_store())
    assert f"{kind} is not a TLS failure" in why.text
    assert (why.cause, why.remedies) == (Cause.OTHER, ())


@pytest.mark.parametrize("body", [b"no JSON", b""])
def test_an_answer_that_is_not_json(make_store: MakeStore, loopback: Loopback, body: bytes) -> None:
    directory = make_store(ROOT)
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def answer(connection: socket.socket) -> None:
        read_until(connection, b"\r\n\r\n")
        connection.sendall(head)

    url = _serve(loopback, ROOT, handler=answer)
    with pytest.raises(ValueError) as raised:
        requests.get(url, verify=directory, timeout=10).json()
    assert "is not a TLS failure" in capath.explain(url, raised.value, capath=directory).text


def test_the_text_has_the_remedies(make_store: MakeStore, loopback: Loopback) -> None:
    directory = make_store(root__pem__untrusted=ROOT.pem)
    url = _serve(loopback, ROOT)
    text = capath.explain(url, _fail(url, directory), capath=directory, environment={}).text
    assert text.startswith("root-not-trusted: ")
    assert f"$ capath trust {directory}" in text
    assert "(tested: it verifies with this)" in text


def test_it_takes_no_longer_than_the_call_that_failed(make_store: MakeStore, loopback: Loopback) -> None:
    """The test gives up by the timeout that was given to requests, which the diagnosis names."""
    directory, port = make_store(ROOT), loopback.serve(silent)
    url = f"https://{LOCAL}:{port}/"
    with pytest.raises(requests.exceptions.RequestException) as raised:
        requests.get(url, verify=directory, timeout=0.5)
    error = requests.exceptions.ConnectionError("as older versions have it")
    error.__traceback__ = raised.value.__traceback__
    why = capath.explain(url, error, capath=directory, environment={})
    assert why.cause is Cause.TIMEOUT
    assert "within 0.5 s" in why.text


def _why_unasked(url: str, **arguments: object) -> Explanation:
    with pytest.raises(OSError) as raised:
        requests.get(url, timeout=10, **arguments)  # type: ignore[arg-type]
    return capath.explain(url, raised.value)


def test_without_a_store_it_is_certifi_that_is_explained(loopback: Loopback) -> None:
    """requests' own; what adds the root needs a directory first, and no text names the temporary copy."""
    why = _why_unasked(_serve(loopback, ROOT))
    assert why.cause is Cause.ROOT_NOT_IN_STORE
    assert "requests used certifi " in why.text
    assert "capath-store-" not in why.text


def test_without_a_store_it_is_the_one_that_requests_was_given(
    make_store: MakeStore, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By verify=, else by a variable, which is named; a file and a directory alike."""
    url, bundle = _serve(loopback, ROOT), tmp_path / "bundle.pem"
    bundle.write_bytes(OTHER.pem)
    by_argument = _why_unasked(url, verify=str(bundle))
    assert by_argument.cause is Cause.ROOT_NOT_IN_STORE
    assert f"requests used {bundle} (PEM bundle, 1 certificate), which verify= names." in by_argument.text
    directory = make_store(root__pem__untrusted=ROOT.pem)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
    assert f"{bundle} (PEM bundle, 1 certificate), which CURL_CA_BUNDLE names." in _why_unasked(url).text
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", directory)
    by_variable = _why_unasked(url)
    assert by_variable.cause is Cause.ROOT_NOT_TRUSTED
    assert "which REQUESTS_CA_BUNDLE names" in by_variable.text
    assert f"capath trust {directory}" in by_variable.text
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at/all")
    assert "/nowhere/at/all, which REQUESTS_CA_BUNDLE names" in _why_unasked(url).text
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "empty.pem"))
    assert "it is empty" in _why_unasked(url).text


def test_any_store_can_be_named(loopback: Loopback, tmp_path: Path) -> None:
    url, bundle = _serve(loopback, ROOT), tmp_path / "bundle.pem"
    bundle.write_bytes(OTHER.pem)
    why = capath.explain(url, _fail(url, str(bundle)), capath=bundle, environment={})
    assert why.cause is Cause.ROOT_NOT_IN_STORE
    assert [row.certificate.subject.title for row in capath.open_store(bundle).certificates] == ["Other"]


def test_a_root_in_a_subdirectory_is_named_with_its_file(make_store: MakeStore, loopback: Loopback) -> None:
    directory = make_store()
    os.mkdir(os.path.join(directory, "mine"))
    with open(os.path.join(directory, "mine", "root.pem"), "wb") as file:
        file.write(ROOT.pem)
    why = _why(_serve(loopback, ROOT), directory)
    assert why.cause is Cause.WRONG_FORMAT
    assert "mine/root.pem, which OpenSSL's lookup does not read: it is in a subdirectory." in why.text
