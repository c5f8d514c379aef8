"""Rules on time: notBefore and notAfter against the time the audit is asked for."""

from __future__ import annotations

from datetime import timedelta

from capath.audit.context import Context
from capath.audit.facts import Facts
from capath.audit.finding import Severity
from capath.audit.rule import CertificateRule, Hit

_VALIDITY = "RFC 5280 section 4.1.2.5"


def _expired(context: Context, facts: Facts) -> Hit | None:
    return None if _valid_twin(context, facts) else _expiry(context, facts, "and no valid reissue is here")


def _expired_with_twin(context: Context, facts: Facts) -> Hit | None:
    twin = _valid_twin(context, facts)
    if twin is None:
        return None
    return _expiry(context, facts, f"though {twin.row.file}, of the same name and key, is valid")


def _expiry(context: Context, facts: Facts, twin_text: str) -> Hit | None:
    end = facts.decoded.not_after
    if end is None or end >= context.now:
        return None
    return Hit(
        f"it expired on {end:%Y-%m-%d}",
        f"notAfter is {end:%Y-%m-%d %H:%M:%S}Z, {twin_text}",
        context.command("distrust", facts.row.file),
    )


def _valid_twin(context: Context, facts: Facts) -> Facts | None:
    end = facts.decoded.not_after
    if end is None or end >= context.now:
        return None
    return next((twin for twin in context.twins(facts) if twin.row.trusted and context.is_valid_now(twin)), None)


def _not_yet_valid(context: Context, facts: Facts) -> Hit | None:
    start = facts.decoded.not_before
    if start is None or start <= context.now:
        return None
    return Hit(
        f"it is not valid before {start:%Y-%m-%d}",
        f"notBefore is {start:%Y-%m-%d %H:%M:%S}Z, the time here is {context.now:%Y-%m-%d %H:%M:%S}Z",
        "check this machine's clock; if it is right, wait or distrust the certificate until then",
    )


def _unreadable_dates(context: Context, facts: Facts) -> Hit | None:
    unreadable = [
        name
        for name, value in (
            ("notBefore", facts.decoded.not_before),
            ("notAfter", facts.decoded.not_after),
        )
        if value is None
    ]
    if not unreadable:
        return None
    return Hit(
        "its dates cannot be read, so OpenSSL rejects every chain that ends in it",
        f"{' and '.join(unreadable)} is not in a form that RFC 5280 allows",
        context.command("distrust", facts.row.file),
    )


def _expires_soon(context: Context, facts: Facts) -> Hit | None:
    end = facts.decoded.not_after
    days = context.policy.expires_within_days
    if end is None or not context.now <= end <= context.now + timedelta(days=days):
        return None
    return Hit(
        f"it expires on {end:%Y-%m-%d}, in {(end - context.now).days} days",
        f"notAfter is {end:%Y-%m-%d %H:%M:%S}Z, within {days} days",
        "find out which root the CA replaces it with",
    )


def _long_validity(context: Context, facts: Facts) -> Hit | None:
    start, end = facts.decoded.not_before, facts.decoded.not_after
    if start is None or end is None:
        return None
    days, years = (end - start).days, context.policy.long_validity_years
    if days <= int(years * 365.28):
        return None
    return Hit(
        f"it is valid for {days / 365.25:.0f} years, more than {years}",
        f"from {start:%Y-%m-%d} to {end:%Y-%m-%d}",
        "nothing to do; newer roots are valid for a shorter time",
    )


VALIDITY_RULES = (
    CertificateRule("expired", Severity.ERROR, "it has expired", _VALIDITY, _expired),
    CertificateRule(
        "expired-with-valid-twin",
        Severity.WARNING,
        "it has expired; a valid certificate of the same name and key is trusted here",
        _VALIDITY,
        _expired_with_twin,
    ),
    CertificateRule("not-yet-valid", Severity.ERROR, "it is not valid yet", _VALIDITY, _not_yet_valid),
    CertificateRule("unreadable-dates", Severity.ERROR, "its dates cannot be read", _VALIDITY, _unreadable_dates),
    CertificateRule("expires-soon", Severity.INFO, "it expires soon", _VALIDITY, _expires_soon),
    CertificateRule(
        "long-validity",
        Severity.INFO,
        "it is valid for more than 25 years",
        "CA/Browser Forum TLS BR section 7.1.2.1.1",
        _long_validity,
    ),
)
