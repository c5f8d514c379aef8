"""Rules on what a certificate says it may do: basicConstraints, keyUsage, key identifiers, critical extensions."""

from __future__ import annotations

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity
from capath.audit.rule import CertificateRule, Hit
from capath.audit.strict_mode import strict_faults
from capath.pki.extensions import (
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    NAME_CONSTRAINTS,
    SUBJECT_KEY_IDENTIFIER,
)


def _not_a_ca(context: Context, facts: Facts) -> Hit | None:
    if BASIC_CONSTRAINTS in facts.decoded.extensions and facts.decoded.constraints is None:
        text, evidence = "its basicConstraints do not decode", "OpenSSL rejects it as a CA"
    elif facts.decoded.constraints is not None and not facts.decoded.constraints.ca:
        text, evidence = (
            "it is not a CA, so it can only vouch for itself",
            "basicConstraints has CA:FALSE",
        )
    elif not facts.decoded.signs_certificates:
        text, evidence = "it may not sign certificates", "keyUsage is present without keyCertSign"
    else:
        return None
    remedy = f"{context.command('distrust', facts.row.file)}, and import the CA that issued what you trust"
    return Hit(text, evidence, remedy)


def _no_basic_constraints(context: Context, facts: Facts) -> Hit | None:
    if BASIC_CONSTRAINTS in facts.decoded.extensions:
        return None
    version = facts.certificate.version
    what = "an X.509 version 1 certificate" if version == 1 else "a certificate without basicConstraints"
    return Hit(
        f"it is {what}: nothing in it states that it is a CA",
        f"version {version}, no basicConstraints; OpenSSL accepts it if it is self-signed or has keyUsage",
        "ask the CA for a version 3 root",
    )


def _constraints_not_critical(context: Context, facts: Facts) -> Hit | None:
    extension = facts.decoded.extensions.get(BASIC_CONSTRAINTS)
    if extension is None or extension.critical:
        return None
    evidence = "basicConstraints is present and not critical"
    return Hit("its basicConstraints are not critical", evidence, "nothing to do; strict clients reject it")


def _key_usage(context: Context, facts: Facts) -> Hit | None:
    extension = facts.decoded.extensions.get(KEY_USAGE)
    if extension is not None and extension.critical:
        return None
    if extension is None:
        return Hit("it has no keyUsage", "the extension is missing", "nothing to do; strict clients reject it")
    return Hit("its keyUsage is not critical", "keyUsage is present and not critical", "nothing to do")


def _no_subject_key(context: Context, facts: Facts) -> Hit | None:
    if SUBJECT_KEY_IDENTIFIER in facts.decoded.extensions:
        return None
    return Hit(
        "it has no subject key identifier",
        "the extension is missing",
        "nothing to do; strict clients reject it",
    )


def _path_length(context: Context, facts: Facts) -> Hit | None:
    if facts.decoded.constraints is None or facts.decoded.constraints.path_length is None:
        return None
    length = facts.decoded.constraints.path_length
    return Hit(
        f"it allows at most {length} intermediate{'' if length == 1 else 's'} below it",
        f"pathLenConstraint is {length}",
        "nothing to do; OpenSSL enforces it",
    )


def _unknown_critical(context: Context, facts: Facts) -> Hit | None:
    unknown = facts.certificate.unprocessed_extensions
    if not unknown:
        return None
    return Hit(
        "it has a critical extension that OpenSSL does not know, so no chain through it verifies",
        f"critical: {', '.join(unknown)}",
        context.command("distrust", facts.row.file),
    )


def _name_constraints(context: Context, facts: Facts) -> Hit | None:
    if NAME_CONSTRAINTS not in facts.decoded.extensions:
        return None
    return Hit(
        "it is limited to some names by X.509 name constraints",
        "nameConstraints is present",
        "nothing to do; OpenSSL enforces it",
    )


def _intermediate(context: Context, facts: Facts) -> Hit | None:
    certificate = facts.certificate
    is_leaf = facts.decoded.constraints is not None and not facts.decoded.constraints.ca
    if facts.decoded.is_root or is_leaf:
        return None
    return Hit(
        "it is an intermediate, not a root: OpenSSL accepts it as the end of a chain only with partial chains",
        f"its issuer is {certificate.issuer.text or 'an empty name'}",
        "import the root above it; Python 3.13 and later allow partial chains, curl and older Pythons do not",
    )


def _strict(context: Context, facts: Facts) -> Hit | None:
    faults = strict_faults(facts)
    if not faults:
        return None
    return Hit(
        "Python 3.13 and later reject it in strict mode",
        "; ".join(faults),
        "nothing to do here; a client can switch VERIFY_X509_STRICT off",
    )


EXTENSION_RULES = (
    CertificateRule(
        "not-a-ca",
        Severity.ERROR,
        "it may not issue certificates",
        "RFC 5280 sections 4.2.1.9 and 4.2.1.3",
        _not_a_ca,
    ),
    CertificateRule(
        "intermediate-as-anchor",
        Severity.WARNING,
        "an intermediate is where a root belongs",
        "X509_VERIFY_PARAM_set_flags(3), X509_V_FLAG_PARTIAL_CHAIN",
        _intermediate,
    ),
    CertificateRule(
        "unknown-critical-extension",
        Severity.WARNING,
        "it has a critical extension that OpenSSL does not know",
        "RFC 5280 section 4.2",
        _unknown_critical,
    ),
    CertificateRule(
        "no-basic-constraints",
        Severity.WARNING,
        "it is version 1 or has no basicConstraints",
        "RFC 5280 section 4.2.1.9",
        _no_basic_constraints,
    ),
    CertificateRule(
        "key-usage", Severity.INFO, "keyUsage is missing or not critical", "RFC 5280 section 4.2.1.3", _key_usage
    ),
    CertificateRule(
        "basic-constraints-not-critical",
        Severity.INFO,
        "basicConstraints is not critical",
        "RFC 5280 section 4.2.1.9",
        _constraints_not_critical,
    ),
    CertificateRule(
        "no-subject-key-identifier",
        Severity.INFO,
        "it has no subject key identifier",
        "RFC 5280 section 4.2.1.2",
        _no_subject_key,
    ),
    CertificateRule(
        "path-length",
        Severity.INFO,
        "it limits the length of the path below it",
        "CA/Browser Forum TLS BR section 7.1.2.1.4",
        _path_length,
    ),
    CertificateRule(
        "name-constraints",
        Severity.INFO,
        "it has X.509 name constraints",
        "RFC 5280 section 4.2.1.10",
        _name_constraints,
    ),
    CertificateRule(
        "python-strict",
        Severity.INFO,
        "Python's strict mode rejects it",
        "X509_VERIFY_PARAM_set_flags(3), X509_V_FLAG_X509_STRICT; Python 3.13 ssl.create_default_context",
        _strict,
    ),
)
