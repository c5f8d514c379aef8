"""What can be done where a certificate of the chain is at fault: complete another path, or have it reissued."""

from __future__ import annotations

from capath.diagnosis.anchors import by_path
from capath.diagnosis.case import Case
from capath.diagnosis.cause import Remedy, RemedyKind, title
from capath.diagnosis.paths import Need
from capath.pki.visible import visible
from capath.tls.handshake.verification import ChainElement, FromCapath


def ways_out(case: Case) -> tuple[Remedy, ...]:
    """What completes a path that the fault is not on; nothing where there is none, or it needs an unknown root."""
    path = case.best_path
    if path is None or path.need in (Need.NOTHING, Need.TRUST_SENT_ROOT):
        return ()
    finding = by_path(case, path)
    return () if finding is None else finding.remedies[:1]


def reissue(case: Case, element: ChainElement, wanted: str) -> Remedy:
    """Ask whoever can replace the certificate of `element` for one that `wanted` describes ("with …")."""
    name = f"“{title(element.certificate.subject)}”"
    if isinstance(element.origin, FromCapath):
        file = f" ({visible(element.origin.file)})" if element.origin.file else ""
        text = f"{name} is in your directory{file}: ask its CA for a certificate {wanted}, and import that."
        return Remedy(RemedyKind.ASK_CA, text)
    if element.origin.position == 0:
        if case.live is None:
            return Remedy(RemedyKind.ASK_OPERATOR, f"Have the certificate reissued {wanted}.")
        return Remedy(
            RemedyKind.ASK_OPERATOR, f"Ask the operator to have the server's certificate reissued {wanted}."
        )
    text = f"Ask the CA of {name} to reissue it {wanted}, or use a certificate of another CA."
    return Remedy(RemedyKind.ASK_CA, text)
