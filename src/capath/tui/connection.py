"""One tested host as styled text: the verdict, why, what mends it, the chain, the session. Texts made visible."""

from __future__ import annotations

from rich.text import Text

from capath.diagnosis.cause import Diagnosis, DoesNotMend, Remedy
from capath.errors import assert_never
from capath.pki.key import public_key
from capath.pki.visible import visible
from capath.report.beside import beside_text, sent_notes_text
from capath.report.certificate import date_text
from capath.report.test_mark import TestMark, mark_of
from capath.tls.handshake.session import RecordNotAvailable, Session, SessionRecord
from capath.tls.handshake.verification import ChainElement, FromCapath, FromServer, Verification
from capath.tls.result import (
    Accepted,
    ClientReport,
    NoAnswer,
    NotAccepted,
    NotAsked,
    OutcomeName,
    ProbeResult,
)
from capath.tui.bench import Finished, HostTest, Running, Waiting
from capath.tui.flow import flow

MARK_STYLES = {
    TestMark.VERIFIED: "good",
    TestMark.DIFFERS: "warn",
    TestMark.REJECTED: "bad",
    TestMark.UNREACHABLE: "warn",
}
_TEXT_STYLES = {"good": "bold green", "bad": "bold red", "warn": "bold yellow"}


def verdict_text(result: ProbeResult) -> str:
    """The verify return code with its text and depth, or how far the test came."""
    if result.outcome_name is OutcomeName.VERIFIED:
        return " 0 ok"
    errors = result.verification.errors
    if errors:
        return f"{errors[0].code} {errors[0].described.text} @{errors[0].depth}"
    return "no handshake" if result.outcome_name is OutcomeName.REJECTED else "no answer"


def short_verdict(result: ProbeResult, diagnosis: Diagnosis | None) -> str:
    """The first verify return code, if there is one, and the cause."""
    if diagnosis is None:
        return verdict_text(result)
    errors = result.verification.errors
    verified = result.outcome_name is OutcomeName.VERIFIED
    code = errors[0].code if errors else 0 if verified else "–"
    return f"{code:>2} {diagnosis.cause.value}"


def one_line(test: HostTest) -> Text:
    """The last test in one line, for the bottom of the screen."""
    state = test.latest
    match state:
        case Waiting():
            return Text("")
        case Running():
            return Text(f"… testing {test.endpoint.text}", "dim")
        case Finished(result=result, diagnosis=diagnosis, store_name=store_name):
            mark = mark_of(result, diagnosis)
            text = Text(no_wrap=True, overflow="ellipsis")
            text.append(f"{mark} {test.endpoint.text}", _TEXT_STYLES[MARK_STYLES[mark]])
            if diagnosis is not None:
                text.append(f"  {short_verdict(result, diagnosis)}", "bold")
                text.append("  m mends it" if key_remedy(diagnosis) is not None else "", "bold green")
                text.append(f"  {diagnosis.text}")
            else:
                text.append(f"  {verdict_text(result).strip()}")
                text.append(f"  {store_name}", "dim")
            return text
        case _:
            assert_never(state)


def key_remedy(diagnosis: Diagnosis | None) -> Remedy | None:
    """The remedy that one key can carry out: staging a certificate of this directory, or mending its links."""
    if diagnosis is None:
        return None
    for remedy in diagnosis.remedies:
        by_key = remedy.action.value == "rehash" or (
            remedy.action.value in ("trust", "distrust") and remedy.operand
        )
        if by_key and not isinstance(remedy.trial, DoesNotMend):
            return remedy
    return None


def connection_details(test: HostTest, show_key: bool, width: int) -> Text:
    """All that is known of one host, in lines of at most `width` cells."""
    state = test.latest
    match state:
        case Waiting():
            text = Text("Not tested yet: Enter tests it.", "dim")
            if test.host.note:
                text.append("\n\n")
                _note(text, test.host.note)
            return text
        case Running():
            return Text("testing …", "dim")
        case Finished() as finished:
            text = _finished(finished, test.host.note, show_key, width)
            other = test.as_is
            if other is not finished and isinstance(other, Finished):
                before = Text("The store as it is: ", "dim")
                before.append(short_verdict(other.result, other.diagnosis).strip())
                before.append("\n\n")
                return before.append_text(text)
            return text
        case _:
            assert_never(state)


def _finished(finished: Finished, note: str, show_key: bool, width: int) -> Text:
    result, diagnosis = finished.result, finished.diagnosis
    mark = mark_of(result, diagnosis)
    text = Text()
    text.append(f"{mark} {result.outcome_name.value}", _TEXT_STYLES[MARK_STYLES[mark]])
    text.append(f"  {result.endpoint.text}", "bold")
    text.append(f"\n  with {finished.store_name}\n", "dim")
    for flag in result.options.flags.told:
        text.append(f"  {flow(f'verify flag: {flag}', width - 2, '  ')}\n", "yellow")
    for error in result.verification.errors:
        text.append(f"  {error.code} {error.described.text} @{error.depth}\n", "red")
        text.append(f"     {error.described.openssl_name}\n", "dim")
    if diagnosis is not None:
        _diagnosis(text, diagnosis, width)
    _beside(text, finished, width)
    if result.verification.chain or result.verification.sent:
        _chain(text, result.verification, width)
    if result.verification.lookups:
        text.append("\nLookup\n", "dim")
        for lookup in result.verification.lookups:
            tried = f"{lookup.tried[0]} … {lookup.tried[-1]}" if len(lookup.tried) > 3 else " ".join(lookup.tried)
            text.append(f"  {visible(lookup.subject.title)}\n")
            text.append(f"    asked {tried} → {lookup.found or 'not found'}\n", "dim")
    if result.clients:
        text.append("\nOther clients, the same directory\n", "dim")
        for report in result.clients:
            _client(text, report, width)
    if result.session is not None:
        _session(text, result.session, show_key, width)
    _network(text, result, width)
    if note:
        text.append("\nWhat this host is\n", "dim")
        _note(text, note)
    return text


def _note(text: Text, note: str) -> None:
    for line in note.splitlines():
        text.append(f"{visible(line)}\n", "dim")


def _diagnosis(text: Text, diagnosis: Diagnosis, width: int) -> None:
    text.append(f"\n{diagnosis.cause.value}", "bold")
    text.append("" if diagnosis.confidence.value == "proven" else "  likely", "yellow")
    text.append(f"\n{flow(diagnosis.text, width)}\n")
    chosen = key_remedy(diagnosis)
    for remedy in diagnosis.remedies:
        text.append("m " if remedy is chosen else "→ ", "bold green")
        text.append(f"{flow(remedy.text, width - 2, '  ')}\n", "green" if remedy is chosen else "")
        if remedy.trial_text:
            text.append(f"  {flow(remedy.trial_text, width - 2, '  ')}\n", "dim")
        if remedy.command:
            text.append(f"    {visible(remedy.command)}\n", "cyan")
    for other in diagnosis.also:
        text.append(f"also {other.cause.value}\n", "yellow")
        text.append(f"  {flow(other.text, width - 2, '  ')}\n")


def _beside(text: Text, finished: Finished, width: int) -> None:
    """What stands beside the verdict: the chain as sent, Mozilla's opinion, what could be or was fetched."""
    result = finished.result
    lines = [*sent_notes_text(result.verification, verbose=False), *beside_text(finished.beside, verbose=False)]
    if finished.missing_issuer_url and finished.beside.fetched is None:
        lines.append(f"f fetches what the server should have sent, from {visible(finished.missing_issuer_url)}")
    if lines:
        text.append("\n")
    for line in lines:
        text.append(f"! {flow(line, width - 2, '  ')}\n", "yellow")


def _chain(text: Text, verification: Verification, width: int) -> None:
    text.append("\nChain, leaf to root\n", "dim")
    bad = {error.depth for error in verification.errors}
    last = len(verification.chain) - 1
    for depth, element in enumerate(verification.chain):
        is_anchor = (
            verification.anchor is not None
            and element.certificate.sha256 == verification.anchor.certificate.sha256
        )
        mark = "◆" if is_anchor else "✗" if depth in bad else "●"
        text.append(f"  {mark} ", "red" if depth in bad else "green")
        text.append(f"{visible(element.certificate.subject.title)}", "bold")
        text.append("  the trust anchor\n" if is_anchor else "\n", "green")
        bar = "│" if depth < last else " "
        certificate = element.certificate
        text.append(f"  {bar}   {flow(_origin(element), width - 6, f'  {bar}     ')}\n", "dim")
        text.append(
            f"  {bar}   {visible(public_key(certificate).text)}, until {date_text(certificate.not_after)}\n", "dim"
        )
    if verification.chain and verification.anchor is None:
        issuer = verification.chain[-1].certificate.issuer
        if not verification.chain[-1].certificate.self_issued:
            text.append("  ? ", "red")
            text.append(f"{visible(issuer.title)}", "bold")
            text.append("  not found\n", "red")
    built = {element.certificate.sha256 for element in verification.chain}
    unused = [certificate for certificate in verification.sent if certificate.sha256 not in built]
    for certificate in unused:
        text.append(f"  · sent and not used: {visible(certificate.subject.title)}\n", "dim")


def _origin(element: ChainElement) -> str:
    match element.origin:
        case FromServer(position=position):
            return f"from the server, certificate {position + 1}"
        case FromCapath(link=link, file=file):
            return f"from the CApath, {visible(link)} → {visible(file)}"
        case _:
            assert_never(element.origin)


def _client(text: Text, report: ClientReport, width: int) -> None:
    match report.answer:
        case Accepted(version=version, note=note):
            mark, style, words = "✓", "green", f"accepts {visible(note)}".strip()
        case NotAccepted(version=version, error=error):
            mark, style, words = "✗", "red", visible(error)
        case NoAnswer(version=version, error=error):
            mark, style, words = "∅", "yellow", visible(error)
        case NotAsked(reason=reason):
            mark, style, words, version = "·", "dim", visible(reason), ""
        case _:
            assert_never(report.answer)
    text.append(f"  {mark} {report.client.value}", style)
    text.append(f"  {visible(version)}\n", "dim")
    text.append(f"    {flow(words, width - 4, '    ')}\n")


def _session(text: Text, session: Session, show_key: bool, width: int) -> None:
    text.append("\nSSL-Session\n", "dim")
    rows = [
        ("Protocol", session.protocol),
        ("Cipher", f"{session.cipher}, {session.cipher_bits} bits"),
        ("Group", session.group or "none"),
        ("ALPN", session.alpn or "none"),
    ]
    match session.record:
        case RecordNotAvailable(reason=reason):
            rows.append(("More", f"not available: {reason}"))
        case SessionRecord() as record:
            rows += _record_rows(record, show_key)
        case _:
            assert_never(session.record)
    for label, value in rows:
        text.append(f"  {label:<17} ", "dim")
        text.append(f"{flow(visible(value), width - 20, ' ' * 20)}\n")


def _record_rows(record: SessionRecord, show_key: bool) -> list[tuple[str, str]]:
    key = record.master_key.hex().upper()
    hidden = f"hidden, {len(record.master_key)} octets; x shows it"
    return [
        ("Session-ID", record.session_id.hex().upper() or "none"),
        ("Session-ID-ctx", record.session_id_context.hex().upper() or "none"),
        ("Master-Key", key if show_key else hidden),
        ("PSK identity", record.psk_identity or "none"),
        ("SRP user name", record.srp_username or "none"),
        ("Resumption", record.resumption.value),
        ("Start time", f"{record.start_time:%Y-%m-%d %H:%M:%S} UTC"),
        ("Timeout", f"{record.timeout_s} s"),
        ("Extended master", "yes" if record.extended_master_secret else "no"),
    ]


def _network(text: Text, result: ProbeResult, width: int) -> None:
    text.append("\nNetwork\n", "dim")
    if result.options.proxy is not None:
        text.append(f"  {flow(f'through the proxy {visible(result.options.proxy.told)}', width - 2, '  ')}\n")
    for attempt in result.attempts:
        words = f"  {visible(attempt.text)}" if attempt.text else ""
        text.append(f"  {attempt.address.ip}  {attempt.outcome.value}{words}\n")
    timings = result.timings
    parts = [
        f"{label} {value:.1f} ms"
        for label, value in (
            ("DNS", timings.dns_ms),
            ("TCP", timings.connect_ms),
            ("TLS", timings.handshake_ms),
        )
        if value is not None
    ]
    sni = f"SNI {visible(result.servername)}" if result.servername else "no SNI"
    text.append(f"  {' · '.join([*parts, sni])}\n", "dim")
