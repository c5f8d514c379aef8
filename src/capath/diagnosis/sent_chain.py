"""The chain as the server sent it against the chain as OpenSSL built it (RFC 8446 §4.4.2, RFC 5246 §7.4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from capath.diagnosis.cause import title
from capath.errors import StrEnum
from capath.pki.certificate import Certificate
from capath.tls.handshake.verification import Verification


class SentFault(StrEnum):
    DUPLICATE = "duplicate"
    ROOT_SENT = "root-sent"
    SUPERFLUOUS = "superfluous"
    MISORDERED = "misordered"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class SentNote:
    """One fault in what the server sends. Most clients tolerate it, so it is not an error of its own.

    `certificate` is what the note is about, at `position` in what was sent, None where it was not sent.
    """

    fault: SentFault
    certificate: Certificate
    position: int | None
    text: str

    @property
    def is_harmless(self) -> bool:
        """Whether it only costs bytes."""
        return self.fault in (SentFault.ROOT_SENT, SentFault.DUPLICATE, SentFault.SUPERFLUOUS)


def sent_chain_notes(verification: Verification) -> tuple[SentNote, ...]:
    """What is superfluous, twice, out of order or missing in what the server sent."""
    sent = verification.sent
    if not sent:
        return ()
    built = [element.certificate for element in verification.chain]
    return (*_each_sent(sent, built), *_misordered(sent, built), *_missing(verification, built))


def _each_sent(sent: Sequence[Certificate], built: Sequence[Certificate]) -> list[SentNote]:
    notes = []
    used = {certificate.sha256 for certificate in built}
    first: dict[str, int] = {}
    for position, certificate in enumerate(sent):
        if certificate.sha256 in first:
            earlier = first[certificate.sha256] + 1
            text = f"certificate {position + 1}, {_quoted(certificate)}, is the same as certificate {earlier}"
            notes.append(SentNote(SentFault.DUPLICATE, certificate, position, text))
            continue
        first[certificate.sha256] = position
        if position and certificate.self_issued:
            text = f"certificate {position + 1}, {_quoted(certificate)}, is a root: clients use only their own"
            notes.append(SentNote(SentFault.ROOT_SENT, certificate, position, text))
        elif position and certificate.sha256 not in used:
            text = f"certificate {position + 1}, {_quoted(certificate)}, is not part of the chain"
            notes.append(SentNote(SentFault.SUPERFLUOUS, certificate, position, text))
    return notes


def _misordered(sent: Sequence[Certificate], built: Sequence[Certificate]) -> list[SentNote]:
    """Those that come before what they certify; before TLS 1.3 a client may reject such a chain."""
    at = {certificate.sha256: position for position, certificate in reversed(list(enumerate(sent)))}
    notes = []
    highest = -1
    for certificate in built:
        position = at.get(certificate.sha256)
        if position is None:
            continue
        if position < highest:
            name = _quoted(certificate)
            text = f"certificate {position + 1}, {name}, comes before certificate {highest + 1}, which it issued"
            notes.append(SentNote(SentFault.MISORDERED, certificate, position, text))
        highest = max(highest, position)
    return notes


def _missing(verification: Verification, built: Sequence[Certificate]) -> list[SentNote]:
    """Intermediates that came from the directory: clients that do not have them fail."""
    sent = {certificate.sha256 for certificate in verification.sent}
    notes = []
    for certificate in built[1:]:
        if certificate.sha256 not in sent and not certificate.self_issued:
            name = _quoted(certificate)
            text = f"the intermediate {name} was not sent: the directory has it, other clients may not"
            notes.append(SentNote(SentFault.MISSING, certificate, None, text))
    return notes


def _quoted(certificate: Certificate) -> str:
    return f"“{title(certificate.subject)}”"
