"""Hosts that did not answer: names, addresses, time."""

from __future__ import annotations

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Confidence, Finding, Remedy
from capath.errors import assert_never
from capath.pki.visible import visible
from capath.tls.failure import (
    Cancelled,
    NameNotFound,
    NoConnection,
    ProxyNotReached,
    ProxyRefused,
    TimedOut,
)
from capath.tls.result import Attempt, AttemptOutcome


def explain_reach(case: Case) -> Finding | None:
    """No connection, or none in time."""
    live = case.live
    if live is None:
        return None
    where = live.endpoint.text
    match live.failure:
        case NameNotFound(text=text):
            said = f"The name {visible(live.endpoint.host)} has no address: {visible(text)}."
            check = Remedy(Action.CHECK_NETWORK, "Check its spelling, and the resolver of this machine.")
            return Finding(Cause.DNS_FAILURE, said, (check,))
        case NoConnection():
            return _not_connected(where, live.attempts)
        case ProxyNotReached(proxy=proxy, failure=failure):
            return _no_proxy(where, proxy, failure, live.attempts)
        case ProxyRefused(proxy=proxy, said=said):
            text = f"The proxy {visible(proxy)} did not connect to {where}: {visible(said)}."
            return Finding(Cause.CONNECTION_REFUSED, text, _without_proxy(case))
        case TimedOut(stage=stage):
            seconds = f"{live.options.timeout_s:g} s"
            said = f"{where} gave no answer within {seconds} (stage: {stage})."
            wait = Remedy(
                Action.RETRY,
                "Give it longer.",
                case.retest_command("--timeout", _longer(live.options.timeout_s)),
            )
            other = "Or the port expects another protocol first (--starttls)."
            if live.options.starttls is not None:
                other = "Or the port begins with TLS at once (no --starttls), or with another protocol."
            look = Remedy(Action.CHECK_NETWORK, other)
            return Finding(Cause.TIMEOUT, said, (wait, look), Confidence.LIKELY)
        case Cancelled():
            return Finding(Cause.OTHER, "The test was cancelled before it had an answer.", ())
        case _:
            return None


def _no_proxy(
    where: str, proxy: str, failure: NameNotFound | NoConnection | TimedOut, attempts: tuple[Attempt, ...]
) -> Finding:
    """The way to the proxy failed as the way to a host does; nothing is known of the host."""
    asked = f"{where} was to be reached through the proxy {visible(proxy)}"
    match failure:
        case NameNotFound(text=text):
            cause, why = Cause.DNS_FAILURE, f"which has no address: {visible(text)}"
        case NoConnection():
            behind = _not_connected("it", attempts)
            cause, why = behind.cause, f"and {behind.text.rstrip('.')}"
        case TimedOut():
            cause, why = Cause.TIMEOUT, "which gave no answer in time"
        case _:
            assert_never(failure)
    check = Remedy(Action.CHECK_NETWORK, "Check HTTPS_PROXY, or --proxy, and whether the proxy runs.")
    return Finding(cause, f"{asked}, {why}.", (check,))


def _without_proxy(case: Case) -> tuple[Remedy, ...]:
    return (
        Remedy(Action.CHECK_NETWORK, "Ask who runs the proxy; its answer says what it wants."),
        Remedy(Action.CHECK_NETWORK, "Or go without it.", case.retest_command("--no-proxy")),
    )


def _longer(timeout_s: float) -> str:
    return f"{max(timeout_s * 3, 30):g}"


def _not_connected(where: str, attempts: tuple[Attempt, ...]) -> Finding:
    said = "; ".join(f"{attempt.address.text}: {attempt.text}" for attempt in attempts)
    outcomes = {attempt.outcome for attempt in attempts}
    if AttemptOutcome.REFUSED in outcomes:
        remedy = Remedy(Action.CHECK_NETWORK, "Check the port, and whether the server runs.")
        return Finding(Cause.CONNECTION_REFUSED, f"{where} refuses connections ({said}).", (remedy,))
    if AttemptOutcome.TIMEOUT in outcomes:
        remedy = Remedy(Action.CHECK_NETWORK, "Ask for a firewall on the way, and whether the host is up.")
        return Finding(Cause.TIMEOUT, f"{where} does not answer ({said}).", (remedy,))
    remedy = Remedy(Action.CHECK_NETWORK, "Check this machine's network: there is no way to that address.")
    return Finding(Cause.NETWORK_UNREACHABLE, f"{where} cannot be reached ({said}).", (remedy,))
