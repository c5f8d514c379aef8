"""Live tests: ``capath test`` and ``capath demo --headless``."""

from __future__ import annotations

from capath.diagnosis.cause import Diagnosis
from capath.errors import assert_never
from capath.pki.visible import visible, visible_name
from capath.remedy.full_answer import NOTHING_BESIDE, Beside
from capath.report.beside import beside_json, beside_text, sent_notes_json, sent_notes_text
from capath.report.document import Json, moment
from capath.report.layout import Line, Span, indented, wrapped
from capath.report.server import server_json, server_text, warnings_text
from capath.report.test_mark import STYLES, TestMark, mark_of
from capath.report.verification import (
    chain_text,
    diagnosis_json,
    diagnosis_text,
    error_json,
    verdict_text,
    verification_json,
)
from capath.tls.handshake.session import RecordNotAvailable, Session
from capath.tls.result import (
    Accepted,
    ClientAnswer,
    NoAnswer,
    NotAccepted,
    NotAsked,
    ProbeResult,
)


def result_json(
    result: ProbeResult,
    diagnosis: Diagnosis | None,
    *,
    master_key: bool = False,
    beside: Beside = NOTHING_BESIDE,
) -> Json:
    """One element of ``results``. The master key is left out unless it was asked for."""
    timings = result.timings
    session = result.session
    return {
        "host": result.endpoint.host,
        "port": result.endpoint.port,
        "servername": result.servername or None,
        "outcome": result.outcome_name.value,
        **verification_json(result.verification),
        "sent_chain_notes": sent_notes_json(result.verification),
        **beside_json(beside),
        "session": None if session is None else _session_json(session, master_key),
        "clients": {report.client.value: _client_json(report.answer) for report in result.clients},
        "profiles": [
            {
                "profile": verdict.profile.value,
                "ok": verdict.accepts,
                "verify": None if verdict.error is None else error_json(verdict.error),
            }
            for verdict in result.profiles
        ],
        "timings_ms": {
            "dns": _rounded(timings.dns_ms),
            "connect": _rounded(timings.connect_ms),
            "handshake": _rounded(timings.handshake_ms),
        },
        "addresses": [
            {
                "address": attempt.address.ip,
                "outcome": attempt.outcome.value,
                "text": attempt.text,
                "elapsed_ms": _rounded(attempt.elapsed_ms),
            }
            for attempt in result.attempts
        ],
        **server_json(result),
        "directory": result.directory,
        "tested_at": moment(result.started_at),
        "diagnosis": diagnosis_json(diagnosis),
    }


def result_lines(
    result: ProbeResult,
    diagnosis: Diagnosis | None,
    *,
    verbose: bool,
    master_key: bool = False,
    beside: Beside = NOTHING_BESIDE,
    width: int | None = None,
) -> tuple[list[Line], list[Line]]:
    """The verdict; and why, and how to fix it, with `verbose` the chain, the session, the clients."""
    mark = mark_of(result, diagnosis)
    body = list(warnings_text(result))
    if mark is TestMark.DIFFERS:
        body.append(f"{_differs_text(result)} The exit status is 1.")
    if diagnosis is not None:
        body += diagnosis_text(diagnosis)
    body += sent_notes_text(result.verification, verbose=verbose)
    body += beside_text(beside, verbose=verbose)
    if verbose:
        body += chain_text(result.verification)
        body += [] if result.session is None else _session_text(result.session, master_key)
        body += server_text(result)
    body += [
        f"{report.client}: {_client_text(report.answer)}"
        for report in result.clients
        if verbose or _adds_to_the_verdict(report.answer, result)
    ]
    return _verdict_lines(result, mark, width, verbose=verbose), indented(body, width)


def _verdict_lines(result: ProbeResult, mark: TestMark, width: int | None, *, verbose: bool) -> list[Line]:
    """One host in a line. On a terminal the session of a rejected host is left out unless `verbose`."""
    verdict = result.outcome_name.value
    if result.verification.errors:
        verdict += f": {verdict_text(result.verification)}"
    parts = [verdict]
    if result.session is not None and (verbose or width is None or mark is TestMark.VERIFIED):
        cipher = f" {result.session.cipher}" if verbose or width is None else ""
        parts.append(f"{result.session.protocol}{cipher}")
    if result.verification.anchor is not None and len(parts) > 1:
        parts.append(f"anchor {visible(result.verification.anchor.file)}")
    if result.timings.handshake_ms is not None and len(parts) > 1:
        parts.append(f"{result.timings.handshake_ms:.0f} ms")
    host = visible_name(result.endpoint.text)
    first, *others = wrapped("  ".join(parts), width, "    ", first=f"{mark.value} {host}  ")
    style = STYLES[mark]
    return [(Span(f"{mark.value} {host}", style), first.removeprefix(f"{mark.value} {host}")), *others]


def _adds_to_the_verdict(answer: ClientAnswer, result: ProbeResult) -> bool:
    """Whether the answer of another client says more than the verdict on its line does."""
    match answer:
        case Accepted():
            return bool(result.verification.errors)
        case NotAccepted(code=code):
            return code != result.verification.verdict.code
        case NoAnswer():
            return True
        case NotAsked():
            return False
        case _:
            assert_never(answer)


def _differs_text(result: ProbeResult) -> str:
    """A sentence for a host that verified, and whose diagnosis is that not every client would say so."""
    refusing = [
        f"{report.client} ({visible(report.answer.version)})"
        for report in result.clients
        if isinstance(report.answer, NotAccepted) and report.answer.code
    ]
    others = f"{' and '.join(refusing)} would reject it" if refusing else "others would reject it"
    return f"It verifies with the OpenSSL that capath uses, but {others}."


def _session_json(session: Session, master_key: bool) -> Json:
    facts: Json = {
        "protocol": session.protocol,
        "cipher": session.cipher,
        "cipher_bits": session.cipher_bits,
        "group": session.group or None,
        "alpn": session.alpn or None,
    }
    record = session.record
    if isinstance(record, RecordNotAvailable):
        return {**facts, "not_available": record.reason}
    return {
        **facts,
        "session_id": record.session_id.hex().upper(),
        "session_id_context": record.session_id_context.hex().upper(),
        "master_key": record.master_key.hex().upper() if master_key else None,
        "psk_identity": record.psk_identity or None,
        "psk_identity_hint": record.psk_identity_hint or None,
        "srp_username": record.srp_username or None,
        "resumption": record.resumption.value,
        "ticket_lifetime_hint_s": record.ticket_lifetime_hint_s,
        "ticket": record.ticket.hex() or None,
        "max_early_data": record.max_early_data,
        "start_time": moment(record.start_time),
        "timeout_s": record.timeout_s,
        "extended_master_secret": record.extended_master_secret,
    }


def _session_text(session: Session, master_key: bool) -> list[str]:
    lines = [
        f"Protocol                {session.protocol}",
        f"Cipher                  {session.cipher} ({session.cipher_bits} bits)",
        f"Group                   {session.group or 'none'}",
        f"ALPN                    {visible(session.alpn) or 'none'}",
    ]
    record = session.record
    if isinstance(record, RecordNotAvailable):
        return [*lines, f"Session                 not available: {visible(record.reason)}"]
    masked = f"hidden ({len(record.master_key)} bytes; --master-key shows it)"
    return [
        *lines,
        f"Session-ID              {record.session_id.hex().upper() or 'none'}",
        f"Session-ID-ctx          {record.session_id_context.hex().upper() or 'none'}",
        f"Master-Key              {record.master_key.hex().upper() if master_key else masked}",
        f"PSK identity            {visible(record.psk_identity) or 'none'}",
        f"PSK identity hint       {visible(record.psk_identity_hint) or 'none'}",
        f"SRP username            {visible(record.srp_username) or 'none'}",
        f"Resumption              {record.resumption}, ticket of {len(record.ticket)} bytes",
        f"Start Time              {record.start_time:%Y-%m-%d %H:%M:%S} UTC",
        f"Timeout                 {record.timeout_s} s",
        f"Extended master secret  {'yes' if record.extended_master_secret else 'no'}",
    ]


def _client_json(answer: ClientAnswer) -> Json:
    match answer:
        case Accepted(version=version, note=note):
            return {"ok": True, "error": None, "note": note or None, "version": version}
        case NotAccepted(version=version, error=error, code=code):
            return {"ok": False, "error": error, "code": code or None, "version": version}
        case NoAnswer(version=version, error=error):
            return {"ok": False, "error": error, "version": version}
        case NotAsked(reason=reason):
            return {"ok": None, "error": reason}
        case _:
            assert_never(answer)


def _client_text(answer: ClientAnswer) -> str:
    match answer:
        case Accepted(version=version, note=note):
            return f"verified ({visible(version)}){f'; {visible(note)}' if note else ''}"
        case NotAccepted(version=version, error=error) | NoAnswer(version=version, error=error):
            return f"{visible(error)} ({visible(version)})"
        case NotAsked(reason=reason):
            return f"not asked: {visible(reason)}"
        case _:
            assert_never(answer)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
