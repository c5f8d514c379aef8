"""STARTTLS against real servers of files, chats and databases, where they are installed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from capath.demo import authority
from capath.demo.server import Loopback
from capath.tls.failure import StarttlsRefused
from capath.tls.test_options import Starttls
from tests.tls.conftest import MakeStore
from tests.tls.starttls import foreign
from tests.tls.starttls.checking import HOST, ask, check

_VSFTPD = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
anonymous_enable=YES
anon_root={place}
secure_chroot_dir={place}
seccomp_sandbox=NO
xferlog_enable=NO
ssl_enable={ssl}
allow_anon_ssl=YES
force_local_data_ssl=NO
force_local_logins_ssl=NO
rsa_cert_file={place}/chain.pem
rsa_private_key_file={place}/chain.pem
"""
_PROSODY = """
data_path = "{place}"
pidfile = "{place}/pid"
log = "*console"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {client} }}
s2s_ports = {{ {server} }}
modules_enabled = {{ {modules} }}
c2s_require_encryption = false
s2s_require_encryption = false
s2s_secure_auth = false
VirtualHost "{host}"
ssl = {{ certificate = "{place}/chain.pem", key = "{place}/chain.pem" }}
"""
_INN = """
mta: /bin/false
pathhost: news.test
domain: test
server: localhost
enableoverview: true
ovmethod: tradindexed
hismethod: hisv6
pathnews: {programs}
pathetc: {place}
pathdb: {place}
pathrun: {place}
pathlog: {place}
pathspool: {place}
pathtmp: {place}
tlscertfile: {certificate}
tlskeyfile: {certificate}
tlscafile: {certificate}
"""
_INN_READERS = """
auth all {{
  hosts: "*"
  default: "<somebody>"
}}
access all {{
  users: "*"
  newsgroups: "*"
}}
"""


@pytest.mark.parametrize("ssl", ["YES", "NO"])
def test_vsftpd(leaf: authority.Identity, root: authority.Identity, make_store: MakeStore, ssl: str) -> None:
    binary = foreign.program("vsftpd")
    [port] = foreign.free_ports(1)
    with foreign.place(leaf) as place:
        settings = place / "vsftpd.conf"
        settings.write_text(_VSFTPD.format(place=place, port=port, ssl=ssl))
        foreign.give_away(place)
        with foreign.serving([binary, str(settings)], place, port):
            if ssl == "YES":
                check(port, make_store(root), make_store(directory="empty"), Starttls.FTP)
            else:
                failure = ask(port, make_store(root), Starttls.FTP).failure
                assert isinstance(failure, StarttlsRefused)
                assert failure.said.startswith("5")


@contextmanager
def _prosody(leaf: authority.Identity, modules: str) -> Iterator[dict[Starttls, int]]:
    binary = foreign.program("prosody")
    client, server = foreign.free_ports(2)
    with foreign.place(leaf) as place:
        settings = place / "prosody.cfg.lua"
        settings.write_text(_PROSODY.format(place=place, client=client, server=server, modules=modules, host=HOST))
        foreign.give_away(place)
        with foreign.serving([binary, "--config", str(settings), "-F"], place, client, server):
            yield {Starttls.XMPP: client, Starttls.XMPP_SERVER: server}


def test_prosody(leaf: authority.Identity, root: authority.Identity, make_store: MakeStore) -> None:
    trusting, empty = make_store(root), make_store(directory="empty")
    with _prosody(leaf, '"tls", "saslauth", "dialback"') as ports:
        for protocol, port in ports.items():
            check(port, trusting, empty, protocol)


def test_prosody_without_tls_refuses(leaf: authority.Identity, make_store: MakeStore) -> None:
    directory = make_store()
    with _prosody(leaf, '"saslauth", "dialback"') as ports:
        for protocol, port in ports.items():
            failure = ask(port, directory, protocol).failure
            assert failure == StarttlsRefused(protocol, "it does not offer STARTTLS")


@pytest.mark.parametrize("secured", [True, False], ids=["on", "off"])
def test_mariadb(leaf: authority.Identity, root: authority.Identity, make_store: MakeStore, secured: bool) -> None:
    binary = foreign.program("mariadbd", "mysqld")
    [port] = foreign.free_ports(1)
    with foreign.place(leaf) as place:
        chain = place / "chain.pem"
        settings = {
            "datadir": place,
            "aria-log-dir-path": place,
            "default-storage-engine": "Aria",
            "bind-address": "127.0.0.1",
            "port": port,
            "socket": place / "socket",
            "pid-file": place / "pid",
            **({"ssl-cert": chain, "ssl-key": chain} if secured else {}),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        # No accounts and no InnoDB: nobody logs in, and it starts at once in an empty directory.
        arguments = [binary, "--no-defaults", "--skip-grant-tables", "--skip-innodb", *options]
        with foreign.serving(arguments, place, port):
            if secured:
                check(port, make_store(root), make_store(directory="empty"), Starttls.MYSQL)
            else:
                failure = ask(port, make_store(root), Starttls.MYSQL).failure
                assert isinstance(failure, StarttlsRefused)
                assert "does not offer TLS" in failure.said


@pytest.mark.parametrize("secured", [True, False], ids=["on", "off"])
def test_inn(
    leaf: authority.Identity, root: authority.Identity, loopback: Loopback, make_store: MakeStore, secured: bool
) -> None:
    server, environment = foreign.news_server()
    with foreign.place(leaf) as place:
        certificate = place / "chain.pem" if secured else place / "missing.pem"
        (place / "inn.conf").write_text(
            _INN.format(place=place, programs=server.parent.parent, certificate=certificate)
        )
        (place / "readers.conf").write_text(_INN_READERS.format())
        (place / "storage.conf").write_text("method tradspool {\n  newsgroups: *\n  class: 0\n}\n")
        for name in ("active", "newsgroups", "tradspool.map"):
            (place / name).touch()
        (place / "overview").mkdir()
        foreign.give_away(place)
        settings = {**environment, "INNCONF": str(place / "inn.conf")}
        indexed = foreign.run(
            [str(server.parent / "overchan")], place, stdin=subprocess.DEVNULL, env={**os.environ, **settings}
        )
        assert indexed.wait(30) == 0
        port = loopback.serve(foreign.on_socket([str(server), "-n"], place, settings))
        if secured:
            check(port, make_store(root), make_store(directory="empty"), Starttls.NNTP)
        else:
            assert isinstance(ask(port, make_store(root), Starttls.NNTP).failure, StarttlsRefused)
