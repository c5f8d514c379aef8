"""Servers that end the handshake, or never begin it."""

from __future__ import annotations

import ssl

from capath.demo import authority
from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.demo.server import closing, conversing, http, scripted, silent, tls, tls_context
from capath.diagnosis.cause import Cause, RemedyKind
from capath.tls.test_options import ProbeOptions, Starttls

# A TLS record of type alert, fatal: protocol_version (RFC 8446 §5.1, §6). What a server before TLS 1.2 answers.
_ALERT_PROTOCOL_VERSION = bytes((21, 3, 1, 0, 2, 2, 70))


@scenario(Cause.CLIENT_CERTIFICATE_REQUIRED)
def client_certificate(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted; the server wants the client's certificate, by TLS 1.3."""
    context = tls_context(authority.leaf(scene.intermediate, scene.host), scene.intermediate)
    context.verify_mode = ssl.CERT_REQUIRED
    return Site(scene.secured(context, http()))


@scenario(Cause.CLIENT_CERTIFICATE_REQUIRED)
def client_certificate_tls12(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted; the server wants the client's certificate, by TLS 1.2."""
    context = tls_context(authority.leaf(scene.intermediate, scene.host), scene.intermediate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return Site(scene.secured(context, http()))


@scenario(Cause.SNI_REQUIRED, RemedyKind.USE_NAME)
def sni_required(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted; the server turns away who names no host, and none is named."""
    context = tls_context(authority.leaf(scene.intermediate, scene.host), scene.intermediate)

    def choose(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
        return None if name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = choose
    return Site(scene.secured(context, http()), ProbeOptions(servername=""))


@scenario(Cause.PROTOCOL_VERSION)
def old_protocol(scene: Scene) -> Site:
    """A server that supports only TLS 1.0 and 1.1."""
    return Site(scene.loopback.serve(scripted([_ALERT_PROTOCOL_VERSION])))


@scenario(Cause.CIPHER_MISMATCH)
def no_common_cipher(scene: Scene) -> Site:
    """[leaf with an EC key ← intermediate] ← root, trusted; the server allows only RSA suites, with TLS 1.2."""
    context = tls_context(authority.leaf(scene.intermediate, scene.host), scene.intermediate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    return Site(scene.secured(context, http()))


@scenario(Cause.NOT_TLS)
def not_tls(scene: Scene) -> Site:
    """A web server without TLS."""
    return Site(scene.loopback.serve(scripted([b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"])))


@scenario(Cause.NOT_TLS, RemedyKind.USE_STARTTLS)
def mail_without_tls(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted, by SMTP's STARTTLS, which the test does not use."""
    return Site(_mail(scene))


@scenario(Cause.CONNECTION_CLOSED)
def closed(scene: Scene) -> Site:
    """A server that closes the connection when it is spoken to."""
    return Site(scene.loopback.serve(closing))


@scenario(None)
def mail_with_starttls(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted, by SMTP's STARTTLS."""
    return Site(_mail(scene), ProbeOptions(starttls=Starttls.SMTP))


@scenario(Cause.STARTTLS_REFUSED)
def starttls_refused(scene: Scene) -> Site:
    """A mail server that is asked for STARTTLS and does not offer it."""
    mail = conversing(
        [
            (b"\r\n", b"250-mail.capath.test\r\n250 8BITMIME\r\n"),
            (b"STARTTLS\r\n", b"502 5.5.1 not here\r\n"),
        ],
        closing,
        greeting=b"220 mail.capath.test ESMTP\r\n",
    )
    return Site(scene.loopback.serve(mail), ProbeOptions(starttls=Starttls.SMTP))


def _mail(scene: Scene) -> int:
    """Serve SMTP that offers STARTTLS. Returns the port."""
    context = tls_context(authority.leaf(scene.intermediate, scene.host), scene.intermediate)
    mail = conversing(
        [
            (b"\r\n", b"250-mail.capath.test\r\n250-8BITMIME\r\n250 STARTTLS\r\n"),
            (b"STARTTLS\r\n", b"220 go ahead\r\n"),
        ],
        tls(context, silent),
        greeting=b"220 mail.capath.test ESMTP\r\n",
    )
    return scene.loopback.serve(mail)
