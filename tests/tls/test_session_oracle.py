"""The session block against what `openssl s_client` prints of a session with the same server."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import Loopback, http, tls, tls_context
from capath.tls.handshake.session import Resumption, SessionRecord
from capath.tls.network.endpoint import Endpoint
from capath.tls.probe import probe
from capath.tls.test_options import ProbeOptions, Protocol
from tests.oracle.openssl import needs_openssl, openssl
from tests.tls.conftest import MakeStore, to_loopback

HOST = "host.capath.test"


def _printed(text: str, label: str) -> str:
    """The last value that s_client prints behind `label`: for TLS 1.3 that of the last ticket."""
    found: list[str] = re.findall(rf"^ *{re.escape(label)} *: ?(.*)$", text, re.MULTILINE)
    return found[-1].strip()


@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize(("protocol", "flag"), [(Protocol.TLS_1_2, "-tls1_2"), (Protocol.TLS_1_3, "-tls1_3")])
def test_it_holds_what_s_client_prints(
    loopback: Loopback, make_store: MakeStore, protocol: Protocol, flag: str
) -> None:
    root = authority.root("Root")
    context = tls_context(authority.leaf(root, HOST))
    context.minimum_version = context.maximum_version = {
        Protocol.TLS_1_2: ssl.TLSVersion.TLSv1_2,
        Protocol.TLS_1_3: ssl.TLSVersion.TLSv1_3,
    }[protocol]
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    port = loopback.serve(tls(context, http()))
    directory = make_store(root)
    options = ProbeOptions(min_protocol=protocol, max_protocol=protocol)
    result = probe(Endpoint(HOST, port), directory, options=options, resolver=to_loopback)
    assert result.session is not None
    record = result.session.record
    assert isinstance(record, SessionRecord)
    done = openssl(
        *("s_client", "-connect", f"127.0.0.1:{port}", "-servername", HOST, "-CApath", directory, flag),
        *("-ign_eof", "-nocommands"),
        stdin=b"GET / HTTP/1.0\r\n\r\n",
    )
    text = done.stdout.decode()
    assert result.session.protocol == _printed(text, "Protocol")
    assert result.session.cipher == _printed(text, "Cipher")
    assert len(record.session_id.hex()) == len(_printed(text, "Session-ID"))
    assert record.session_id_context.hex().upper() == _printed(text, "Session-ID-ctx")
    secret = "Resumption PSK" if protocol is Protocol.TLS_1_3 else "Master-Key"
    assert len(record.master_key.hex()) == len(_printed(text, secret))
    assert (record.psk_identity or "None") == _printed(text, "PSK identity")
    assert (record.psk_identity_hint or "None") == _printed(text, "PSK identity hint")
    assert (record.srp_username or "None") == _printed(text, "SRP username")
    assert abs(record.start_time.timestamp() - int(_printed(text, "Start Time"))) < 60
    assert f"{record.timeout_s} (sec)" == _printed(text, "Timeout")
    assert f"0 ({'ok' if not result.verification.errors else ''})" == _printed(text, "Verify return code")
    assert ("yes" if record.extended_master_secret else "no") == _printed(text, "Extended master secret")
    hint = re.findall(r"TLS session ticket lifetime hint: (\d+) \(seconds\)", text)[-1]
    assert record.ticket_lifetime_hint_s == int(hint)
    assert record.resumption is Resumption.TICKET


def test_the_master_key_is_the_one_the_server_has(
    loopback: Loopback, make_store: MakeStore, tmp_path: Path
) -> None:
    root = authority.root("Root")
    context = tls_context(authority.leaf(root, HOST))
    context.keylog_filename = str(tmp_path / "keys")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = loopback.serve(tls(context, http()))
    result = probe(Endpoint(HOST, port), make_store(root), resolver=to_loopback)
    assert result.session is not None
    record = result.session.record
    assert isinstance(record, SessionRecord)
    lines = [line.split() for line in (tmp_path / "keys").read_text().splitlines()]
    assert [line[2] for line in lines if line[0] == "CLIENT_RANDOM"] == [record.master_key.hex()]


def test_a_session_without_a_record_is_said_to_be_so() -> None:
    from capath.tls.handshake.private_openssl import session_record
    from capath.tls.handshake.session import RecordNotAvailable

    class Changed:
        """A pyOpenSSL whose session no longer has what is read."""

        def get_session(self) -> object:
            return object()

    assert isinstance(session_record(Changed()), RecordNotAvailable)


def test_the_private_names_are_still_there() -> None:
    """Where this fails, a new pyOpenSSL has to be learnt: `capath.tls.handshake.private_openssl` is the place."""
    from OpenSSL import SSL, _util, crypto

    assert hasattr(_util.lib, "i2d_SSL_SESSION")
    assert hasattr(_util.lib, "X509_VERIFY_PARAM_set1_host")
    assert hasattr(_util.lib, "X509_STORE_set1_param")
    assert hasattr(crypto.X509Store(), "_store")
    assert SSL.Session is not None
