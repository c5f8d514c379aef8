"""What a server showed beside its chain, and how it was reached: as JSON and as text."""

from __future__ import annotations

from capath.pki.visible import visible
from capath.report.document import Json, moment
from capath.tls.handshake.staple import NoStatus, Staple, StapleFault, StapleStatus
from capath.tls.result import ProbeResult
from capath.tls.verify_flags import told_flags


def server_json(result: ProbeResult) -> Json:
    """``client_certificate_requested``, the OCSP staple, and what belongs to STARTTLS and proxies."""
    options, server = result.options, result.server
    return {
        "client_certificate_requested": server.certificate_requested,
        "client_certificate_sent": options.identity is not None and server.certificate_requested,
        "ocsp_staple": server.staple is not None,
        "ocsp": _staple_json(server.staple),
        "starttls": options.starttls,
        "thrown_away_behind_starttls": _shown(server.thrown_away) or None,
        "proxy": None if options.proxy is None else options.proxy.text,
    }


def server_text(result: ProbeResult) -> list[str]:
    """Lines for people, for what there is to report."""
    options, server = result.options, result.server
    lines = [f"Verify flags            {flag}" for flag in told_flags(options.flags)]
    if options.proxy is not None:
        lines.append(f"Proxy                   {visible(options.proxy.told)}")
    if options.starttls is not None:
        lines.append(f"STARTTLS                {options.starttls}")
    if server.certificate_requested:
        sent = "sent" if options.identity is not None else "not sent"
        lines.append(f"Client certificate      requested; {sent}")
    match server.staple:
        case Staple() as staple:
            lines.append(f"OCSP staple             {staple.text}")
        case NoStatus(reason=reason):
            lines.append(f"OCSP staple             {visible(reason)}")
        case None if result.session is not None:
            lines.append("OCSP staple             none")
        case _:
            pass
    return lines


def warnings_text(result: ProbeResult) -> list[str]:
    """Lines that are worth telling whether or not anybody asked for details."""
    lines = []
    if thrown_away := result.server.thrown_away:
        lines += [
            f"plain text after the STARTTLS response, ignored: {_shown(thrown_away)}",
            "  Nothing may follow it: an attacker in between, or a server vulnerable to STARTTLS injection.",
        ]
    match result.server.staple:
        case Staple(proves_revoked=True) | Staple(faults=(StapleFault.ISSUER_UNKNOWN,)):
            pass  # the diagnosis says so
        case Staple() as staple if staple.faults or staple.status is not StapleStatus.GOOD:
            lines.append(f"stapled OCSP response: {staple.text}")
        case NoStatus(reason=reason):
            lines.append(f"stapled OCSP response: {visible(reason)}")
        case _:
            pass
    return lines


def _staple_json(staple: Staple | NoStatus | None) -> Json | None:
    match staple:
        case Staple():
            return {
                "status": staple.status.value,
                "about_leaf": staple.about_leaf,
                "verified": not staple.faults,
                "faults": [fault.value for fault in staple.faults],
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
