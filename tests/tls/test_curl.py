"""curl as a further client: the directory alone is its trust, whatever the machine trusts."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from capath.demo import authority
from capath.demo.server import Loopback, http, scripted, tls, tls_context
from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.result import Accepted, ClientAnswer, NotAccepted, NotAsked
from capath.tls.test_options import Client, ProbeOptions, Protocol
from tests.tls.conftest import MakeStore, to_loopback

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl binary on the PATH")
HOST = "host.capath.test"


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


def _ask(port: int, directory: str, host: str = HOST, **options: object) -> ClientAnswer:
    chosen = ProbeOptions(**options)  # type: ignore[arg-type]
    result = probe(Endpoint(host, port), directory, options=chosen, clients=(Client.CURL,), resolver=to_loopback)
    answer = result.clients[0].answer
    if isinstance(answer, NotAsked) and "by hash" in answer.reason:
        pytest.skip(answer.reason)
    return answer


def test_it_verifies_with_the_directory(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    answer = _ask(port, make_store(root, directory='a "quoted" name'), max_protocol=Protocol.TLS_1_2)
    assert isinstance(answer, Accepted)
    assert answer.version.startswith("curl ")


def test_it_is_isolated_from_the_machines_own_bundle(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables that curl reads stand for the distribution's bundle here: they hold the root."""
    trusted = make_store(root)
    monkeypatch.setenv("CURL_CA_BUNDLE", f"{trusted}/root0.pem")
    monkeypatch.setenv("SSL_CERT_FILE", f"{trusted}/root0.pem")
    monkeypatch.setenv("SSL_CERT_DIR", trusted)
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    answer = _ask(port, make_store(directory="empty"))
    assert isinstance(answer, NotAccepted)
    assert answer.code == 20
    assert "unable to get local issuer certificate" in answer.error


@pytest.mark.parametrize(
    ("host", "changes", "code"),
    [
        (HOST, {"names": ("other.test",)}, 62),
        ("127.0.0.1", {}, 64),
        (HOST, {"not_after": timedelta(days=-1)}, 10),
    ],
)
def test_its_refusals_have_openssls_codes(
    loopback: Loopback,
    make_store: MakeStore,
    root: authority.Identity,
    host: str,
    changes: dict[str, object],
    code: int,
) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST, **changes)), http()))
    answer = _ask(port, make_store(root), host)
    assert isinstance(answer, NotAccepted)
    assert answer.code == code


def test_an_intermediate_alone_is_enough_for_it(loopback: Loopback, make_store: MakeStore) -> None:
    """It sets X509_V_FLAG_PARTIAL_CHAIN by default, which is one way for clients to differ."""
    intermediate = authority.intermediate(authority.root("Root"), "Intermediate")
    port = loopback.serve(tls(tls_context(authority.leaf(intermediate, HOST)), http()))
    assert isinstance(_ask(port, make_store(intermediate)), Accepted)


def test_what_comes_behind_a_verified_handshake_is_a_note(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity
) -> None:
    context = tls_context(authority.leaf(root, HOST))
    port = loopback.serve(tls(context, scripted([b"220 mail\r\n"])))
    answer = _ask(port, make_store(root))
    assert isinstance(answer, Accepted)
    assert answer.note


def test_it_cannot_leave_the_name_out(loopback: Loopback, make_store: MakeStore, root: authority.Identity) -> None:
    port = loopback.serve(tls(tls_context(authority.leaf(root, HOST)), http()))
    assert _ask(port, make_store(root), servername="") == NotAsked("it always sends the name (SNI)")
