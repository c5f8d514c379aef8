"""Client certificates, and OCSP staples, against servers that look at them and show them."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from OpenSSL import SSL

from capath.demo import authority
from capath.demo.server import Handler, Loopback, http, tls, tls_context
from capath.errors import BadInputError
from capath.tls.failure import AlertReceived
from capath.tls.handshake.client_identity import read_client_identity
from capath.tls.handshake.staple import NoStatus, Staple, StapleStatus, read_staple
from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.result import Accepted, NotAsked, OutcomeName, Refused
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
    assert isinstance(result.outcome, Refused)
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


def _stapling(identity: authority.Identity, staple: bytes) -> Handler:
    """A TLS server that staples: Python's `ssl` cannot."""

    def handle(connection: socket.socket) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate(identity.certificate)
        context.use_privatekey(identity.key)
        context.set_ocsp_server_callback(lambda *_: staple)
        connection.settimeout(None)
        secured = SSL.Connection(context, connection)
        secured.set_accept_state()
        secured.do_handshake()
        _let_hang_up(lambda: secured.recv(1000))

    return handle


def _let_hang_up(step: Callable[[], object]) -> None:
    """Let a client hang up."""
    with contextlib.suppress(SSL.Error):
        step()


def _response(
    root: authority.Identity, leaf: authority.Identity, status: ocsp.OCSPCertStatus, about: authority.Identity
) -> bytes:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about.certificate,
        issuer=root.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=now - timedelta(hours=1),
        next_update=now + timedelta(days=1),
        revocation_time=now - timedelta(days=2) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, root.certificate)
    return builder.sign(root.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("status", list(ocsp.OCSPCertStatus))
def test_a_staple_is_told_in_words(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, status: ocsp.OCSPCertStatus
) -> None:
    leaf = authority.leaf(root, HOST)
    port = loopback.serve(_stapling(leaf, _response(root, leaf, status, leaf)))
    result = probe(Endpoint(HOST, port), make_store(root), resolver=to_loopback)
    assert result.outcome_name is OutcomeName.VERIFIED  # OpenSSL goes on whatever a staple says
    staple = read_staple(result.server.staple, result.verification.sent[0].serial)
    assert isinstance(staple, Staple)
    assert staple.status == StapleStatus(status.name.lower())
    assert staple.about_leaf
    words = staple.text(result.started_at)
    assert words.startswith(status.name.lower())
    assert ("key_compromise" in words or "keyCompromise" in words) == (status is ocsp.OCSPCertStatus.REVOKED)


def test_a_staple_of_another_certificate_or_of_none(root: authority.Identity) -> None:
    leaf, other = authority.leaf(root, HOST), authority.leaf(root, HOST)
    data = _response(root, leaf, ocsp.OCSPCertStatus.GOOD, other)
    staple = read_staple(data, leaf.certificate.serial_number)
    assert isinstance(staple, Staple)
    assert not staple.about_leaf
    assert "of another certificate" in staple.text(datetime.now(timezone.utc))
    unsuccessful = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    tried = read_staple(unsuccessful.public_bytes(serialization.Encoding.DER), 1)
    assert tried == NoStatus("the responder says: try later")
    for garbage in (b"\x30", b"garbage", data[:40]):
        assert isinstance(read_staple(garbage, 1), NoStatus)
