"""What a server showed beside its chain, and how it was reached: as JSON and as text."""

from __future__ import annotations

from capath.pki.visible import visible
from capath.report.document import Json, moment
from capath.tls.handshake.staple import NoStatus, Staple, read_staple
from capath.tls.result import ProbeResult


def server_json(result: ProbeResult) -> Json:
    """``client_certificate_requested``, the OCSP staple, and what belongs to STARTTLS and proxies."""
    options, server = result.options, result.server
    return {
        "client_certificate_requested": server.certificate_requested,
        "client_certificate_sent": options.identity is not None and server.certificate_requested,
        "ocsp_staple": bool(server.staple),
        "ocsp": _staple_json(_staple(result)),
        "starttls": options.starttls,
        "thrown_away_behind_starttls": _shown(server.thrown_away) or None,
        "proxy": None if options.proxy is None else options.proxy.text,
    }


def server_text(result: ProbeResult) -> list[str]:
    """Lines for people, for what there is to tell."""
    options, server = result.options, result.server
    lines = [f"Verify flags            {flag}" for flag in options.flags.told]
    if options.proxy is not None:
        lines.append(f"Proxy                   {visible(options.proxy.told)}")
    if options.starttls is not None:
        lines.append(f"STARTTLS                {options.starttls}")
    if server.certificate_requested:
        sent = "sent" if options.identity is not None else "none was sent"
        lines.append(f"Client certificate      asked for; {sent}")
    match _staple(result):
        case Staple() as staple:
            lines.append(f"OCSP staple             {staple.text(result.started_at)}")
        case NoStatus(reason=reason):
            lines.append(f"OCSP staple             {visible(reason)}")
        case None if result.session is not None:
            lines.append("OCSP staple             none")
        case _:
            pass
    return lines


def warnings_text(result: ProbeResult) -> list[str]:
    """Lines that are worth telling whether or not anybody asked for details."""
    thrown_away = result.server.thrown_away
    if not thrown_away:
        return []
    return [
        f"plain text behind the go-ahead of STARTTLS, which was thrown away: {_shown(thrown_away)}",
        "  Nothing may stand there: somebody on the way, or a server with the STARTTLS injection flaw.",
    ]


def _staple(result: ProbeResult) -> Staple | NoStatus | None:
    sent = result.verification.sent
    if not result.server.staple:
        return None
    return read_staple(result.server.staple, sent[0].serial if sent else 0)


def _staple_json(staple: Staple | NoStatus | None) -> Json | None:
    match staple:
        case Staple():
            return {
                "status": staple.status.value,
                "about_leaf": staple.about_leaf,
                "this_update": moment(staple.this_update),
                "next_update": None if staple.next_update is None else moment(staple.next_update),
                "revoked_at": None if staple.revoked_at is None else moment(staple.revoked_at),
                "reason": staple.reason or None,
            }
        case NoStatus(reason=reason):
            return {"status": None, "error": reason}
        case None:
            return None


def _shown(data: bytes) -> str:
    return visible(data[:200].decode("latin-1"))
