"""Certificates that are not valid for this host, and CAs that may not issue for it."""

from __future__ import annotations

import contextlib
import difflib
import ipaddress

from cryptography import x509

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Remedy, RemedyKind, title
from capath.diagnosis.name_constraints import Violation, first_violation
from capath.diagnosis.path_rules import extension_of
from capath.diagnosis.way_out import reissue, ways_out
from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.pki.general_names import alternative_names
from capath.pki.visible import visible
from capath.tls.handshake.verification import ChainElement, FromServer
from capath.tls.handshake.verify_codes import HOST, NAME_CONSTRAINTS, VerifyCode
from capath.tls.network.endpoint import parse_endpoint

_SHOWN_NAMES = 5
_SUBJECT_ALTERNATIVE_NAME = "2.5.29.17"


def subject_alternative_names(certificate: Certificate) -> list[str]:
    """The DNS names and IP addresses that a certificate is for, raw; none where the extension does not decode."""
    names = alternative_names(certificate)
    return [name.decode("ascii", "backslashreplace") for name in names.dns] + [
        str(item) for item in names.addresses
    ]


def explain_host(case: Case) -> CauseFound | None:
    """Codes 62 and 64: the host name, the IP address."""
    error = case.first(*HOST)
    leaf = case.verification.at(0) or next(iter(case.verification.sent), None)
    if error is None or leaf is None:
        return None
    names = subject_alternative_names(leaf)
    host = visible(case.host)
    also = reissue(case, ChainElement(leaf, FromServer(0)), f"with {_entry(case.host)} in its subjectAltName")
    if not names:
        return CauseFound(Cause.HOSTNAME_MISMATCH, _no_names(case, leaf), (also,))
    listed = ", ".join(visible(name) for name in names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    text = f"The certificate is valid for {listed}{more}, not for {host}.{_broken_rule(leaf, case.host)}"
    usable = [name for name in names if _is_host(name) and name.lower() != case.host.lower()]
    nearest = difflib.get_close_matches(case.host, usable, n=1, cutoff=0.0)
    if error.code == VerifyCode.IP_ADDRESS_MISMATCH:
        nearest = usable[:1]  # an address resembles no name: the first one is mostly the main one
    if case.live is None and not nearest:
        return CauseFound(Cause.HOSTNAME_MISMATCH, text, (also,))
    if not nearest:
        other = Remedy(RemedyKind.USE_NAME, "Connect to a name that the certificate is valid for.")
        return CauseFound(Cause.HOSTNAME_MISMATCH, text, (other, also))
    if case.live is None:
        use = Remedy(
            RemedyKind.USE_NAME, f"Verify for {visible(nearest[0])}, if that is the host.", operand=nearest[0]
        )
        return CauseFound(Cause.HOSTNAME_MISMATCH, text, (use, also))
    use_text = f"Connect to {visible(nearest[0])}, if it is the same server."
    # By the address that is known already: the name may lead elsewhere from here, or nowhere.
    here = None if _is_address(nearest[0]) else case.again(servername=nearest[0])
    named = Remedy(RemedyKind.USE_NAME, use_text, here or case.again_at(nearest[0]), nearest[0])
    return CauseFound(Cause.HOSTNAME_MISMATCH, text, (named, also))


def _no_names(case: Case, leaf: Certificate) -> str:
    name, host = title(leaf.subject), visible(case.host)
    if leaf.extension(_SUBJECT_ALTERNATIVE_NAME) is not None:
        return f"The subjectAltName of “{name}” has no DNS name and no IP address, so it is not valid for {host}."
    text = f"“{name}” has no subjectAltName, so it is not valid for {host}."
    if leaf.subject.title.lower() == case.host.lower():
        text = (
            f"{text} Browsers and requests ignore the common name (RFC 9525 §2); OpenSSL and curl still accept it."
        )
    return text


def _broken_rule(leaf: Certificate, host: str) -> str:
    """The rule by which an entry that looks right does not match (RFC 9525 §6.3 and §6.4)."""
    wanted = host.lower().rstrip(".")
    names = [name.decode("ascii", "backslashreplace").lower() for name in alternative_names(leaf).dns]
    if _is_ip(wanted):
        if wanted in names:
            return " It has the address as a DNS name; clients look only at IP address entries."
        return ""
    for name in names:
        left, _, rest = name.partition(".")
        if "*" not in name:
            continue
        if left != "*":
            if wanted.endswith(f".{rest}") and "*" not in rest:
                return (
                    f" In {visible(name)} the wildcard is only a part of the first label, which clients "
                    "do not accept."
                )
            continue
        if wanted == rest:
            return f" The wildcard of {visible(name)} needs a label before {visible(rest)}."
        if wanted.endswith(f".{rest}") and "." in wanted[: -len(rest) - 1]:
            return f" The wildcard of {visible(name)} covers one label only."
        if wanted.endswith(f".{rest}") and "." not in rest:
            return (
                f" The wildcard of {visible(name)} would cover a whole top-level domain, which clients do "
                "not accept."
            )
    return ""


def _entry(host: str) -> str:
    return f"the IP address {visible(host)}" if _is_ip(host) else visible(host)


def explain_constraint(case: Case) -> CauseFound | None:
    """Codes 47–53: name constraints (RFC 5280 §4.2.1.10)."""
    error = case.first(*NAME_CONSTRAINTS)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    name = f"“{title(element.certificate.subject)}”"
    match error.code:
        case VerifyCode.SUBTREE_MINMAX | VerifyCode.UNSUPPORTED_CONSTRAINT_TYPE:
            text = (
                f"A CA above {name} has name constraints of a kind that OpenSSL does not support "
                f"({_said(error.code)})."
            )
            return CauseFound(Cause.NAME_CONSTRAINT, text, (*ways_out(case), *_ask_constrainers(case, element)))
        case VerifyCode.UNSUPPORTED_CONSTRAINT_SYNTAX:
            text = f"A CA above {name} has malformed name constraints ({_said(error.code)})."
            return CauseFound(
                Cause.MALFORMED_CERTIFICATE, text, (*ways_out(case), *_ask_constrainers(case, element))
            )
        case VerifyCode.UNSUPPORTED_NAME_SYNTAX:
            text = f"{name} has a malformed name, which cannot be held against the name constraints above it."
            return CauseFound(Cause.MALFORMED_CERTIFICATE, text, (reissue(case, element, "with valid names"),))
    violation = first_violation([item.certificate for item in case.verification.chain])
    if violation is None:
        text = f"A CA above {name} may not issue for its names ({_said(error.code)}, at depth {error.depth})."
    else:
        text = _violated(case, violation)
    other = "by a CA that may issue for its names"
    return CauseFound(Cause.NAME_CONSTRAINT, text, (*ways_out(case), reissue(case, element, other)))


def _violated(case: Case, violation: Violation) -> str:
    subject = case.verification.chain[violation.depth].certificate.subject
    subtrees = ", ".join(visible(subtree) or "nothing" for subtree in violation.subtrees[:_SHOWN_NAMES])
    rule = f"permit only {subtrees}" if violation.permitted else f"exclude {subtrees}"
    return (
        f"“{title(subject)}” has the {violation.kind} {visible(violation.name)}, for which the CA "
        f"“{title(violation.ca.subject)}” above it may not issue: its name constraints {rule}."
    )


def _ask_constrainers(case: Case, element: ChainElement) -> tuple[Remedy, ...]:
    """Whoever can replace the CA certificates above that have name constraints."""
    above = case.verification.chain[case.verification.chain.index(element) + 1 :]
    limited = [item for item in above if extension_of(item.certificate, x509.NameConstraints) is not None]
    return tuple(reissue(case, item, "with name constraints that OpenSSL supports") for item in limited[:1])


def _said(code: int) -> str:
    return VerifyCode(code).text


def _is_ip(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def _is_host(name: str) -> bool:
    """Whether one can connect to it: what a certificate names may be a pattern, or nothing of the kind."""
    try:
        return parse_endpoint(f"[{name}]" if ":" in name else name).host == name.lower()
    except BadInputError:
        return False


def _is_address(name: str) -> bool:
    return parse_endpoint(f"[{name}]" if ":" in name else name).ip is not None
