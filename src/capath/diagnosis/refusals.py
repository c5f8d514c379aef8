"""Hosts that were not reached, and handshakes that one side ended."""

from __future__ import annotations

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Remedy, RemedyKind
from capath.errors import assert_never
from capath.pki.visible import visible
from capath.tls.failure import (
    AlertReceived,
    Cancelled,
    Closed,
    FaultKind,
    NameNotFound,
    NoConnection,
    NotTls,
    ProtocolFault,
    ProxyNotReached,
    ProxyRefused,
    Stage,
    StarttlsRefused,
    TimedOut,
)
from capath.tls.handshake import alerts
from capath.tls.network.proxy import Proxy, ProxyKind
from capath.tls.result import Attempt, AttemptOutcome, ProbeResult
from capath.tls.test_options import Starttls

_BY_NAME = "Connect to its name instead of its address, or pass the name with --servername."
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


def explain_refusal(case: Case) -> CauseFound | None:
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
            text = f"The server did not start TLS over {protocol}: {visible(said)}"
            remedy = Remedy(
                RemedyKind.ASK_OPERATOR,
                "Ask the operator to enable STARTTLS, or use the port on which the server starts with TLS.",
            )
            return CauseFound(Cause.STARTTLS_REFUSED, text, (remedy,))
        case _:
            return None


def _alert(case: Case, live: ProbeResult, number: int) -> CauseFound:
    said = f"The server ended the handshake with alert {number} ({alerts.alert_name(number)})"
    if live.server.certificate_requested and number in alerts.CLIENT_CERTIFICATE_ALERTS:
        return _client_certificate(f"{said} after it asked for a client certificate.")
    if number == alerts.CERTIFICATE_REQUIRED:
        return _client_certificate(f"{said}.")
    if number == alerts.UNRECOGNIZED_NAME:
        return _sni(case, live, said)
    if number == alerts.PROTOCOL_VERSION:
        text = f"{said}: it supports none of the TLS versions that were offered (1.2 and 1.3, unless limited)."
        return CauseFound(Cause.PROTOCOL_VERSION, text, (_newer(),))
    if not live.servername and number in alerts.MISSING_NAME_ALERTS:
        return _sni(case, live, said)
    if number == alerts.NO_APPLICATION_PROTOCOL:
        offered = ", ".join(visible(name) for name in live.options.alpn)
        text = f"{said}: it supports none of the ALPN protocols that were offered ({offered or 'none were'})."
        offer = Remedy(RemedyKind.RETRY, "Offer a protocol that it supports, with --alpn.")
        return CauseFound(Cause.OTHER, text, (offer,))
    if number in (alerts.HANDSHAKE_FAILURE, alerts.INSUFFICIENT_SECURITY):
        text = (
            f"{said}: most likely it has no cipher suite, group or signature algorithm in common with OpenSSL's "
            "defaults."
        )
        return CauseFound(Cause.CIPHER_MISMATCH, text, (_newer(),), Confidence.LIKELY)
    return CauseFound(Cause.OTHER, f"{said}.", (_ask_operator(),), Confidence.LIKELY)


def _fault(fault: ProtocolFault) -> CauseFound:
    text = f"OpenSSL ended the handshake: {visible('; '.join(fault.reasons))}."
    match fault.kind:
        case FaultKind.CHAIN_TOO_LARGE:
            text = f"{text} The certificates that the server sends exceed OpenSSL's limit (100 KiB)."
            fewer = "Ask the operator to send only the server's certificate and its intermediates."
            return CauseFound(Cause.OTHER, text, (Remedy(RemedyKind.ASK_OPERATOR, fewer),))
        case FaultKind.WEAK:
            stronger = "Ask the operator to use keys, parameters and signatures of at least 112 bits of security."
            return CauseFound(Cause.WEAK_KEY_OR_SIGNATURE, text, (Remedy(RemedyKind.ASK_OPERATOR, stronger),))
        case FaultKind.PROTOCOL:
            return CauseFound(Cause.PROTOCOL_VERSION, text, (_newer(),))
        case FaultKind.CERTIFICATE:
            without = "Ask the operator to have the certificate reissued without that fault."
            remedy = Remedy(RemedyKind.ASK_OPERATOR, without)
            return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (remedy,))
        case FaultKind.CIPHER:
            return CauseFound(Cause.CIPHER_MISMATCH, text, (_newer(),))
        case FaultKind.RECORDS:
            text = f"{text} The server, or a device in between, sends invalid TLS."
            return CauseFound(Cause.OTHER, text, (_ask_operator(),))
        case FaultKind.OTHER:
            return CauseFound(Cause.OTHER, text, (_ask_operator(),), Confidence.LIKELY)
        case _:
            assert_never(fault.kind)


def _closed(case: Case, live: ProbeResult, stage: Stage, tls_seen: bool, reset: bool) -> CauseFound:
    how = "reset the connection" if reset else "closed the connection"
    if stage is Stage.PROXY and live.options.proxy is not None:
        return _proxy_closed(live.options.proxy, how)
    if live.server.certificate_requested:
        return _client_certificate(f"The server {how} after it asked for a client certificate.", certain=False)
    by_address = not live.servername and stage is Stage.HANDSHAKE
    if by_address and live.endpoint.ip is None:
        return _sni(case, live, f"The server {how}")
    seen = "during the handshake" if tls_seen else "without sending anything"
    text = f"The server {how} {seen} ({stage})."
    remedies = (
        *((Remedy(RemedyKind.USE_NAME, f"{_BY_NAME} Some servers require it (SNI)."),) * by_address),
        Remedy(RemedyKind.RETRY, "Try again: the server may be overloaded or restarting.", case.again()),
        Remedy(
            RemedyKind.CHECK_NETWORK,
            "If it happens again, check whether a firewall or load balancer closes the connection, and "
            "whether the "
            "port expects another protocol first (--starttls).",
        ),
    )
    return CauseFound(Cause.CONNECTION_CLOSED, text, remedies, Confidence.LIKELY)


def _proxy_closed(proxy: Proxy, how: str) -> CauseFound:
    text = f"The proxy {visible(proxy.text)} {how} without sending anything."
    other = "http://" if proxy.kind is ProxyKind.HTTPS else "https://"
    check = f"Check that a proxy is listening there, and whether its URL has to start with {other}."
    return CauseFound(Cause.CONNECTION_CLOSED, text, (Remedy(RemedyKind.CHECK_NETWORK, check),), Confidence.LIKELY)


def _ask_operator() -> Remedy:
    return Remedy(
        RemedyKind.ASK_OPERATOR,
        "Ask the operator, whose server log has the reason, and check whether a device in between changes "
        "the traffic.",
    )


def _not_tls(case: Case, first: bytes) -> CauseFound:
    shown = visible(first[:80].decode("latin-1").strip().partition("\r\n")[0])
    spoken, starttls = "something else", ""
    for begin, name, protocol in _GREETINGS:
        if first.startswith(begin):
            spoken, starttls = name, protocol
    if first.startswith(b"220"):
        is_ftp = b"FTP" in first.upper() and b"SMTP" not in first.upper()
        spoken, starttls = ("FTP", "ftp") if is_ftp else ("SMTP or a similar protocol", "smtp")
    text = f"This port does not speak TLS but {spoken}. It sent: {shown}"
    if starttls:
        command = case.again(starttls=Starttls(starttls))
        remedy = Remedy(RemedyKind.USE_STARTTLS, f"Use STARTTLS for {starttls}.", command, starttls)
    else:
        remedy = Remedy(RemedyKind.USE_NAME, "Connect to the port on which the server speaks TLS.")
    return CauseFound(Cause.NOT_TLS, text, (remedy,))


def _client_certificate(text: str, *, certain: bool = True) -> CauseFound:
    remedy = Remedy(
        RemedyKind.USE_CLIENT_CERTIFICATE,
        "Get a client certificate from the operator, and pass it with --cert and --key (requests: "
        "cert=(certificate, "
        "key)). The trust store is not the reason.",
    )
    confidence = Confidence.PROVEN if certain else Confidence.LIKELY
    return CauseFound(Cause.CLIENT_CERTIFICATE_REQUIRED, text, (remedy,), confidence)


def _sni(case: Case, live: ProbeResult, said: str) -> CauseFound:
    if live.servername:
        name = visible(live.servername)
        text = f"{said}: it does not serve the name {name} (SNI)."
        remedy = Remedy(RemedyKind.USE_NAME, "Pass a name that it serves, with --servername.")
        return CauseFound(Cause.SNI_REQUIRED, text, (remedy,))
    text = f"{said}. No name was sent (SNI), and the server most likely serves several."
    if live.endpoint.ip is None:
        host = live.endpoint.host
        remedy = Remedy(RemedyKind.USE_NAME, f"Send its name, {host}.", case.again(), host)
        return CauseFound(Cause.SNI_REQUIRED, text, (remedy,), Confidence.LIKELY)
    remedy = Remedy(RemedyKind.USE_NAME, _BY_NAME)
    return CauseFound(Cause.SNI_REQUIRED, text, (remedy,), Confidence.LIKELY)


def _newer() -> Remedy:
    return Remedy(
        RemedyKind.ASK_OPERATOR,
        "Ask the operator to enable TLS 1.2 or 1.3 with current ciphers. The trust store is not the reason.",
    )


def explain_reach(case: Case) -> CauseFound | None:
    """No connection, or none in time."""
    live = case.live
    if live is None:
        return None
    where = live.endpoint.text
    match live.failure:
        case NameNotFound(text=text):
            said = f"The name {visible(live.endpoint.host)} does not resolve: {visible(text)}."
            check = Remedy(RemedyKind.CHECK_NETWORK, "Check the spelling, and this machine's resolver.")
            return CauseFound(Cause.DNS_FAILURE, said, (check,))
        case NoConnection():
            return _not_connected(where, live.attempts)
        case ProxyNotReached(proxy=proxy, failure=failure):
            return _no_proxy(where, proxy, failure, live.attempts)
        case ProxyRefused(proxy=proxy, said=said):
            text = f"The proxy {visible(proxy)} did not connect to {where}: {visible(said)}."
            return CauseFound(Cause.CONNECTION_REFUSED, text, _without_proxy(case))
        case TimedOut(stage=stage):
            seconds = f"{live.options.timeout_s:g} s"
            said = f"{where} did not answer within {seconds} (stage: {stage})."
            wait = Remedy(
                RemedyKind.RETRY,
                "Allow more time.",
                case.again(timeout_s=_longer(live.options.timeout_s)),
            )
            other = "Or check whether the port expects another protocol first (--starttls)."
            if live.options.starttls is not None:
                other = "Or check whether the port starts with TLS (no --starttls), or with another protocol."
            look = Remedy(RemedyKind.CHECK_NETWORK, other)
            return CauseFound(Cause.TIMEOUT, said, (wait, look), Confidence.LIKELY)
        case Cancelled():
            return CauseFound(Cause.OTHER, "The test was cancelled before the host answered.", ())
        case _:
            return None


def _no_proxy(
    where: str, proxy: str, failure: NameNotFound | NoConnection | TimedOut, attempts: tuple[Attempt, ...]
) -> CauseFound:
    """The proxy could not be reached; nothing is known of the host."""
    asked = f"{where} was to be reached by the proxy {visible(proxy)}"
    match failure:
        case NameNotFound(text=text):
            cause, why = Cause.DNS_FAILURE, f"which does not resolve: {visible(text)}"
        case NoConnection():
            behind = _not_connected("it", attempts)
            cause, why = behind.cause, f"and {behind.text.rstrip('.')}"
        case TimedOut():
            cause, why = Cause.TIMEOUT, "which did not answer in time"
        case _:
            assert_never(failure)
    check = Remedy(RemedyKind.CHECK_NETWORK, "Check HTTPS_PROXY or --proxy, and whether the proxy is up.")
    return CauseFound(cause, f"{asked}, {why}.", (check,))


def _without_proxy(case: Case) -> tuple[Remedy, ...]:
    return (
        Remedy(RemedyKind.CHECK_NETWORK, "Ask the operator of the proxy. Its answer says what it requires."),
        Remedy(RemedyKind.CHECK_NETWORK, "Or connect without it.", case.again(proxy=None, direct=True)),
    )


def _longer(timeout_s: float) -> float:
    return max(timeout_s * 3, 30)


def _not_connected(where: str, attempts: tuple[Attempt, ...]) -> CauseFound:
    said = "; ".join(f"{attempt.address.text}: {attempt.text}" for attempt in attempts)
    outcomes = {attempt.outcome for attempt in attempts}
    if AttemptOutcome.REFUSED in outcomes:
        remedy = Remedy(RemedyKind.CHECK_NETWORK, "Check the port, and whether the server is up.")
        return CauseFound(Cause.CONNECTION_REFUSED, f"{where} refuses connections ({said}).", (remedy,))
    if AttemptOutcome.TIMEOUT in outcomes:
        blocked = "Check whether a firewall blocks the connection, and whether the host is up."
        remedy = Remedy(RemedyKind.CHECK_NETWORK, blocked)
        return CauseFound(Cause.TIMEOUT, f"{where} does not answer ({said}).", (remedy,))
    remedy = Remedy(RemedyKind.CHECK_NETWORK, "Check this machine's network: it has no route to that address.")
    return CauseFound(Cause.NETWORK_UNREACHABLE, f"{where} cannot be reached ({said}).", (remedy,))
