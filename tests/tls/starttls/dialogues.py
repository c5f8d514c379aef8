"""What servers of each protocol say, as their documents have it: with TLS, without it, and when they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capath.tls.test_options import Starttls

Dialogue = Sequence[tuple[bytes | int, bytes]]


@dataclass(frozen=True)
class Spoken:
    """`offers` brings the client to TLS; `refusals` are ways not to, each with words that have to be shown."""

    protocol: Starttls
    greeting: bytes
    offers: Dialogue
    refusals: Sequence[tuple[bytes, Dialogue, str]]


def _ldap(code: int, said: bytes, name: bytes = b"") -> bytes:
    result = b"\x0a\x01" + bytes((code,)) + b"\x04\x00" + b"\x04" + bytes((len(said),)) + said + name
    # Lengths in four octets, as Active Directory has them.
    operation = b"\x78\x84" + len(result).to_bytes(4, "big") + result
    message = b"\x02\x01\x01" + operation
    return b"\x30\x84" + len(message).to_bytes(4, "big") + message


def _mysql(capabilities: int) -> bytes:
    lower, upper = (capabilities & 0xFFFF).to_bytes(2, "little"), (capabilities >> 16).to_bytes(2, "little")
    challenge = b"12345678\0"
    packet = (
        b"\x0a10.11.6-MariaDB\0" + bytes(4) + challenge + lower + b"\x21\x02\x00" + upper + b"\x15" + bytes(10)
    )
    packet += b"123456789012\0mysql_native_password\0"
    return len(packet).to_bytes(3, "little") + b"\0" + packet


def _postgres_error(text: bytes) -> bytes:
    fields = b"SFATAL\0C53300\0M" + text + b"\0\0"
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


_EHLO = b"250-mail.test greets you\r\n250-SIZE 1000\r\n250-starttls\r\n250 HELP\r\n"
_STREAM = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' id='1' from='host.capath.test' version='1.0'>"
)
_TLS_FEATURE = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
_UNKNOWN_HOST = b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
_FEATURES = b"<stream:features>%b<mechanisms/></stream:features>"
_MYSQL_TLS = 0x0800 | 0x0200 | 0x8000
_MYSQL_NO = 0x0200 | 0x8000
_SIEVE = b'"IMPLEMENTATION" "Test"\r\n"SIEVE" {8}\r\nfileinto\r\n%bOK "ready"\r\n'


def _xmpp(protocol: Starttls) -> Spoken:
    return Spoken(
        protocol,
        b"",
        [
            (b"version='1.0'>", _STREAM + _FEATURES % _TLS_FEATURE),
            (
                b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
                b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            ),
        ],
        [
            (b"", [(b"version='1.0'>", _STREAM + _FEATURES % b"")], "does not offer STARTTLS"),
            (
                b"",
                [
                    (b"version='1.0'>", _STREAM + _FEATURES % _TLS_FEATURE),
                    (b"<starttls", b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>"),
                ],
                "failure",
            ),
            (
                b"",
                [
                    (
                        b"version='1.0'>",
                        _STREAM + _UNKNOWN_HOST,
                    )
                ],
                "host-unknown",
            ),
        ],
    )


def _smtp_like(protocol: Starttls) -> Spoken:
    return Spoken(
        protocol,
        b"220-hello\r\n220 mail.test ready\r\n",
        [(b"\r\n", _EHLO), (b"STARTTLS\r\n", b"220 2.0.0 go ahead\r\n")],
        [
            (b"554 no service for you\r\n", [], "554 no service for you"),
            (b"220 x\r\n", [(b"\r\n", b"250-mail.test\r\n250 SIZE\r\n")], "it offers SIZE"),
            (b"220 x\r\n", [(b"\r\n", b"502 what?\r\n")], "502 what?"),
            (b"220 x\r\n", [(b"\r\n", _EHLO), (b"STARTTLS\r\n", b"454 4.7.0 not now\r\n")], "454 4.7.0 not now"),
        ],
    )


SPOKEN = [
    _smtp_like(Starttls.SMTP),
    _smtp_like(Starttls.LMTP),
    Spoken(
        Starttls.IMAP,
        b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
        [
            (b"CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n"),
            (b"STARTTLS\r\n", b"* 1 EXISTS\r\na2 OK begin\r\n"),
        ],
        [
            (b"* BYE overloaded\r\n", [], "BYE overloaded"),
            (b"* PREAUTH you are in\r\n", [], "PREAUTH"),
            (b"* OK x\r\n", [(b"CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1\r\na1 OK x\r\n")], "does not offer"),
            (
                b"* OK x\r\n",
                [
                    (b"CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK x\r\n"),
                    (b"STARTTLS\r\n", b"a2 BAD not here\r\n"),
                ],
                "BAD not here",
            ),
        ],
    ),
    Spoken(
        Starttls.POP3,
        b"+OK <1@mail.test>\r\n",
        [(b"STLS\r\n", b"+OK begin\r\n")],
        [
            (b"-ERR busy\r\n", [], "busy"),
            (b"+OK\r\n", [(b"STLS\r\n", b"-ERR unknown command\r\n")], "unknown command"),
        ],
    ),
    Spoken(
        Starttls.FTP,
        b"220-Welcome\r\n to a server\r\n220 of files\r\n",
        [(b"AUTH TLS\r\n", b"234 begin\r\n")],
        [
            (b"421 full\r\n", [], "421 full"),
            (b"220 x\r\n", [(b"AUTH TLS\r\n", b"530 log in first\r\n")], "530 log in"),
        ],
    ),
    Spoken(
        Starttls.LDAP,
        b"",
        [(31, _ldap(0, b"", b"\x8a\x161.3.6.1.4.1.1466.20037"))],
        [
            (b"", [(31, _ldap(2, b"unsupported extended operation"))], "unsupported extended operation"),
            (b"", [(31, _ldap(52, b""))], "unavailable"),
        ],
    ),
    _xmpp(Starttls.XMPP),
    _xmpp(Starttls.XMPP_SERVER),
    Spoken(
        Starttls.POSTGRES,
        b"",
        [(8, b"S")],
        [
            (b"", [(8, b"N")], "not set up for TLS"),
            (b"", [(8, _postgres_error(b"sorry, too many clients already"))], "too many clients"),
        ],
    ),
    Spoken(
        Starttls.MYSQL,
        _mysql(_MYSQL_TLS),
        [(36, b"")],
        [
            (_mysql(_MYSQL_NO), [], "does not offer TLS"),
            (b"\x17\0\0\0\xff\x6a\x04Host is not allowed!", [], "Host is not allowed!"),
        ],
    ),
    Spoken(
        Starttls.SIEVE,
        _SIEVE % b'"STARTTLS"\r\n',
        [(b"STARTTLS\r\n", b'OK "begin"\r\n')],
        [
            (_SIEVE % b"", [], "does not offer"),
            (b'BYE "too many"\r\n', [], "too many"),
            (_SIEVE % b'"STARTTLS"\r\n', [(b"STARTTLS\r\n", b'NO "broken"\r\n')], "broken"),
        ],
    ),
    Spoken(
        Starttls.NNTP,
        b"200 news.test ready\r\n",
        [
            (b"CAPABILITIES\r\n", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"),
            (b"STARTTLS\r\n", b"382 begin\r\n"),
        ],
        [
            (b"400 closed\r\n", [], "400 closed"),
            (b"200 x\r\n", [(b"CAPABILITIES\r\n", b"101 list\r\nVERSION 2\r\n.\r\n")], "does not offer"),
            (
                b"201 x\r\n",
                [(b"CAPABILITIES\r\n", b"500 what?\r\n"), (b"STARTTLS\r\n", b"580 cannot begin\r\n")],
                "580 cannot begin",
            ),
        ],
    ),
]
