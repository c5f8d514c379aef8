"""XMPP (RFC 6120 §5), from client to server and between servers."""

from __future__ import annotations

import re

from capath.tls.network.conversation import Conversation, RefusedError, WrongProtocolError

_TLS_NAMESPACE = "urn:ietf:params:xml:ns:xmpp-tls"
_STREAM_ERROR = re.compile(rb"<(?:stream:)?error\b")
_FAULT = re.compile(rb"<([a-z-]+) xmlns=['\"]urn:ietf:params:xml:ns:xmpp-streams['\"]")


def xmpp(talk: Conversation) -> None:
    _begin(talk, "jabber:client")


def xmpp_server(talk: Conversation) -> None:
    _begin(talk, "jabber:server")


def _begin(talk: Conversation, namespace: str) -> None:
    # `peer` was parsed as a host name or an address: it holds nothing that XML would have to escape.
    talk.send(
        f"<?xml version='1.0'?><stream:stream xmlns='{namespace}' "
        f"xmlns:stream='http://etherx.jabber.org/streams' to='{talk.peer}' version='1.0'>".encode("ascii")
    )
    head = talk.read_until(b">")
    if not head.lstrip().startswith((b"<?xml", b"<stream")):
        raise WrongProtocolError(head)
    features = head + talk.read_until(
        b"</stream:features>", b"<stream:features/>", b"</features>", b"</stream:error>", b"</stream:stream>"
    )
    if _STREAM_ERROR.search(features):
        fault = _FAULT.search(features)
        raise RefusedError(f"stream error: {fault[1].decode('ascii') if fault else 'unnamed'}")
    if b"<starttls" not in features:
        raise RefusedError("it does not offer STARTTLS")
    talk.send(f"<starttls xmlns='{_TLS_NAMESPACE}'/>".encode("ascii"))
    answer = talk.read_until(b">").strip()
    if answer.startswith((b"<failure", b"</stream")):
        raise RefusedError(answer.decode("utf-8", "surrogateescape"))
    if not answer.startswith(b"<proceed"):
        raise WrongProtocolError(answer)
    if not answer.endswith(b"/>"):
        talk.read_until(b"</proceed>")
