"""Each scenario shows the cause it was made for, to capath and, where it applies, to the openssl binary."""

from __future__ import annotations

import shlex
import sys

import pytest

from capath.demo.headless import try_host
from capath.demo.scenarios import registered
from capath.demo.world import DemoHost, World
from capath.diagnosis.cause import Cause, Confidence, RemedyKind
from capath.report.verification import command_line
from capath.store import Snapshot
from capath.tls.result import Accepted, NoAnswer, NotAccepted, NotAsked, OutcomeName
from capath.tls.test_options import Client

SCENARIOS = [scenario.name for scenario in registered()]
# What no cause names, and what needs a system whose store a tool owns.
NOT_SHOWN = {Cause.OTHER, Cause.DESELECTED}


def _host(world: World, name: str) -> DemoHost:
    return next(host for host in world.hosts if host.scenario.name == name)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_shows_its_cause(world: World, snapshot: Snapshot, name: str) -> None:
    trial = try_host(world, _host(world, name), snapshot)
    assert trial.cause == trial.host.scenario.cause
    verified = trial.result.outcome_name is OutcomeName.VERIFIED
    assert verified == (trial.cause is None or (verified and trial.cause is Cause.CLIENT_DIFFERS))


@pytest.mark.parametrize("name", SCENARIOS)
def test_other_clients_come_to_the_same_verdict(world: World, snapshot: Snapshot, name: str) -> None:
    host = _host(world, name)
    trial = try_host(world, host, snapshot, (Client.REQUESTS, Client.OPENSSL))
    for report in trial.result.clients:
        flags = host.site.options.flags
        if report.client is Client.REQUESTS and (flags.strict or flags.crl_check.value != "none"):
            continue  # requests does not check these
        if report.client is Client.OPENSSL and name == "common-name-only":
            continue  # openssl takes the common name for a host's, browsers and requests do not
        if report.client is Client.REQUESTS and name == "intermediate-only" and sys.version_info >= (3, 13):
            # From Python 3.13 on requests sets X509_V_FLAG_PARTIAL_CHAIN, and the diagnosis says so.
            assert isinstance(report.answer, Accepted)
            assert trial.diagnosis is not None
            assert Cause.CLIENT_DIFFERS in {finding.cause for finding in trial.diagnosis.also}
            continue
        if name == "slot-that-dangles":
            continue  # versions of OpenSSL differ, which is what it shows
        match report.answer:
            case Accepted():
                assert trial.cause is None
            case NotAccepted(code=code):
                assert trial.cause is not None
                codes = {error.code for error in trial.result.verification.errors}
                assert not codes or code in codes
            case NoAnswer() | NotAsked():
                asked_by_all = report.client is not Client.OPENSSL and host.site.options.starttls is None
                assert trial.result.outcome_name is not OutcomeName.VERIFIED or not asked_by_all


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_said_is_for_people_and_for_shells(world: World, snapshot: Snapshot, name: str) -> None:
    diagnosis = try_host(world, _host(world, name), snapshot).diagnosis
    if diagnosis is None:
        return
    for finding in (diagnosis.first, *diagnosis.also):
        assert finding.text.isprintable()
        quotes_the_server = finding.cause in (Cause.NOT_TLS, Cause.STARTTLS_REFUSED)
        assert finding.text.endswith(".") or quotes_the_server
        assert finding.confidence in Confidence
        for remedy in finding.remedies:
            assert remedy.text.isprintable()
            if remedy.command:
                words = shlex.split(command_line(remedy.command))
                assert words[0] in ("capath", "openssl")
            if remedy.action in (RemedyKind.TRUST, RemedyKind.DISTRUST) and remedy.operand:
                assert len(remedy.operand) == 64
    assert diagnosis.remedies


def test_there_is_a_scenario_for_every_cause_that_can_be_shown() -> None:
    shown = {scenario.cause for scenario in registered()}
    assert set(Cause) - shown == NOT_SHOWN


def test_every_scenario_draws_its_chain() -> None:
    assert all(scenario.drawing for scenario in registered())
    assert len(set(SCENARIOS)) == len(SCENARIOS)
