"""Certificates that are not for this host, or may not be for any such."""

from __future__ import annotations

import difflib

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Finding, Remedy
from capath.diagnosis.words import subject_alternative_names, title
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.tls.handshake.verify_codes import HOST, NAME_CONSTRAINTS, VerifyCode
from capath.tls.network.endpoint import parse_endpoint

_SHOWN_NAMES = 5


def explain_host(case: Case) -> Finding | None:
    """Codes 62 and 64: the host name, the IP address."""
    error = case.first(*HOST)
    leaf = case.verification.at(0) or next(iter(case.verification.sent), None)
    if error is None or leaf is None:
        return None
    names = subject_alternative_names(leaf)
    host = visible(case.host)
    if not names:
        text = (
            f"The certificate “{title(leaf.subject)}” has no subjectAltName, so it is for no host at all: "
            "browsers, requests and curl do not look at the common name."
        )
        reissue = Remedy(Action.ASK_OPERATOR, f"Let it be reissued with a subjectAltName for {host}.")
        return Finding(Cause.HOSTNAME_MISMATCH, text, (reissue,))
    listed = ", ".join(visible(name) for name in names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    text = f"The certificate is for {listed}{more}; not for {host}."
    usable = [name for name in names if _is_host(name)]
    nearest = difflib.get_close_matches(case.host, usable, n=1, cutoff=0.0)
    if error.code == VerifyCode.IP_ADDRESS_MISMATCH:
        nearest = usable[:1]  # an address resembles no name: the first one is mostly the main one
    if nearest:
        use = f"Connect by the name {nearest[0]}, if it is the same server."
        # By the address that is known already: the name may lead elsewhere from here, or nowhere.
        here = "" if _is_address(nearest[0]) else case.retest_command("--servername", nearest[0])
        named = Remedy(Action.USE_NAME, use, here or case.test_command(nearest[0]), nearest[0])
    else:
        named = Remedy(Action.USE_NAME, "Connect by a name that the certificate is for, if it is the same server.")
    other = Remedy(Action.ASK_OPERATOR, f"Or let the server's certificate name {host} too.")
    return Finding(Cause.HOSTNAME_MISMATCH, text, (named, other))


def explain_constraint(case: Case) -> Finding | None:
    """Codes 47–49 and 51–53: name constraints (RFC 5280 §4.2.1.10)."""
    error = case.first(*NAME_CONSTRAINTS)
    element = None if error is None else case.element(error)
    if error is None or element is None:
        return None
    text = (
        f"An authority above “{title(element.certificate.subject)}” may not issue for its names "
        f"({error.described.text}, at depth {error.depth})."
    )
    remedy = Remedy(
        Action.ASK_OPERATOR,
        "Let an authority issue it that may issue for this name. Nothing in the directory mends this.",
    )
    return Finding(Cause.NAME_CONSTRAINT, text, (remedy,))


def _is_host(name: str) -> bool:
    """Whether one can connect to it: what a certificate names may be a pattern, or nothing of the kind."""
    try:
        return parse_endpoint(f"[{name}]" if ":" in name else name).host == name.lower()
    except BadInputError:
        return False


def _is_address(name: str) -> bool:
    return parse_endpoint(f"[{name}]" if ":" in name else name).ip is not None
