"""STARTTLS against real servers of the distribution, where they are installed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import Loopback
from capath.tls.failure import StarttlsRefused
from capath.tls.test_options import Starttls
from tests.tls.conftest import MakeStore
from tests.tls.starttls import foreign
from tests.tls.starttls.checking import ask, check

_DOVECOT = """
protocols = imap pop3 lmtp sieve
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{place}/chain.pem
ssl_key = <{place}/chain.pem
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
passdb {{
  driver = static
  args = nopassword=y
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service managesieve-login {{
  chroot =
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
_DOVECOT_PROTOCOLS = (Starttls.IMAP, Starttls.POP3, Starttls.LMTP, Starttls.SIEVE)
_EXIM = """
primary_hostname = mail.test
spool_directory = {place}/spool
log_file_path = {place}/%slog
tls_advertise_hosts = {advertise}
tls_certificate = {place}/chain.pem
tls_privatekey = {place}/chain.pem
never_users =
keep_environment =
host_lookup =
"""


@contextmanager
def _dovecot(leaf: authority.Identity, ssl: str) -> Iterator[dict[Starttls, int]]:
    binary = foreign.program("dovecot")
    modules = [Path("/usr/lib/dovecot/managesieve-login"), Path("/usr/lib/dovecot/lmtp")]
    if not all(module.exists() for module in (*modules, Path("/usr/lib/dovecot/pop3-login"))):
        pytest.skip("dovecot is installed without POP3, LMTP or ManageSieve")
    ports = dict(zip(_DOVECOT_PROTOCOLS, foreign.free_ports(4), strict=True))
    user, group = foreign.user_and_group()
    with foreign.place(leaf) as place:
        numbers = {protocol.value: port for protocol, port in ports.items()}
        settings = _DOVECOT.format(place=place, ssl=ssl, user=user, group=group, **numbers)
        (place / "dovecot.conf").write_text(settings)
        foreign.give_away(place)
        with foreign.serving([binary, "-F", "-c", str(place / "dovecot.conf")], place, *ports.values()):
            yield ports


@pytest.fixture(scope="module")
def dovecot(leaf: authority.Identity) -> Iterator[dict[Starttls, int]]:
    with _dovecot(leaf, "yes") as ports:
        yield ports


@pytest.mark.parametrize("protocol", _DOVECOT_PROTOCOLS)
def test_dovecot(
    dovecot: dict[Starttls, int], make_store: MakeStore, root: authority.Identity, protocol: Starttls
) -> None:
    check(dovecot[protocol], make_store(root), make_store(directory="empty"), protocol)


def test_dovecot_without_tls_refuses_in_every_protocol(leaf: authority.Identity, make_store: MakeStore) -> None:
    directory = make_store()
    with _dovecot(leaf, "no") as ports:
        for protocol, port in ports.items():
            assert isinstance(ask(port, directory, protocol).failure, StarttlsRefused)


@pytest.mark.parametrize("advertise", ["*", ""], ids=["on", "off"])
def test_exim(
    leaf: authority.Identity, root: authority.Identity, loopback: Loopback, make_store: MakeStore, advertise: str
) -> None:
    binary = foreign.program("exim4", "exim")
    with foreign.place(leaf) as place:
        (place / "exim.conf").write_text(_EXIM.format(place=place, advertise=advertise))
        foreign.give_away(place)
        arguments = [binary, "-C", str(place / "exim.conf"), "-bs"]
        port = loopback.serve(foreign.on_streams(arguments, place))
        if advertise:
            check(port, make_store(root), make_store(directory="empty"), Starttls.SMTP)
        else:
            failure = ask(port, make_store(root), Starttls.SMTP).failure
            assert isinstance(failure, StarttlsRefused)
            assert "does not offer STARTTLS" in failure.said


@pytest.mark.parametrize("ssl", ["on", "off"])
def test_postgres(leaf: authority.Identity, root: authority.Identity, make_store: MakeStore, ssl: str) -> None:
    initialise, binary = foreign.program("initdb"), foreign.program("postgres")
    [port] = foreign.free_ports(1)
    with foreign.place(leaf) as place:
        made = foreign.run(
            [initialise, "-D", str(place / "data"), "-A", "trust", "-N", "--no-locale", "-E", "UTF8"],
            place,
            stdout=subprocess.DEVNULL,
        )
        assert made.wait(60) == 0
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "ssl": ssl,
            "ssl_cert_file": place / "chain.pem",
            "ssl_key_file": place / "chain.pem",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with foreign.serving([binary, "-D", str(place / "data"), *options], place, port):
            if ssl == "on":
                check(port, make_store(root), make_store(directory="empty"), Starttls.POSTGRES)
            else:
                failure = ask(port, make_store(root), Starttls.POSTGRES).failure
                assert failure == StarttlsRefused("postgres", "N: it is not set up for TLS")


@pytest.mark.parametrize("secured", [True, False], ids=["on", "off"])
def test_openldap(
    leaf: authority.Identity, root: authority.Identity, make_store: MakeStore, secured: bool
) -> None:
    binary = foreign.program("slapd")
    [port] = foreign.free_ports(1)
    with foreign.place(leaf) as place:
        chain = place / "chain.pem"
        lines = [f"pidfile {place}/pid", f"argsfile {place}/arguments"]
        if secured:
            lines += [f"TLSCertificateFile {chain}", f"TLSCertificateKeyFile {chain}"]
        (place / "slapd.conf").write_text("\n".join(lines) + "\n")
        foreign.give_away(place)
        arguments = [binary, "-d", "0", "-h", f"ldap://127.0.0.1:{port}", "-f", str(place / "slapd.conf")]
        with foreign.serving(arguments, place, port):
            if secured:
                check(port, make_store(root), make_store(directory="empty"), Starttls.LDAP)
            else:
                failure = ask(port, make_store(root), Starttls.LDAP).failure
                assert isinstance(failure, StarttlsRefused)
                assert re.search(r"result \d+ ", failure.said)
