"""What is said of servers, and of proxies, that end the conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capath.demo import authority
from capath.demo.server import (
    LOOPBACK,
    Handler,
    Loopback,
    closing,
    conversing,
    http,
    scripted,
    silent,
    tls,
    tls_context,
)
from capath.diagnosis.cause import Cause, Diagnosis, RemedyKind
from capath.diagnosis.diagnose import diagnose
from capath.report.verification import command_line
from capath.store import scan
from capath.tls.failure import FaultKind, ProtocolFault
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import Proxy, ProxyKind
from capath.tls.probe import probe
from capath.tls.result import Unreachable
from capath.tls.test_options import CrlCheck, ProbeOptions, Starttls, VerifyFlags
from tests.tls.conftest import MakeStore, loopback, make_store, to_loopback

__all__ = ["loopback", "make_store"]


def _diagnosis(
    servers: Loopback, directory: str, handler: Handler, *, host: str = LOOPBACK, **options: object
) -> Diagnosis:
    endpoint = Endpoint(host, servers.serve(handler))
    chosen = ProbeOptions(**options)  # type: ignore[arg-type]
    result = probe(endpoint, directory, options=chosen, resolver=to_loopback)
    diagnosis = diagnose(result, scan(directory))
    assert diagnosis is not None
    return diagnosis


def _alert(number: int) -> Handler:
    return scripted([bytes((21, 3, 3, 0, 2, 2, number))])


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (40, Cause.SNI_REQUIRED),
        (112, Cause.SNI_REQUIRED),
        (42, Cause.OTHER),
        (48, Cause.OTHER),
        (50, Cause.OTHER),
        (255, Cause.OTHER),
        (70, Cause.PROTOCOL_VERSION),
        (71, Cause.CIPHER_MISMATCH),
        (116, Cause.CLIENT_CERTIFICATE_REQUIRED),
        (120, Cause.OTHER),
    ],
)
def test_an_alert_to_who_named_no_host_is_not_always_about_the_name(
    make_store: MakeStore, loopback: Loopback, number: int, cause: Cause
) -> None:
    diagnosis = _diagnosis(loopback, make_store(), _alert(number))
    assert diagnosis.cause is cause
    assert f"alert {number} (" in diagnosis.text
    assert "request for" not in diagnosis.text
    assert diagnosis.remedies


@pytest.mark.parametrize(
    ("kind", "cause", "word"),
    [
        (FaultKind.CHAIN_TOO_LARGE, Cause.OTHER, "its intermediates"),
        (FaultKind.WEAK, Cause.WEAK_KEY_OR_SIGNATURE, "112 bits"),
        (FaultKind.PROTOCOL, Cause.PROTOCOL_VERSION, "TLS 1.2 or 1.3"),
        (FaultKind.CERTIFICATE, Cause.MALFORMED_CERTIFICATE, "reissued"),
        (FaultKind.CIPHER, Cause.CIPHER_MISMATCH, "current ciphers"),
        (FaultKind.RECORDS, Cause.OTHER, "server log"),
        (FaultKind.OTHER, Cause.OTHER, "server log"),
    ],
)
def test_each_kind_of_fault_has_its_cause_and_its_remedy(
    make_store: MakeStore, loopback: Loopback, kind: FaultKind, cause: Cause, word: str
) -> None:
    directory = make_store()
    result = probe(Endpoint(LOOPBACK, loopback.serve(closing)), directory)
    assert isinstance(result.outcome, Unreachable)
    fault = replace(result.outcome, failure=ProtocolFault(("SSL routines: a reason",), kind))
    diagnosis = diagnose(replace(result, outcome=fault), scan(directory))
    assert diagnosis is not None
    assert diagnosis.cause is cause
    assert diagnosis.text.startswith("OpenSSL ended the handshake: SSL routines: a reason.")
    assert word in diagnosis.remedies[0].text


def test_a_server_that_hangs_up_on_an_address_may_want_a_name(make_store: MakeStore, loopback: Loopback) -> None:
    diagnosis = _diagnosis(loopback, make_store(), closing)
    assert diagnosis.cause is Cause.CONNECTION_CLOSED
    assert [remedy.action for remedy in diagnosis.remedies] == [
        RemedyKind.USE_NAME,
        RemedyKind.RETRY,
        RemedyKind.CHECK_NETWORK,
    ]
    named = _diagnosis(loopback, make_store(directory="named"), closing, host="host.test")
    assert [remedy.action for remedy in named.remedies] == [RemedyKind.RETRY, RemedyKind.CHECK_NETWORK]


def test_certificates_that_are_too_large_are_said_to_be(make_store: MakeStore, loopback: Loopback) -> None:
    names = [f"h{number}.{'a' * 60}.{'b' * 60}.example.org" for number in range(1000)]
    leaf = authority.leaf(authority.root("Root"), "host.test", names=names)
    diagnosis = _diagnosis(loopback, make_store(), tls(tls_context(leaf), http()))
    assert "exceed OpenSSL" in diagnosis.text


@pytest.mark.parametrize(("kind", "other"), [(ProxyKind.HTTP, "https://"), (ProxyKind.HTTPS, "http://")])
def test_it_is_the_proxy_that_hung_up(
    make_store: MakeStore, loopback: Loopback, kind: ProxyKind, other: str
) -> None:
    proxy = Proxy(kind, Endpoint(LOOPBACK, loopback.serve(closing)))
    diagnosis = _diagnosis(loopback, make_store(), http(), proxy=proxy)
    assert diagnosis.cause is Cause.CONNECTION_CLOSED
    assert diagnosis.text == f"The proxy {proxy.text} closed the connection without sending anything."
    assert diagnosis.remedies[0].text.endswith(f"has to start with {other}.")


def test_the_command_to_try_again_asks_the_same(make_store: MakeStore, loopback: Loopback) -> None:
    flags = VerifyFlags(strict=True, partial_chain=True, crl_check=CrlCheck.ALL)
    diagnosis = _diagnosis(loopback, make_store(), closing, host="host.test", flags=flags)
    again = next(remedy for remedy in diagnosis.remedies if remedy.action is RemedyKind.RETRY)
    assert command_line(again.command).endswith(" --strict --partial-chain --crl-check-all")


@pytest.mark.parametrize("names", [["first.test", "other.test"], ["*.test"], ["$(reboot).test", "a;b.test"]])
def test_an_address_resembles_no_name(make_store: MakeStore, loopback: Loopback, names: list[str]) -> None:
    root = authority.root("Root")
    leaf = authority.leaf(root, names[0], names=names)
    diagnosis = _diagnosis(loopback, make_store(root), tls(tls_context(leaf), http()))
    remedy = diagnosis.remedies[0]
    assert remedy.action is RemedyKind.USE_NAME
    assert remedy.operand == ("first.test" if "first.test" in names else "")
    assert command_line(remedy.command).endswith(" --servername first.test") is bool(remedy.operand)


def test_a_name_is_tried_in_the_same_way(make_store: MakeStore, loopback: Loopback) -> None:
    """The command for another name keeps the protocol: without it nobody would get there."""
    root = authority.root("Root")
    handler = tls(tls_context(authority.leaf(root, "alias.test")), silent)
    popping = conversing([(b"STLS\r\n", b"+OK\r\n")], handler, greeting=b"+OK pop\r\n")
    diagnosis = _diagnosis(loopback, make_store(root), popping, host="host.test", starttls=Starttls.POP3)
    assert command_line(diagnosis.remedies[0].command).endswith(" --servername alias.test --starttls pop3")
