"""One tested host as lines: where it failed, why, what fixes it; then chain, lookup, clients, session. No
Textual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from capath.diagnosis.cause import Diagnosis, DoesNotFix, Fixes, Remedy, RemedyKind
from capath.errors import StrEnum, assert_never
from capath.pki.key import public_key
from capath.pki.visible import visible, visible_name
from capath.report.beside import beside_text, sent_notes_text
from capath.report.certificate import date_text
from capath.report.test_mark import TestMark, mark_of
from capath.report.verification import command_line
from capath.tls.failure import (
    AlertReceived,
    Cancelled,
    Closed,
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
from capath.tls.handshake.session import RecordNotAvailable, Session, SessionRecord
from capath.tls.handshake.verification import ChainElement, FromCapath, FromServer, Verification
from capath.tls.handshake.verify_codes import HOST
from capath.tls.result import (
    Accepted,
    ClientReport,
    NoAnswer,
    NotAccepted,
    NotAsked,
    OutcomeName,
    ProbeResult,
)
from capath.tls.verify_flags import told_flags
from capath.tui.bench import Finished, HostTest, Outlook, Running, State, Waiting
from capath.tui.model import Staged, Store
from capath.tui.text import Line, Page, Span, hint, line

MARK_ROLES = {
    TestMark.VERIFIED: "good",
    TestMark.DIFFERS: "warn",
    TestMark.REJECTED: "bad",
    TestMark.UNREACHABLE: "warn",
}
_STAGE_WIDTH = 14


class Phase(StrEnum):
    """What a connection goes through, in order."""

    NAME = "name"
    CONNECT = "connect"
    TLS = "TLS"
    TRUST = "trust"
    HOST_NAME = "host name"


class PhaseState(NamedTuple):
    """How far a phase came: ``✓``, ``✗`` or ``·`` for not reached, and a note of a few cells."""

    mark: str
    note: str = ""


_PHASE_ROLES = {"✓": "good", "✗": "bad", "·": "muted"}


def phases_of(result: ProbeResult) -> dict[Phase, PhaseState]:
    """Where a test failed. What comes after a failure is not reached; a chain that was sent is judged all the
    same."""
    failed = _failed_phase(result)
    order = list(Phase)
    states: dict[Phase, PhaseState] = {}
    timings = result.timings
    notes = {
        Phase.NAME: _ms(timings.dns_ms),
        Phase.CONNECT: _ms(timings.connect_ms),
        Phase.TLS: "" if result.session is None else result.session.protocol.removeprefix("TLSv"),
    }
    for phase in (Phase.NAME, Phase.CONNECT, Phase.TLS):
        reached = failed is None or order.index(phase) < order.index(failed)
        mark = "✓" if reached else "✗" if phase is failed else "·"
        states[phase] = PhaseState(mark, notes[phase] if reached else "")
    errors = result.verification.errors
    trust = [error for error in errors if error.code not in HOST]
    names = [error for error in errors if error.code in HOST]
    judged = bool(result.verification.sent)
    states[Phase.TRUST] = (
        PhaseState("✗", f"{int(trust[0].code)} @{trust[0].depth}")
        if trust
        else PhaseState("✓" if judged else "·", "")
    )
    states[Phase.HOST_NAME] = (
        PhaseState("✗", str(int(names[0].code)))
        if names
        else PhaseState("·", "" if trust or not judged else "not checked")
        if trust or not judged or not result.checked_host
        else PhaseState("✓")
    )
    return states


def _failed_phase(result: ProbeResult) -> Phase | None:
    stages = {Stage.RESOLVE: Phase.NAME, Stage.CONNECT: Phase.CONNECT, Stage.PROXY: Phase.CONNECT}
    match result.failure:
        case None:
            return None
        case NameNotFound():
            return Phase.NAME
        case NoConnection() | ProxyNotReached() | ProxyRefused() | Cancelled():
            return Phase.CONNECT
        case TimedOut(stage=stage) | Closed(stage=stage):
            return stages.get(stage, Phase.TLS)
        case NotTls() | AlertReceived() | ProtocolFault() | StarttlsRefused():
            return Phase.TLS
        case _:
            assert_never(result.failure)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms" if value >= 1 else "< 1 ms"


class Verdict(NamedTuple):
    """A test in a few words: its mark, the verify return code where there is one, and the cause."""

    mark: str
    code: str
    cause: str
    role: str

    @property
    def text(self) -> str:
        return f"{self.code:>2} {self.cause}" if self.code else self.cause


def verdict_of(state: State) -> Verdict:
    """What a table says of a test."""
    match state:
        case Waiting():
            return Verdict("·", "", "not tested", "muted")
        case Running():
            return Verdict("…", "", "testing", "muted")
        case Finished(result=result, diagnosis=diagnosis):
            mark = mark_of(result, diagnosis)
            errors = result.verification.errors
            verified = result.outcome_name is OutcomeName.VERIFIED
            code = str(int(errors[0].code)) if errors else "0" if verified else "–"
            cause = diagnosis.cause.value if diagnosis is not None else "ok" if verified else "no answer"
            return Verdict(mark.value, code, cause, MARK_ROLES[mark])
        case _:
            assert_never(state)


def key_remedy(diagnosis: Diagnosis | None, store: Store | None) -> Remedy | None:
    """The remedy that one key can carry out: staging a certificate of this directory, or recreating its links."""
    for remedy in () if diagnosis is None else diagnosis.remedies:
        known = store is not None and store.item(remedy.operand) is not None
        by_key = remedy.action is RemedyKind.REHASH or (
            remedy.action in (RemedyKind.TRUST, RemedyKind.DISTRUST) and known
        )
        if by_key and not isinstance(remedy.trial, DoesNotFix):
            return remedy
    return None


def host_lines(
    test: HostTest,
    shown: State,
    store: Store | None,
    staged: Staged,
    *,
    show_key: bool,
    width: int,
    compact: bool = False,
) -> list[Line]:
    """Everything about a host, the answer first: where it failed, and what fixes it."""
    page = Page(width, compact=compact)
    match shown:
        case Waiting(reason=reason):
            page.add(("· not tested  ", "muted!"), *hint("r", "tests it"))
            if reason:
                page.flow(visible(reason), "warn")
        case Running():
            page.add(("… testing", "muted!"))
        case Finished():
            _finished(page, test, shown, store, staged, show_key)
        case _:
            assert_never(shown)
    if test.host.note:
        page.section("What this host is")
        for text in test.host.note.splitlines():
            page.flow(visible(text), "muted")
    return page.lines


def _finished(
    page: Page, test: HostTest, finished: Finished, store: Store | None, staged: Staged, show_key: bool
) -> None:
    result, diagnosis = finished.result, finished.diagnosis
    _verdict(page, test, finished, staged)
    if staged and isinstance(test.as_is, Finished) and isinstance(test.as_staged, Finished):
        _both_phases(page, test.as_is.result, test.as_staged.result)
    else:
        _phases(page, result)
    for error in result.verification.errors[1:4]:
        page.flow(f"{int(error.code)} {error.described.text} @{error.depth}", "bad", indent=2, first=line("  "))
    for flag in told_flags(result.options.flags):
        page.flow(f"verify flag: {flag}", "warn")
    if diagnosis is not None:
        _why(page, diagnosis, key_remedy(diagnosis, store))
    _beside(page, finished)
    if result.verification.chain or result.verification.sent:
        _chain(page, result.verification, store)
    if result.clients:
        page.section("Other clients, the same directory")
        for report in result.clients:
            _client(page, report)
    if result.session is not None:
        _session(page, result.session, show_key)
    _network(page, result)


def _verdict(page: Page, test: HostTest, finished: Finished, staged: Staged) -> None:
    result = finished.result
    mark = mark_of(result, finished.diagnosis)
    errors = result.verification.errors
    outlook = test.outlook if staged else Outlook.SAME
    if outlook is Outlook.BREAKS:
        page.add(("✓→✗ would break  ", "bad!"), ("nothing is written yet", "muted"))
    elif outlook is Outlook.FIXED:
        page.add(("✗→✓ would be fixed  ", "good!"), ("nothing is written yet", "muted"))
    told = f"{int(errors[0].code)} {errors[0].described.text}" if errors else ""
    page.flow(told, "", first=line((f"{mark.value} {result.outcome_name.value}  ", f"{MARK_ROLES[mark]}!")))
    store_name = f"with {finished.store_name}" if finished.store_name else ""
    if finished.before_change:
        page.add((f"{store_name}; the store has changed since:  ", "warn"), *hint("r", "tests again"))
    elif not page.compact or "staged" in store_name:
        page.flow(store_name, "staged" if "staged" in store_name else "muted")
    page.blank()


def _phases(page: Page, result: ProbeResult) -> None:
    """``✓ name ── ✓ connect ── …``, and under each its note."""
    cells = max(8, min(_STAGE_WIDTH, page.width // len(Phase)))
    first: list[Span] = []
    second: list[Span] = []
    for phase, state in phases_of(result).items():
        role = _PHASE_ROLES[state.mark]
        name = f"{state.mark} {phase.value} "
        is_last = phase is Phase.HOST_NAME
        rule = "" if is_last else "─" * (cells - cell_len(name) - 1) + " "
        first += [
            Span(name, f"{role}!" if state.mark == "✗" else role if state.mark == "✓" else "muted"),
            Span(rule, "line"),
        ]
        second.append(Span(f"  {state.note}"[:cells].ljust(cells), role if state.mark == "✗" else "muted"))
    page.add(*first)
    page.add(*second)


def _both_phases(page: Page, as_is: ProbeResult, as_staged: ProbeResult) -> None:
    cells = max(6, min(_STAGE_WIDTH - 3, (page.width - 11) // len(Phase)))
    names = [phase.value for phase in Phase] if cells >= 10 else ["name", "conn", "TLS", "trust", "host"]
    page.add(" " * 11, ("".join(name.ljust(cells) for name in names), "muted"))
    for label, role, result in (("as it is", "muted", as_is), ("as staged", "staged", as_staged)):
        marks = [Span(state.mark.ljust(cells), _PHASE_ROLES[state.mark]) for state in phases_of(result).values()]
        page.add((label.ljust(11), role), *marks)


def _why(page: Page, diagnosis: Diagnosis, chosen: Remedy | None) -> None:
    page.blank()
    page.add(("Why  ", "muted"), (diagnosis.cause.value, "strong!"), (f"  {diagnosis.confidence.value}", "muted"))
    page.flow(diagnosis.text, indent=5)
    for number, remedy in enumerate(diagnosis.remedies):
        label = Span("Fix  " if number == 0 else "     ", "muted")
        is_chosen = remedy is chosen
        lead: Line = (label, *hint("m", "", "m"), Span(" ")) if is_chosen else (label, Span("→ ", "muted"))
        page.flow(remedy.text, "good!" if is_chosen else "", first=tuple(s for s in lead if s.text))
        if remedy.trial_text:
            mends = isinstance(remedy.trial, Fixes)
            page.flow(f"{'✓' if mends else '✗'} {remedy.trial_text}", "good" if mends else "muted", indent=7)
        if remedy.command is not None:
            page.flow(command_line(remedy.command), "key", indent=7)
    for other in diagnosis.also:
        page.add(("Also ", "muted"), (other.cause.value, "warn!"))
        page.flow(other.text, indent=5)


def _beside(page: Page, finished: Finished) -> None:
    """What was seen beside the verdict: the chain as sent, Mozilla's opinion, what could be or was fetched."""
    result = finished.result
    texts = [*sent_notes_text(result.verification, verbose=False), *beside_text(finished.beside, verbose=False)]
    if texts or finished.missing_issuer_url:
        page.blank()
    for text in texts:
        page.flow(text, "warn", first=line(("! ", "warn")))
    if finished.missing_issuer_url and finished.beside.fetched is None:
        page.flow(
            f"fetches what the server should have sent, from {visible(finished.missing_issuer_url)}",
            first=(*hint("f", ""), Span("")),
        )


def _chain(page: Page, verification: Verification, store: Store | None) -> None:
    page.section("Chain, leaf to root")
    bad = {error.depth for error in verification.errors if error.code not in HOST}
    for depth, element in enumerate(verification.chain):
        certificate = element.certificate
        anchor = verification.anchor
        is_anchor = anchor is not None and certificate.sha256 == anchor.certificate.sha256
        mark, role = ("✗", "bad") if depth in bad else ("◆", "good") if is_anchor else ("✓", "good")
        tail = "  the trust anchor" if is_anchor else ""
        page.add((f"{mark} ", role), (visible_name(certificate.subject.title), "strong!"), (tail, "good"))
        key = f"{visible(public_key(certificate).text)}, until {date_text(certificate.not_after)}"
        page.flow(f"{_origin(element)}; {key}", "muted", indent=2, first=line("  "))
    if verification.chain and verification.anchor is None:
        _not_found(page, verification, store)
    built = {element.certificate.sha256 for element in verification.chain}
    for certificate in verification.sent:
        if certificate.sha256 not in built:
            page.flow(
                f"sent and not used: {visible_name(certificate.subject.title)}",
                "muted",
                first=line(("· ", "muted")),
            )
    if verification.lookups:
        page.section("Lookup")
        sent = {certificate.subject.canonical for certificate in verification.sent}
        for lookup in verification.lookups:
            tried = " ".join(lookup.tried) if len(lookup.tried) <= 3 else f"{lookup.tried[0]} … {lookup.tried[-1]}"
            found = f"→ {lookup.found}" if lookup.found else "→ not found"
            was_sent = lookup.subject.canonical in sent
            mark, role = ("✓", "good") if lookup.found else ("·", "muted") if was_sent else ("✗", "bad")
            told = ", but the server sent it" if was_sent and not lookup.found else ""
            page.flow(
                f"{visible_name(lookup.subject.title)}  {tried} {found}{told}",
                "" if lookup.found else role,
                indent=2,
                first=line((f"{mark} ", role)),
            )


def _not_found(page: Page, verification: Verification, store: Store | None) -> None:
    """The issuer that was looked for in vain, and what is known of it here."""
    last = verification.chain[-1].certificate
    if last.self_issued:
        return
    here = () if store is None else store.by_subject.get(last.issuer.canonical, ())
    state = f"here, {here[0].state_word}" if here else "not here"
    tail: Sequence[Span] = hint("Enter", "shows it", "enter") if here else ()
    page.add(("✗ ", "bad"), (visible_name(last.issuer.title), "bad!"), (f"  {state}", "bad"))
    tried = " ".join(verification.lookups[-1].tried[-2:]) if verification.lookups else last.issuer.subject_hash
    page.add((f"  looked for {tried}: no such link   ", "muted"), *tail)


def _origin(element: ChainElement) -> str:
    match element.origin:
        case FromServer(position=position):
            return f"from the server, certificate {position + 1}"
        case FromCapath(link=link, file=file):
            return f"from the CApath, {visible(link)} → {visible(file)}"
        case _:
            assert_never(element.origin)


def _client(page: Page, report: ClientReport) -> None:
    match report.answer:
        case Accepted(version=version, note=note):
            mark, role, words = "✓", "good", f"accepts {visible(note)}".strip()
        case NotAccepted(version=version, error=error):
            mark, role, words = "✗", "bad", visible(error)
        case NoAnswer(version=version, error=error):
            mark, role, words = "∅", "warn", visible(error)
        case NotAsked(reason=reason):
            mark, role, words, version = "·", "muted", visible(reason), ""
        case _:
            assert_never(report.answer)
    page.add((f"{mark} {report.client.value}", role), (f"  {visible(version)}", "muted"))
    page.flow(words, indent=2, first=line("  "))


def _session(page: Page, session: Session, show_key: bool) -> None:
    page.section("SSL-Session")
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
        tail = hint("K", "hides it" if show_key else "shows it") if label == "Master-Key" else ()
        page.field(label.ljust(16), visible(value), tail=tail)


def _record_rows(record: SessionRecord, show_key: bool) -> list[tuple[str, str]]:
    key = record.master_key.hex().upper()
    return [
        ("Session-ID", record.session_id.hex().upper() or "none"),
        ("Session-ID-ctx", record.session_id_context.hex().upper() or "none"),
        ("Master-Key", key if show_key else f"hidden ({len(record.master_key)} bytes)"),
        ("PSK identity", record.psk_identity or "none"),
        ("SRP user name", record.srp_username or "none"),
        ("Resumption", record.resumption.value),
        ("Start time", f"{record.start_time:%Y-%m-%d %H:%M:%S} UTC"),
        ("Timeout", f"{record.timeout_s} s"),
        ("Extended master", "yes" if record.extended_master_secret else "no"),
    ]


def _network(page: Page, result: ProbeResult) -> None:
    page.section("Network")
    if result.options.proxy is not None:
        page.flow(f"through the proxy {visible(result.options.proxy.told)}")
    for attempt in result.attempts:
        page.flow(f"{attempt.address.ip}  {attempt.outcome.value}  {visible(attempt.text)}".rstrip())
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
    page.flow(
        " · ".join([*parts, f"SNI {visible(result.servername)}" if result.servername else "no SNI"]), "muted"
    )
