"""Certificates that the directory holds, and that lookup did not give."""

from __future__ import annotations

import os

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Confidence, Finding, Remedy
from capath.diagnosis.words import title, which
from capath.diagnosis.wrong_issuer import MAY_NOT_DECODE, explain_held
from capath.pki.certificate import Certificate
from capath.pki.key_identifiers import mismatch
from capath.pki.signature import signs
from capath.pki.visible import visible
from capath.store import CertificateRow
from capath.store.standing import NotLinked, Trusted, explain, is_meant_to_be_trusted

_REHASHED_EXTENSIONS = frozenset({".pem", ".crt", ".cer", ".crl"})


def held_on_the_way(case: Case, depth: int) -> Finding | None:
    """A certificate of the directory that signed one of the chain up to `depth`, the topmost first.

    Below the top it is the root of a shorter chain, which the one that was sent leads away from over a
    cross-signature. One that OpenSSL passes over, whatever its state, is told of where there is no other.
    """
    passed_over = None
    built = {element.certificate.sha256 for element in case.verification.chain}
    for at in range(depth, -1, -1):
        child = case.verification.at(at)
        if child is None:
            continue
        proven = [
            row
            for row in case.rows_named(child.issuer)
            if signs(row.certificate, child)
            and (at == depth or (row.certificate.self_issued and row.certificate.sha256 not in built))
        ]
        fitting = [row for row in proven if mismatch(row.certificate, child) is None]
        if fitting:
            finding = held_but_not_found(case, _most_useful(case, fitting))
            top = case.verification.at(depth)
            if at == depth or top is None:
                return finding
            away = f"The chain that was sent leads on to “{title(top.issuer)}” instead, which is not here."
            return Finding(finding.cause, f"{finding.text} {away}", finding.remedies, finding.confidence)
        if proven and at == depth:
            row = _most_useful(case, proven)
            differs = mismatch(row.certificate, child)
            passed_over = None if differs is None else explain_held(case, child, row, differs)
    return passed_over


def held_but_not_found(case: Case, row: CertificateRow) -> Finding:
    """The certificate is in the directory, and lookup did not give it."""
    name, file = title(row.certificate.subject), visible(row.file)
    why = visible(explain(row.standing).removeprefix("taken out: "))
    extension = os.path.splitext(row.file)[1].lower()
    unhashed = isinstance(row.standing, NotLinked) and extension in _REHASHED_EXTENSIONS
    if is_meant_to_be_trusted(row.standing) or unhashed:
        text = f"“{name}” is in the directory as {file}, but lookup cannot reach it: {why}."
        mend = Remedy(Action.REHASH, "Make the hash links again.", case.command("rehash"))
        return Finding(Cause.LINK_BROKEN, text, (mend,))
    if isinstance(row.standing, Trusted):
        text = (
            f"“{name}” ({file}) signs this chain and lookup finds it, yet it was not accepted; {why}. "
            f"{MAY_NOT_DECODE}"
        )
        return Finding(Cause.OTHER, text, (), Confidence.LIKELY)
    text = f"“{name}” is in the directory, and it is off: {why}."
    take_in = Remedy(
        Action.TRUST,
        f"Trust “{name}” again.",
        case.command("trust", which(row.certificate)),
        row.certificate.sha256,
    )
    return Finding(Cause.ROOT_NOT_TRUSTED, text, (take_in,))


def _most_useful(case: Case, rows: list[CertificateRow]) -> CertificateRow:
    """Of several that would do: one that is valid now, and a root rather than a cross-signed twin."""

    def rank(row: CertificateRow) -> tuple[bool, bool, str]:
        return not _valid(row.certificate, case), not row.certificate.self_issued, row.file

    return min(rows, key=rank)


def _valid(certificate: Certificate, case: Case) -> bool:
    begin, end = certificate.not_before, certificate.not_after
    return begin is not None and end is not None and begin <= case.now <= end
