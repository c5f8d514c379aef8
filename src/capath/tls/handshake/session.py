"""The SSL session: what was agreed, and what `openssl s_client` prints in its SSL-Session block."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

from capath.errors import ParseError, StrEnum
from capath.pki import tlv

_EXTENDED_MASTER_SECRET = 0x1  # SSL_SESS_FLAG_EXTMS


class Resumption(StrEnum):
    """How the session could be taken up again (RFC 5077, RFC 8446 §2.2, RFC 5246 §7.3)."""

    TICKET = "ticket"
    SESSION_ID = "session-id"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """OpenSSL's own record of a session (SSL_SESSION). `master_key` is a secret: mask it until it is asked for.
    No ``repr`` has it.

    Texts that a side did not give are empty. For TLS 1.3, `session_id` and `ticket` come with the first ticket.
    """

    session_id: bytes
    session_id_context: bytes
    master_key: bytes = field(repr=False)
    psk_identity: str
    psk_identity_hint: str
    srp_username: str
    ticket: bytes
    ticket_lifetime_hint_s: int
    start_time: datetime
    timeout_s: int
    max_early_data: int
    extended_master_secret: bool

    @property
    def resumption(self) -> Resumption:
        if self.ticket:
            return Resumption.TICKET
        return Resumption.SESSION_ID if self.session_id else Resumption.NONE


@dataclass(frozen=True, slots=True)
class RecordNotAvailable:
    """This pyOpenSSL does not give the session's record away; `reason` says what is missing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Session:
    """What both sides agreed on. `group` and `alpn` are empty where none was negotiated."""

    protocol: str
    cipher: str
    cipher_bits: int
    group: str
    alpn: str
    record: SessionRecord | RecordNotAvailable


def read_session_record(data: bytes) -> SessionRecord:
    """Decode what `i2d_SSL_SESSION` wrote (SSL_SESSION_ASN1). Raises ParseError."""
    start, end = tlv.expect(data, 0, len(data), tlv.SEQUENCE, "session")
    plain: list[bytes] = []
    tagged: dict[int, bytes] = {}
    for tag, _, content, stop in tlv.elements(data, start, end):
        if tag & 0xE0 == 0xA0:
            _, inner, inner_end = tlv.header(data, content, stop)
            tagged[tag & 0x1F] = data[inner:inner_end]
        elif tag in (tlv.INTEGER, tlv.OCTET_STRING):
            plain.append(data[content:stop])
    if len(plain) < 5:
        raise ParseError("session: an element is missing")
    _, _, _, session_id, master_key = plain[:5]
    return SessionRecord(
        session_id=session_id,
        session_id_context=tagged.get(4, b""),
        master_key=master_key,
        psk_identity=_text(tagged.get(8, b"")),
        psk_identity_hint=_text(tagged.get(7, b"")),
        srp_username=_text(tagged.get(12, b"")),
        ticket=tagged.get(10, b""),
        ticket_lifetime_hint_s=_number(tagged.get(9, b"")),
        start_time=datetime.fromtimestamp(_number(tagged.get(1, b"")), timezone.utc),
        timeout_s=_number(tagged.get(2, b"")),
        max_early_data=_number(tagged.get(15, b"")),
        extended_master_secret=bool(_number(tagged.get(13, b"")) & _EXTENDED_MASTER_SECRET),
    )


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")
