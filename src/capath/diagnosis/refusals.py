"""Handshakes that one side ended: versions, ciphers, names, client certificates."""

from __future__ import annotations

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Confidence, Finding, Remedy
from capath.errors import assert_never
from capath.pki.visible import visible
from capath.tls.failure import AlertReceived, Closed, FaultKind, NotTls, ProtocolFault, Stage, StarttlsRefused
from capath.tls.handshake import alerts
from capath.tls.network.proxy import Proxy, ProxyKind
from capath.tls.result import ProbeResult

_BY_NAME = "Connect by its name instead of its address, or give the name with --servername."
# What servers of other protocols say first, and the protocol in which TLS begins later (RFC 3207, 3501, 1939 …).
_GREETINGS = (
    (b"SSH-", "SSH", ""),
    (b"HTTP/", "HTTP without TLS", ""),
    (b"* OK", "IMAP", "imap"),
    (b"+OK", "POP3", "pop3"),
    (b"<?xml", "XMPP", "xmpp"),
    (b"<stream", "XMPP", "xmpp"),
    (b'"IMPLEMENTATION"', "ManageSieve", "sieve"),
    (b"200 ", "NNTP", "nntp"),
    (b"201 ", "NNTP", "nntp"),
    (b"RFB ", "VNC", ""),
)


def explain_refusal(case: Case) -> Finding | None:
    """The handshake began and did not end in a session."""
    live = case.live
    if live is None:
        return None
    match live.failure:
        case AlertReceived(number=number):
            return _alert(case, live, number)
        case ProtocolFault() as fault:
            return _fault(fault)
        case Closed(stage=stage, tls_seen=tls_seen, reset=reset):
            return _closed(case, live, stage, tls_seen, reset)
        case NotTls(first_octets=first):
            return _not_tls(case, first)
        case StarttlsRefused(protocol=protocol, said=said):
            text = f"The server did not begin TLS by {protocol}: {visible(said)}"
            remedy = Remedy(
                Action.ASK_OPERATOR, "Switch TLS on in the server, or use the port that begins with it."
            )
            return Finding(Cause.STARTTLS_REFUSED, text, (remedy,))
        case _:
            return None


def _alert(case: Case, live: ProbeResult, number: int) -> Finding:
    said = f"The server ended the handshake with alert {number} ({alerts.alert_name(number)})"
    if live.server.certificate_requested and number in alerts.CLIENT_CERTIFICATE_ALERTS:
        return _client_certificate(f"{said}, behind a request for a client certificate.")
    if number == alerts.CERTIFICATE_REQUIRED:
        return _client_certificate(f"{said}.")
    if number == alerts.UNRECOGNIZED_NAME:
        return _sni(case, live, said)
    if number == alerts.PROTOCOL_VERSION:
        text = f"{said}: it does not speak the versions of TLS that were offered (1.2 and 1.3, unless limited)."
        return Finding(Cause.PROTOCOL_VERSION, text, (_newer(),))
    if not live.servername and number in alerts.MISSING_NAME_ALERTS:
        return _sni(case, live, said)
    if number == alerts.NO_APPLICATION_PROTOCOL:
        offered = ", ".join(visible(name) for name in live.options.alpn)
        text = f"{said}: it speaks none of the protocols that were offered by ALPN ({offered or 'none were'})."
        return Finding(Cause.OTHER, text, (Remedy(Action.RETRY, "Offer what it speaks, with --alpn."),))
    if number in (alerts.HANDSHAKE_FAILURE, alerts.INSUFFICIENT_SECURITY):
        text = f"{said}: it shares no cipher suite, group or signature algorithm with OpenSSL's defaults."
        return Finding(Cause.CIPHER_MISMATCH, text, (_newer(),), Confidence.LIKELY)
    return Finding(Cause.OTHER, f"{said}.", (_ask_who_runs_it(),), Confidence.LIKELY)


def _fault(fault: ProtocolFault) -> Finding:
    text = f"OpenSSL ended the handshake: {visible('; '.join(fault.reasons))}."
    match fault.kind:
        case FaultKind.CHAIN_TOO_LARGE:
            text = f"{text} The certificates that the server sends are larger than OpenSSL takes (100 KiB)."
            fewer = "Let it send its own certificate and the intermediates, and nothing else."
            return Finding(Cause.OTHER, text, (Remedy(Action.ASK_OPERATOR, fewer),))
        case FaultKind.WEAK:
            return Finding(Cause.WEAK_KEY_OR_SIGNATURE, text, (_newer(),))
        case FaultKind.PROTOCOL:
            return Finding(Cause.PROTOCOL_VERSION, text, (_newer(),))
        case FaultKind.CERTIFICATE:
            remedy = Remedy(Action.ASK_OPERATOR, "Let the certificate be reissued in order.")
            return Finding(Cause.MALFORMED_CERTIFICATE, text, (remedy,))
        case FaultKind.CIPHER:
            return Finding(Cause.CIPHER_MISMATCH, text, (_newer(),))
        case FaultKind.RECORDS:
            text = f"{text} The server, or a device between, sends what is not valid TLS."
            return Finding(Cause.OTHER, text, (_ask_who_runs_it(),))
        case FaultKind.OTHER:
            return Finding(Cause.OTHER, text, (_ask_who_runs_it(),), Confidence.LIKELY)
        case _:
            assert_never(fault.kind)


def _closed(case: Case, live: ProbeResult, stage: Stage, tls_seen: bool, reset: bool) -> Finding:
    how = "reset the connection" if reset else "closed the connection"
    if stage is Stage.PROXY and live.options.proxy is not None:
        return _proxy_closed(live.options.proxy, how)
    if live.server.certificate_requested:
        return _client_certificate(f"The server {how} behind its request for a client certificate.", certain=False)
    by_address = not live.servername and stage is Stage.HANDSHAKE
    if by_address and live.endpoint.ip is None:
        return _sni(case, live, f"The server {how}")
    seen = "in the middle of the handshake" if tls_seen else "without a word"
    text = f"The server {how} {seen} ({stage})."
    remedies = (
        *((Remedy(Action.USE_NAME, f"{_BY_NAME} Some servers turn away who names none (SNI)."),) * by_address),
        Remedy(Action.RETRY, "Try again: it may be overloaded, or restarting.", case.retest_command()),
        Remedy(
            Action.CHECK_NETWORK,
            "If it stays so, ask for a firewall or a load balancer on the way, or a port that expects another "
            "protocol first.",
        ),
    )
    return Finding(Cause.CONNECTION_CLOSED, text, remedies, Confidence.LIKELY)


def _proxy_closed(proxy: Proxy, how: str) -> Finding:
    text = f"The proxy {visible(proxy.text)} {how} without a word."
    other = "http://" if proxy.kind is ProxyKind.HTTPS else "https://"
    check = f"Check that a proxy runs there, and whether its address has to begin with {other}."
    return Finding(Cause.CONNECTION_CLOSED, text, (Remedy(Action.CHECK_NETWORK, check),), Confidence.LIKELY)


def _ask_who_runs_it() -> Remedy:
    return Remedy(
        Action.ASK_OPERATOR,
        "Ask who runs the server, whose log says more, or look for a device on the way that changes what passes.",
    )


def _not_tls(case: Case, first: bytes) -> Finding:
    shown = visible(first[:80].decode("latin-1").strip().partition("\r\n")[0])
    spoken, starttls = "something else", ""
    for begin, name, protocol in _GREETINGS:
        if first.startswith(begin):
            spoken, starttls = name, protocol
    if first.startswith(b"220"):
        is_ftp = b"FTP" in first.upper() and b"SMTP" not in first.upper()
        spoken, starttls = ("FTP", "ftp") if is_ftp else ("SMTP, or a protocol like it", "smtp")
    text = f"This port does not speak TLS but {spoken}. It said: {shown}"
    if starttls:
        command = case.retest_command("--starttls", starttls)
        remedy = Remedy(Action.USE_STARTTLS, f"Begin with {starttls}.", command, starttls)
    else:
        remedy = Remedy(Action.USE_NAME, "Use the port on which the server speaks TLS.")
    return Finding(Cause.NOT_TLS, text, (remedy,))


def _client_certificate(text: str, *, certain: bool = True) -> Finding:
    remedy = Remedy(
        Action.USE_CLIENT_CERTIFICATE,
        "Get a client certificate from who runs the server (requests: cert=(certificate, key)). The directory has "
        "no part in this.",
    )
    confidence = Confidence.PROVEN if certain else Confidence.LIKELY
    return Finding(Cause.CLIENT_CERTIFICATE_REQUIRED, text, (remedy,), confidence)


def _sni(case: Case, live: ProbeResult, said: str) -> Finding:
    if live.servername:
        name = visible(live.servername)
        text = f"{said}: it does not know the name {name} that it was asked for (SNI)."
        remedy = Remedy(Action.USE_NAME, "Ask for a name that it serves, with --servername.")
        return Finding(Cause.SNI_REQUIRED, text, (remedy,))
    text = f"{said}. No name was sent (SNI), and it probably serves several."
    if live.endpoint.ip is None:
        host = live.endpoint.host
        remedy = Remedy(Action.USE_NAME, f"Send its name, {host}.", case.retest_command(), host)
        return Finding(Cause.SNI_REQUIRED, text, (remedy,), Confidence.LIKELY)
    remedy = Remedy(Action.USE_NAME, _BY_NAME)
    return Finding(Cause.SNI_REQUIRED, text, (remedy,), Confidence.LIKELY)


def _newer() -> Remedy:
    return Remedy(
        Action.ASK_OPERATOR,
        "Let the server offer TLS 1.2 or 1.3 with present ciphers. The directory has no part in this.",
    )
