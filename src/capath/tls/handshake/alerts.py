"""TLS alert descriptions by number (RFC 8446 §6, RFC 5246 §7.2, and the IANA TLS Alerts registry)."""

from __future__ import annotations

_NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
    121: "ech_required",
}

FATAL = 2  # the level; a warning (close_notify, or an SNI that does not matter) ends nothing
CLOSE_NOTIFY = 0
HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70
INSUFFICIENT_SECURITY = 71
UNRECOGNIZED_NAME = 112
CERTIFICATE_REQUIRED = 116
NO_APPLICATION_PROTOCOL = 120
# What servers send to who names none of their hosts (SNI).
MISSING_NAME_ALERTS = frozenset({40, 49, 80, 112})
# What servers send about the client's certificate, or about its absence.
CLIENT_CERTIFICATE_ALERTS = frozenset({40, 41, 42, 43, 44, 45, 46, 48, 49, 116})


def alert_name(number: int) -> str:
    """Return the registered name of alert `number`, in the registry's spelling."""
    return _NAMES.get(number, f"alert {number}")
