"""Stapled OCSP responses: what counts, from live servers that staple minted ones."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from capath.demo import authority
from capath.demo.server import Handler, Loopback
from capath.diagnosis.cause import Cause
from capath.diagnosis.diagnose import diagnose
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.report.layout import plain
from capath.report.test import result_lines
from capath.store import scan
from capath.tls.handshake.staple import NoStatus, Staple, StapleFault, StapleStatus, read_staple
from capath.tls.handshake.verification import VerifyError
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.result import OutcomeName, ProbeResult
from tests.tls.conftest import MakeStore, to_loopback

HOST = "host.capath.test"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class World:
    """A root, an intermediate, a leaf, and responders of each kind."""

    root: authority.Identity
    issuer: authority.Identity
    leaf: authority.Identity

    def responder(self, **changes: object) -> authority.Identity:
        wanted: dict[str, object] = {"names": (), "usages": (ExtendedKeyUsageOID.OCSP_SIGNING,), **changes}
        return authority.leaf(self.issuer, "Responder", **wanted)


@pytest.fixture(scope="module")
def world() -> World:
    root = authority.root("Root")
    issuer = authority.intermediate(root, "Issuer")
    return World(root, issuer, authority.leaf(issuer, HOST))


def _response(
    world: World,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    *,
    signer: authority.Identity | None = None,
    about: authority.Identity | None = None,
    of_issuer: authority.Identity | None = None,
    this_update: timedelta = -HOUR,
    next_update: timedelta = 24 * HOUR,
    by_name: bool = False,
) -> bytes:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=(about or world.leaf).certificate,
        issuer=(of_issuer or world.issuer).certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=now + this_update,
        next_update=now + next_update,
        revocation_time=now - 48 * HOUR if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    who = signer or world.issuer
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, who.certificate)
    if who is not world.issuer:
        builder = builder.certificates([who.certificate])
    return builder.sign(who.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _stapling(world: World, staple: bytes) -> Handler:
    """A TLS server that staples: Python's `ssl` cannot."""

    def handle(connection: socket.socket) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate(world.leaf.certificate)
        context.add_extra_chain_cert(world.issuer.certificate)
        context.use_privatekey(world.leaf.key)
        context.set_ocsp_server_callback(lambda *_: staple)
        connection.settimeout(None)
        secured = SSL.Connection(context, connection)
        secured.set_accept_state()
        secured.do_handshake()
        with contextlib.suppress(SSL.Error):  # the client hangs up
            secured.recv(1000)

    return handle


def _test(loopback: Loopback, world: World, store: str, staple: bytes) -> ProbeResult:
    port = loopback.serve(_stapling(world, staple))
    return probe(Endpoint(HOST, port), store, resolver=to_loopback)


def _text(result: ProbeResult, store: str) -> str:
    diagnosis = diagnose(result, scan(store), directory=store)
    return plain(*result_lines(result, diagnosis, verbose=False))


def test_a_good_staple_is_verified(loopback: Loopback, make_store: MakeStore, world: World) -> None:
    store = make_store(world.root)
    result = _test(loopback, world, store, _response(world))
    assert result.outcome_name is OutcomeName.VERIFIED
    assert isinstance(result.server.staple, Staple)
    assert (result.server.staple.status, result.server.staple.faults) == (StapleStatus.GOOD, ())
    assert "OCSP" not in _text(result, store)
    verbose = plain(*result_lines(result, None, verbose=True))
    assert "signature verified" in verbose


@pytest.mark.parametrize("next_update", [24 * HOUR, -24 * HOUR])
def test_a_revoked_leaf_is_rejected_and_said_without_asking(
    loopback: Loopback, make_store: MakeStore, world: World, next_update: timedelta
) -> None:
    store = make_store(world.root)
    response = _response(
        world, ocsp.OCSPCertStatus.REVOKED, this_update=next_update - 24 * HOUR, next_update=next_update
    )
    result = _test(loopback, world, store, response)
    assert result.outcome_name is OutcomeName.REJECTED
    assert result.verification.errors == (VerifyError(VerifyCode.CERT_REVOKED, 0),)
    diagnosis = diagnose(result, scan(store), directory=store)
    assert diagnosis is not None
    assert diagnosis.cause is Cause.REVOKED
    text = _text(result, store)
    assert "OCSP response" in text
    assert "keyCompromise" in text
    assert ("stale" in text) == (next_update < timedelta(0))


def test_a_delegated_responder_may_sign(loopback: Loopback, make_store: MakeStore, world: World) -> None:
    for by_name in (True, False):
        response = _response(world, signer=world.responder(), by_name=by_name)
        result = _test(loopback, world, make_store(world.root, directory=f"store-{by_name}"), response)
        assert isinstance(result.server.staple, Staple)
        assert result.server.staple.faults == ()


def test_what_does_not_count_is_said_and_rejects_nobody(
    loopback: Loopback, make_store: MakeStore, world: World
) -> None:
    store = make_store(world.root)
    revoked, elsewhere = ocsp.OCSPCertStatus.REVOKED, authority.root("Issuer")
    foreign = _response(world, revoked, signer=authority.leaf(elsewhere, "Responder"))
    broken = bytearray(_response(world, revoked))
    broken[-4] ^= 1
    cases = {
        StapleFault.FOREIGN_RESPONDER: (
            foreign,
            _response(world, revoked, signer=elsewhere),
            _response(world, revoked, signer=world.responder(usages=())),
            _response(world, revoked, signer=world.responder(not_after=timedelta(days=-1))),
            _response(world, revoked, signer=world.leaf),
        ),
        StapleFault.BAD_SIGNATURE: (bytes(broken),),
        StapleFault.NOT_YET_VALID: (_response(world, this_update=HOUR, next_update=2 * HOUR),),
        StapleFault.STALE: (_response(world, this_update=-2 * HOUR, next_update=-HOUR),),
    }
    for fault, responses in cases.items():
        for response in responses:
            result = _test(loopback, world, store, response)
            assert result.outcome_name is OutcomeName.VERIFIED
            assert isinstance(result.server.staple, Staple)
            assert result.server.staple.faults == (fault,), fault
            assert f"stapled OCSP response: {result.server.staple.text}" in _text(result, store)


def _certificate(identity: authority.Identity) -> Certificate:
    return read_certificate(identity.certificate.public_bytes(serialization.Encoding.DER))[0]


def test_a_response_about_another_certificate_counts_for_nothing(world: World) -> None:
    """OpenSSL's server does not send such a one, so it is read without a connection."""
    revoked = ocsp.OCSPCertStatus.REVOKED
    leaf, issuer = _certificate(world.leaf), _certificate(world.issuer)
    for data in (
        _response(world, revoked, about=authority.leaf(world.issuer, HOST)),
        _response(world, revoked, of_issuer=world.root),
    ):
        staple = read_staple(data, leaf, [leaf, issuer], datetime.now(timezone.utc))
        assert isinstance(staple, Staple)
        assert staple.faults == (StapleFault.OTHER_CERTIFICATE,)
        assert not staple.proves_revoked


def test_without_the_issuer_nothing_is_verified(world: World) -> None:
    leaf = _certificate(world.leaf)
    staple = read_staple(_response(world), leaf, [leaf], datetime.now(timezone.utc))
    assert isinstance(staple, Staple)
    assert staple.faults == (StapleFault.ISSUER_UNKNOWN,)


def test_what_holds_no_status(world: World) -> None:
    leaf = _certificate(world.leaf)
    now = datetime.now(timezone.utc)
    unsuccessful = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    tried = read_staple(unsuccessful.public_bytes(serialization.Encoding.DER), leaf, [], now)
    assert tried == NoStatus("the responder reports: try later")
    for garbage in (b"\x30", b"garbage", _response(world)[:40]):
        assert isinstance(read_staple(garbage, leaf, [], now), NoStatus)
