"""Replies of three digits and a text, in one line or several: SMTP, LMTP, FTP and NNTP have them."""

from __future__ import annotations

from dataclasses import dataclass

from capath.tls.starttls.conversation import Conversation, RefusedError, WrongProtocolError

_LINES_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """`lines` are the texts behind the code."""

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
