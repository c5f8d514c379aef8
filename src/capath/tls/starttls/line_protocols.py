"""Protocols of lines: SMTP, LMTP, FTP and NNTP, whose replies have three digits; IMAP, POP3 and ManageSieve.

Each function is a `capath.tls.starttls.registry.Negotiate`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from capath.tls.network.conversation import Conversation, RefusedError, WrongProtocolError

_LINES_LIMIT = 500
_LITERAL = re.compile(rb"\{(\d{1,6})\+?\}\Z")


@dataclass(frozen=True, slots=True)
class Reply:
    """`lines` are the texts after the code."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.code} {' / '.join(line for line in self.lines if line)}".strip()

    def offers(self, keyword: str) -> bool:
        """Whether one of the lines begins with the word `keyword`."""
        return any(line.upper().split(" ")[0] == keyword for line in self.lines)


def read_reply(talk: Conversation) -> Reply:
    """Read one reply: ``250-first``, ``250-…``, ``250 last`` (RFC 5321 §4.2.1).

    FTP leaves the lines between the first and the last free (RFC 959 §4.2), so these count as text.
    """
    first = talk.read_line()
    code = first[:3]
    if len(code) != 3 or not code.isdigit() or first[3:4] not in (b"", b" ", b"-"):
        raise WrongProtocolError(first)
    lines = [first[4:]]
    last = first
    while last[:4] == code + b"-" or last[:4] not in (code, code + b" "):
        if len(lines) > _LINES_LIMIT:
            raise WrongProtocolError(first)
        last = talk.read_line()
        lines.append(last[4:] if last[:3] == code else last.strip())
    return Reply(int(code), tuple(line.decode("utf-8", "surrogateescape") for line in lines))


def expect(talk: Conversation, *codes: int) -> Reply:
    """Read a reply that has to have one of `codes`. Raises RefusedError, which quotes any other."""
    reply = read_reply(talk)
    if reply.code not in codes:
        raise RefusedError(reply.text)
    return reply


def smtp(talk: Conversation) -> None:
    """RFC 3207."""
    _esmtp(talk, "EHLO")


def lmtp(talk: Conversation) -> None:
    """As SMTP, but for the greeting (RFC 2033)."""
    _esmtp(talk, "LHLO")


def _esmtp(talk: Conversation, hello: str) -> None:
    expect(talk, 220)
    # A client that has no name of its own gives its address (RFC 5321 §4.1.4); the machine's name is nobody's.
    address = talk.own_address
    literal = f"IPv6:{address}" if ":" in address else address
    talk.send(f"{hello} [{literal}]\r\n".encode("ascii"))
    offered = expect(talk, 250)
    if not offered.offers("STARTTLS"):
        extensions = ", ".join(line for line in offered.lines[1:] if line) or "nothing"
        raise RefusedError(f"it does not offer STARTTLS; it offers {extensions}")
    talk.send(b"STARTTLS\r\n")
    expect(talk, 220)


def ftp(talk: Conversation) -> None:
    """RFC 4217."""
    greeting = expect(talk, 120, 220)
    if greeting.code == 120:  # "ready in a few minutes"; the greeting proper follows
        expect(talk, 220)
    talk.send(b"AUTH TLS\r\n")
    expect(talk, 234)


def nntp(talk: Conversation) -> None:
    """RFC 4642."""
    expect(talk, 200, 201)
    talk.send(b"CAPABILITIES\r\n")
    if read_reply(talk).code == 101:  # an older server knows no such command, and may know STARTTLS
        offered = _nntp_list(talk)
        if not any(line.split()[:1] == [b"STARTTLS"] for line in offered):
            raise RefusedError("it does not offer STARTTLS")
    talk.send(b"STARTTLS\r\n")
    expect(talk, 382)


def _nntp_list(talk: Conversation) -> list[bytes]:
    """Read up to the line that is a dot (RFC 3977 §3.1.1)."""
    lines: list[bytes] = []
    while (line := talk.read_line()) != b".":
        lines.append(line.upper())
        if len(lines) > _LINES_LIMIT:
            raise WrongProtocolError(line)
    return lines


def imap(talk: Conversation) -> None:
    """RFC 9051 §6.2.1."""
    greeting = talk.read_line()
    if not greeting.startswith(b"* "):
        raise WrongProtocolError(greeting)
    if greeting[2:4].upper() != b"OK":  # BYE, or PREAUTH, after which no TLS may begin
        raise RefusedError(_text(greeting))
    offered = _imap_command(talk, b"a1", b"CAPABILITY")
    words = {word for line in offered if line.upper().startswith(b"* CAPABILITY") for word in line.upper().split()}
    if b"STARTTLS" not in words:
        raise RefusedError("it does not offer STARTTLS")
    _imap_command(talk, b"a2", b"STARTTLS")


def _imap_command(talk: Conversation, tag: bytes, command: bytes) -> list[bytes]:
    """Send a command; return the untagged lines that come before its answer, which must be OK."""
    talk.send(tag + b" " + command + b"\r\n")
    untagged: list[bytes] = []
    while not (line := talk.read_line()).lower().startswith(tag + b" "):
        untagged.append(line)
        if not line.startswith(b"* ") or len(untagged) > _LINES_LIMIT:
            raise WrongProtocolError(line)
    if line.split()[1:2] not in ([b"OK"], [b"ok"], [b"Ok"]):
        raise RefusedError(_text(line))
    return untagged


def pop3(talk: Conversation) -> None:
    """RFC 2595 §4."""
    _pop3_ok(talk)
    talk.send(b"STLS\r\n")
    _pop3_ok(talk)


def _pop3_ok(talk: Conversation) -> None:
    line = talk.read_line()
    if line.startswith(b"-ERR"):
        raise RefusedError(_text(line))
    if not line.startswith(b"+OK"):
        raise WrongProtocolError(line)


def sieve(talk: Conversation) -> None:
    """ManageSieve (RFC 5804 §1.5, §2.2)."""
    offered = _sieve_answer(talk)
    if not any(line.upper().startswith(b'"STARTTLS"') for line in offered):
        raise RefusedError("it does not offer STARTTLS")
    talk.send(b"STARTTLS\r\n")
    _sieve_answer(talk)


def _sieve_answer(talk: Conversation) -> list[bytes]:
    """Return the lines before the one that begins with OK. Raises RefusedError for NO and BYE."""
    lines: list[bytes] = []
    while True:
        line = talk.read_line()
        while (literal := _LITERAL.search(line)) is not None:  # a string of so many bytes, then the line goes on
            line = line[: literal.start()] + talk.read_octets(int(literal[1])) + talk.read_line()
        word = line.split(b" ")[0].upper()
        if word == b"OK":
            return lines
        if word in (b"NO", b"BYE"):
            raise RefusedError(_text(line))
        if not line.startswith((b'"', b"{")) or len(lines) > _LINES_LIMIT:
            raise WrongProtocolError(line)
        lines.append(line)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")
