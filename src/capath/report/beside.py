"""What is reported with a verdict: the chain as sent, Firefox's view, the environment, what was fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.diagnosis.sent_chain import SentNote, sent_chain_notes
from capath.pki.pem import encode_pem
from capath.pki.visible import visible
from capath.report.document import Json
from capath.tls.handshake.verification import Verification
from capath.tls.network.environment import Trap

if TYPE_CHECKING:
    from capath.diagnosis.mozilla_view import Opinion
    from capath.remedy.full_answer import Beside
    from capath.remedy.missing_intermediate import FetchedChain


def beside_json(beside: Beside) -> Json:
    """``opinions``, ``environment`` and ``fetched_intermediates``."""
    return {
        "opinions": opinions_json(beside.opinions),
        "environment": [_trap_json(trap) for trap in beside.traps],
        "fetched_intermediates": _fetched_json(beside.fetched),
    }


def sent_notes_json(verification: Verification) -> list[Json]:
    """``sent_chain_notes``: what the server should send otherwise."""
    return [
        {
            "note": note.fault.value,
            "subject": note.certificate.subject.text,
            "sha256": note.certificate.sha256,
            "position": note.position,
            "text": note.text,
        }
        for note in sent_chain_notes(verification)
    ]


def opinions_json(opinions: Sequence[Opinion]) -> list[Json]:
    """What other software would say of the root, though OpenSSL accepts it."""
    return [
        {
            "client": "firefox",
            "limit": opinion.limit.value,
            "root": opinion.root.sha256,
            "text": opinion.text,
            "source": opinion.source,
        }
        for opinion in opinions
    ]


def beside_text(beside: Beside, *, verbose: bool) -> list[str]:
    """Lines for people; the environment, which is the same for every host, only with `verbose`."""
    lines = [f"note: {opinion.text}" for opinion in beside.opinions]
    lines.extend(f"note: {trap_text(trap)}" for trap in beside.traps if verbose)
    return lines


def sent_notes_text(verification: Verification, *, verbose: bool) -> list[str]:
    """Lines for people; a root that is sent needlessly does no harm, and is reported only with `verbose`."""
    notes: Sequence[SentNote] = sent_chain_notes(verification)
    return [f"chain as sent: {note.text}" for note in notes if verbose or not note.is_harmless]


def _trap_json(trap: Trap) -> Json:
    return {
        "variable": trap.variable,
        "value": trap.value,
        "affects": [program.value for program in trap.affects],
        "text": trap.text,
    }


def trap_text(trap: Trap) -> str:
    """A variable of the environment, and what it does."""
    programs = ", ".join(program.value for program in trap.affects)
    return f"{trap.variable}={visible(trap.value)} changes the result of {programs}. {trap.text}"


def _fetched_json(fetched: FetchedChain | None) -> Json | None:
    if fetched is None:
        return None
    return {
        "verified": bool(fetched.issuers) and not fetched.verification.errors,
        "problem": fetched.problem or None,
        "certificates": [
            {
                "url": issuer.url,
                "subject": issuer.certificate.subject.text,
                "sha256": issuer.certificate.sha256,
                "pem": encode_pem("CERTIFICATE", issuer.certificate.der).decode("ascii"),
            }
            for issuer in fetched.issuers
        ],
    }
