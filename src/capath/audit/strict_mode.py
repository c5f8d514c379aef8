"""What OpenSSL's X509_V_FLAG_X509_STRICT, on by default in Python 3.13, finds wrong with a trust anchor."""

from __future__ import annotations

from capath.audit.facts import Facts
from capath.pki.extensions import BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_KEY_IDENTIFIER


def strict_faults(facts: Facts) -> tuple[str, ...]:
    """Return what only strict mode rejects in the certificate, in words; empty where it accepts it."""
    if facts.decoded.constraints is None:
        return ("nothing in it states that it is a CA",)
    faults = []
    if not facts.decoded.constraints.ca:
        if facts.decoded.constraints.path_length is not None:
            faults.append("a path length without CA:TRUE")
        return tuple(faults)
    if not facts.decoded.extensions[BASIC_CONSTRAINTS].critical:
        faults.append("basicConstraints is not critical")
    if KEY_USAGE not in facts.decoded.extensions:
        faults.append("no keyUsage")
    if SUBJECT_KEY_IDENTIFIER not in facts.decoded.extensions:
        faults.append("no subject key identifier")
    if not facts.certificate.subject.canonical:
        faults.append("an empty subject")
    if not facts.certificate.issuer.canonical:
        faults.append("an empty issuer")
    return tuple(faults)
