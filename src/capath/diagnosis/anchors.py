"""Chains that end in nothing the directory trusts, and certificates of the directory that lookup does not find."""

from __future__ import annotations

import os
from collections.abc import Sequence

from capath.diagnosis.case import Case
from capath.diagnosis.cause import (
    PARTIAL_CHAIN,
    Cause,
    CauseFound,
    Programs,
    Remedy,
    RemedyKind,
    title,
    which,
)
from capath.diagnosis.deselected import explain_deselected
from capath.diagnosis.known_roots import KnownRoot
from capath.diagnosis.missing_root import (
    get_root,
    import_known,
    not_in_store,
    nowhere,
    unknown_issuer,
    wrong_format,
)
from capath.diagnosis.path_rules import is_valid_at
from capath.diagnosis.paths import Need, Path
from capath.diagnosis.rejected_roots import not_self_signed, private_root, rejected, self_signed
from capath.diagnosis.wrong_issuer import (
    explain_held,
    explain_other_key,
    explain_sent,
    own_contradiction,
    sent_of_that_name,
    unaccepted,
)
from capath.errors import assert_never
from capath.pki.certificate import Certificate
from capath.pki.key_identifiers import mismatch
from capath.pki.signature import signs
from capath.pki.visible import visible
from capath.store import CertificateRow
from capath.store.link_name import has_rehash_extension
from capath.store.standing import NotLinked, Trusted, is_meant_to_be_trusted, why_standing
from capath.tls.handshake.verification import ChainElement, FromCapath
from capath.tls.handshake.verify_codes import NO_ISSUER, TRUST_ATTRIBUTES, UNKNOWN_SELF_SIGNED, VerifyCode


def explain_anchor(case: Case) -> CauseFound | None:
    """No issuer, an unknown root, a root that is not trusted for this."""
    error = case.first(*NO_ISSUER, *TRUST_ATTRIBUTES)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    if error.code in TRUST_ATTRIBUTES:
        return rejected(case, element.certificate)
    path = case.best_path
    if path is not None and path.need is not Need.TRUST_SENT_ROOT and (finding := by_path(case, path)) is not None:
        return finding
    if error.code in UNKNOWN_SELF_SIGNED:
        return _unknown_root(case, element.certificate, error.depth)
    return _no_issuer(case, element, error.depth)


def explain_loop(case: Case) -> CauseFound | None:
    """Code 22: OpenSSL followed CA certificates that signed each other until its limit (100) was reached."""
    if case.first(VerifyCode.CERT_CHAIN_TOO_LONG) is None:
        return None
    path = case.best_path
    if path is not None and (finding := by_path(case, path)) is not None:
        return finding
    loop = _loop([element.certificate for element in case.verification.chain])
    if not loop:
        text = "The chain is longer than OpenSSL accepts (100 CA certificates)."
    else:
        names = " ← ".join(f"“{title(certificate.subject)}”" for certificate in (*loop, loop[0]))
        text = (
            f"The chain does not end: CA certificates signed each other in a loop that reaches no root: {names}."
        )
    return CauseFound(Cause.OTHER, text, ())


def _loop(chain: Sequence[Certificate]) -> Sequence[Certificate]:
    """The part of `chain` that comes again; nothing where none does."""
    first: dict[str, int] = {}
    for at, certificate in enumerate(chain):
        if certificate.sha256 in first:
            return chain[first[certificate.sha256] : at]
        first[certificate.sha256] = at
    return ()


def by_path(case: Case, path: Path) -> CauseFound | None:
    """What is missing until the chain can take `path`."""
    step = path.needed
    match step.need:
        case Need.NOTHING:
            return None
        case Need.REHASH | Need.TRUST:
            return None if step.row is None else _led_away(case, step.row, held_but_not_found(case, step.row))
        case Need.CONVERT:
            if step.row is not None:
                return held_but_not_found(case, step.row)
            return None if step.known is None else wrong_format(case, step.known)
        case Need.SELECT:
            return None if step.known is None else explain_deselected(case, step.known)
        case Need.IMPORT:
            if step.known is None:
                return None
            top = case.verification.chain[-1] if case.verification.chain else None
            if top is not None and isinstance(top.origin, FromCapath) and not top.certificate.self_issued:
                return _intermediate_only(case, top.certificate)
            return not_in_store(case, step.known)
        case Need.TRUST_SENT_ROOT:
            return private_root(case, step.certificate)
        case _:
            assert_never(step.need)


def held_but_not_found(case: Case, row: CertificateRow) -> CauseFound:
    """The certificate is in the directory, and lookup does not find it."""
    name, file = title(row.certificate.subject), visible(row.file)
    why = visible(why_standing(row.standing))
    if is_meant_to_be_trusted(row.standing) or (
        isinstance(row.standing, NotLinked) and has_rehash_extension(row.file)
    ):
        text = f"“{name}” is in the directory ({file}), but OpenSSL's lookup does not find it: {why}."
        rehash = Remedy(RemedyKind.REHASH, "Recreate the hash links.", case.on_store("rehash"))
        return CauseFound(Cause.LINK_BROKEN, text, (rehash,))
    trust = Remedy(
        RemedyKind.TRUST,
        f"Trust “{name}”.",
        case.on_store("trust", which(row.certificate)),
        row.certificate.sha256,
    )
    if isinstance(row.standing, NotLinked):
        text = (
            f"“{name}” is in the directory ({file}), but has no hash link, and rehash gives it none: it "
            "looks only at "
            "files named .pem, .crt, .cer or .crl."
        )
        better = f"{os.path.splitext(row.file)[0]}.pem"
        paths = [os.path.join(case.directory, one) for one in (row.file, better)]
        rename = Programs((("mv", "-n", *paths), ("capath", "rehash", case.directory)))
        again = f"Rename {file} to {visible(better)} and recreate the hash links."
        return CauseFound(Cause.WRONG_FORMAT, text, (Remedy(RemedyKind.REHASH, again, rename, row.file),))
    if isinstance(row.standing, Trusted):
        chain = [element.certificate for element in case.verification.chain]
        said = f"“{name}” ({file}) signed this chain and lookup finds it, yet OpenSSL did not accept it"
        return unaccepted(said, row.certificate, *chain)
    if case.is_what_if:
        text = f"“{name}” is in the directory, and this test treats it as distrusted."
    else:
        text = f"“{name}” is in the directory ({file}) and is distrusted."
    return CauseFound(Cause.ROOT_NOT_TRUSTED, text, (trust,))


def _led_away(case: Case, row: CertificateRow, finding: CauseFound) -> CauseFound:
    """Say so where the chain went past the certificate of `row`, by a cross-signed one of its name."""
    top = case.verification.chain[-1].certificate if case.verification.chain else None
    if top is None or row.certificate.subject.canonical == top.issuer.canonical:
        return finding
    away = f"The chain that OpenSSL built leads to “{title(top.issuer)}” instead, which is {nowhere(case)}."
    return CauseFound(finding.cause, f"{finding.text} {away}", finding.remedies, finding.confidence)


def _no_issuer(case: Case, element: ChainElement, depth: int) -> CauseFound:
    child = element.certificate
    is_ours = isinstance(element.origin, FromCapath)
    if is_ours and (contradiction := own_contradiction(child)) is not None:
        return not_self_signed(case, child, contradiction)
    held = _held_below(case, depth)
    if held is not None:
        return held
    sent = sent_of_that_name(case, child)
    named = case.rows_named(child.issuer)
    if named and not (sent is not None and signs(sent, child)):
        return explain_other_key(case, child, named)
    if is_ours:
        return _intermediate_only(case, child)
    known = _known_below(case, depth)
    if known is not None:
        return not_in_store(case, known)
    if sent is not None:
        return explain_sent(case, child, sent)
    if depth == 0:
        return unknown_issuer(case, child)
    wanted = title(child.issuer)
    text = f"The chain ends at “{title(child.subject)}”, whose issuer “{wanted}” is {nowhere(case)}."
    return CauseFound(Cause.ROOT_NOT_IN_STORE, text, (get_root(case, wanted),))


def _held_below(case: Case, depth: int) -> CauseFound | None:
    """A certificate of the directory that signed one of the chain, though no path by it is valid as it is."""
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
            row = _most_useful(case, fitting)
            return _led_away(case, row, held_but_not_found(case, row))
        if proven and at == depth:
            row = _most_useful(case, proven)
            differs = mismatch(row.certificate, child)
            if differs is not None:
                return explain_held(case, child, row, differs)
    return None


def _known_below(case: Case, depth: int) -> KnownRoot | None:
    """A root of another store that signed one of the chain, though no path by it is valid as it is."""
    children = [case.verification.at(at) for at in range(depth, -1, -1)]
    found = (case.roots.issuer(child, case.now) for child in children if child is not None)
    return next((known for known in found if known is not None), None)


def _most_useful(case: Case, rows: list[CertificateRow]) -> CertificateRow:
    """Of several that would do: one that is valid now, and a root rather than a cross-signed twin."""

    def rank(row: CertificateRow) -> tuple[bool, bool, str]:
        return not is_valid_at(row.certificate, case.now), not row.certificate.self_issued, row.file

    return min(rows, key=rank)


def _unknown_root(case: Case, top: Certificate, depth: int) -> CauseFound:
    rows = case.rows_of(top)
    if rows:
        return held_but_not_found(case, rows[0])
    if depth == 0:
        return self_signed(case, top)
    held = _held_below(case, depth - 1)
    if held is not None:
        return held
    named = case.rows_named(top.subject)
    if named:
        return explain_other_key(case, top, named)
    known = case.roots.find(top)
    return private_root(case, top) if known is None else not_in_store(case, known)


def _intermediate_only(case: Case, certificate: Certificate) -> CauseFound:
    name, issuer = title(certificate.subject), title(certificate.issuer)
    known = case.roots.issuer(certificate, case.now)
    where = f" {visible(known.title)} has it." if known else ""
    text = f"The directory has the intermediate “{name}”, but not its root “{issuer}”.{where}"
    partial = Remedy(
        RemedyKind.CHANGE_FLAGS,
        "Or accept the intermediate as the anchor: clients that set X509_V_FLAG_PARTIAL_CHAIN do, Python 3.13 and "
        "later among them.",
        operand=PARTIAL_CHAIN,
    )
    return CauseFound(
        Cause.INTERMEDIATE_ONLY, text, (import_known(case, known) if known else get_root(case, issuer), partial)
    )
