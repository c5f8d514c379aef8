"""Client certificates, against servers that look at them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from capath.demo import authority
from capath.demo.server import Handler, Loopback, http, tls, tls_context
from capath.errors import BadInputError
from capath.tls.failure import AlertReceived
from capath.tls.handshake.client_identity import read_client_identity
from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.result import Accepted, ConnectionRefused, NotAsked, OutcomeName
from capath.tls.test_options import Client, ProbeOptions, Protocol
from tests.tls.conftest import MakeStore, to_loopback

HOST = "host.capath.test"
PROTOCOLS = pytest.mark.parametrize("protocol", [Protocol.TLS_1_2, Protocol.TLS_1_3])


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture
def asking(root: authority.Identity) -> Handler:
    """A server that lets in clients of `root` alone."""
    context = tls_context(authority.leaf(root, HOST))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=root.pem.decode())
    return tls(context, http())


def _never() -> str:
    raise AssertionError("no password is needed")


def _files(place: Path, identity: authority.Identity, password: bytes = b"") -> tuple[str, str]:
    certificate, key = place / "client.pem", place / "client.key"
    certificate.write_bytes(identity.pem)
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    key.write_bytes(
        identity.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    return str(certificate), str(key)


@PROTOCOLS
def test_a_client_certificate_is_shown_by_all_clients(
    loopback: Loopback,
    make_store: MakeStore,
    root: authority.Identity,
    asking: Handler,
    tmp_path: Path,
    protocol: Protocol,
) -> None:
    identity = read_client_identity(*_files(tmp_path, authority.leaf(root, "client", usages=())), _never)
    port = loopback.serve(asking)
    options = ProbeOptions(identity=identity, min_protocol=protocol, max_protocol=protocol)
    clients = (Client.REQUESTS, Client.OPENSSL, Client.CURL)
    result = probe(Endpoint(HOST, port), make_store(root), options=options, clients=clients, resolver=to_loopback)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert result.server.certificate_requested
    assert all(isinstance(report.answer, Accepted | NotAsked) for report in result.clients)


@PROTOCOLS
def test_a_certificate_that_the_server_does_not_take_is_refused(
    loopback: Loopback,
    make_store: MakeStore,
    root: authority.Identity,
    asking: Handler,
    tmp_path: Path,
    protocol: Protocol,
) -> None:
    stranger = authority.self_signed(authority.Template("stranger", usages=()))
    identity = read_client_identity(*_files(tmp_path, stranger), _never)
    options = ProbeOptions(identity=identity, max_protocol=protocol)
    result = probe(Endpoint(HOST, loopback.serve(asking)), make_store(root), options=options, resolver=to_loopback)
    assert isinstance(result.outcome, ConnectionRefused)
    assert isinstance(result.failure, AlertReceived)


def test_a_key_with_a_password(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, asking: Handler, tmp_path: Path
) -> None:
    files = _files(tmp_path, authority.leaf(root, "client", usages=()), b"secret")
    identity = read_client_identity(*files, lambda: "secret")
    assert "secret" not in repr(identity)
    options = ProbeOptions(identity=identity)
    clients = (Client.REQUESTS, Client.OPENSSL, Client.CURL)
    endpoint = Endpoint(HOST, loopback.serve(asking))
    result = probe(endpoint, make_store(root), options=options, clients=clients, resolver=to_loopback)
    assert result.outcome_name is OutcomeName.VERIFIED
    assert all(isinstance(report.answer, NotAsked) for report in result.clients)  # nobody else gets the password
    with pytest.raises(BadInputError, match="password"):
        read_client_identity(*files, lambda: "wrong")


def test_what_does_not_go_together_is_said(root: authority.Identity, tmp_path: Path) -> None:
    certificate, key = _files(tmp_path, authority.leaf(root, "client"))
    other = tmp_path / "other.key"
    other.write_bytes(authority.leaf(root, "other").key_pem)
    for arguments, words in (
        ((certificate, str(other)), "not the key of"),
        ((certificate, certificate), "no PEM private key"),
        ((key, key), "no PEM certificate"),
        ((certificate, "/nowhere/at/all"), "cannot be read"),
    ):
        with pytest.raises(BadInputError, match=words):
            read_client_identity(*arguments, _never)
