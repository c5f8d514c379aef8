"""OpenSSL's verify return codes: number, X509_V_* name, text (X509_STORE_CTX_get_error(3), x509_vfy.h).

pyOpenSSL has no names for the newer codes and no texts at all, so the whole table stands here. Texts are those of
OpenSSL 3 and later.
"""

from __future__ import annotations

from dataclasses import dataclass

STRICT_CODES = frozenset(range(80, 94)) | {102, 103}
"""What only X509_V_FLAG_X509_STRICT asks for (check_extensions in crypto/x509/x509_vfy.c). Not 94 of these."""


@dataclass(frozen=True, slots=True)
class VerifyCode:
    """`number` as `s_client` prints it, `name` as C programs write it, `text` as OpenSSL says it."""

    number: int
    name: str
    text: str


def verify_code(number: int) -> VerifyCode:
    """Return the code called `number`. A number that OpenSSL does not define yet has an honest name."""
    name, text = _TABLE.get(number, (f"X509_V_ERR_{number}", "unknown certificate verification error"))
    return VerifyCode(number, name, text)


def all_verify_codes() -> tuple[VerifyCode, ...]:
    """Every code that is defined, ascending."""
    return tuple(verify_code(number) for number in sorted(_TABLE))


def _error(name: str, text: str) -> tuple[str, str]:
    return f"X509_V_ERR_{name}", text


_TABLE = {
    0: ("X509_V_OK", "ok"),
    1: _error("UNSPECIFIED", "unspecified certificate verification error"),
    2: _error("UNABLE_TO_GET_ISSUER_CERT", "unable to get issuer certificate"),
    3: _error("UNABLE_TO_GET_CRL", "unable to get certificate CRL"),
    4: _error("UNABLE_TO_DECRYPT_CERT_SIGNATURE", "unable to decrypt certificate's signature"),
    5: _error("UNABLE_TO_DECRYPT_CRL_SIGNATURE", "unable to decrypt CRL's signature"),
    6: _error("UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", "unable to decode issuer public key"),
    7: _error("CERT_SIGNATURE_FAILURE", "certificate signature failure"),
    8: _error("CRL_SIGNATURE_FAILURE", "CRL signature failure"),
    9: _error("CERT_NOT_YET_VALID", "certificate is not yet valid or the system clock is incorrect"),
    10: _error("CERT_HAS_EXPIRED", "certificate has expired"),
    11: _error("CRL_NOT_YET_VALID", "CRL is not yet valid"),
    12: _error("CRL_HAS_EXPIRED", "CRL has expired"),
    13: _error("ERROR_IN_CERT_NOT_BEFORE_FIELD", "format error in certificate's notBefore field"),
    14: _error("ERROR_IN_CERT_NOT_AFTER_FIELD", "format error in certificate's notAfter field"),
    15: _error("ERROR_IN_CRL_LAST_UPDATE_FIELD", "format error in CRL's lastUpdate field"),
    16: _error("ERROR_IN_CRL_NEXT_UPDATE_FIELD", "format error in CRL's nextUpdate field"),
    17: _error("OUT_OF_MEM", "out of memory"),
    18: _error("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"),
    19: _error("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain"),
    20: _error("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate"),
    21: _error("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"),
    22: _error("CERT_CHAIN_TOO_LONG", "certificate chain too long"),
    23: _error("CERT_REVOKED", "certificate revoked"),
    24: _error("NO_ISSUER_PUBLIC_KEY", "issuer certificate doesn't have a public key"),
    25: _error("PATH_LENGTH_EXCEEDED", "path length constraint exceeded"),
    26: _error("INVALID_PURPOSE", "unsuitable certificate purpose"),
    27: _error("CERT_UNTRUSTED", "certificate not trusted"),
    28: _error("CERT_REJECTED", "certificate rejected"),
    29: _error("SUBJECT_ISSUER_MISMATCH", "subject issuer mismatch"),
    30: _error("AKID_SKID_MISMATCH", "authority and subject key identifier mismatch"),
    31: _error("AKID_ISSUER_SERIAL_MISMATCH", "authority and issuer serial number mismatch"),
    32: _error("KEYUSAGE_NO_CERTSIGN", "key usage does not include certificate signing"),
    33: _error("UNABLE_TO_GET_CRL_ISSUER", "unable to get CRL issuer certificate"),
    34: _error("UNHANDLED_CRITICAL_EXTENSION", "unhandled critical extension"),
    35: _error("KEYUSAGE_NO_CRL_SIGN", "key usage does not include CRL signing"),
    36: _error("UNHANDLED_CRITICAL_CRL_EXTENSION", "unhandled critical CRL extension"),
    37: _error("INVALID_NON_CA", "invalid non-CA certificate (has CA markings)"),
    38: _error("PROXY_PATH_LENGTH_EXCEEDED", "proxy path length constraint exceeded"),
    39: _error("KEYUSAGE_NO_DIGITAL_SIGNATURE", "key usage does not include digital signature"),
    40: _error(
        "PROXY_CERTIFICATES_NOT_ALLOWED",
        "proxy certificates not allowed, please set the appropriate flag",
    ),
    41: _error("INVALID_EXTENSION", "invalid or inconsistent certificate extension"),
    42: _error("INVALID_POLICY_EXTENSION", "invalid or inconsistent certificate policy extension"),
    43: _error("NO_EXPLICIT_POLICY", "no explicit policy"),
    44: _error("DIFFERENT_CRL_SCOPE", "different CRL scope"),
    45: _error("UNSUPPORTED_EXTENSION_FEATURE", "unsupported extension feature"),
    46: _error("UNNESTED_RESOURCE", "RFC 3779 resource not subset of parent's resources"),
    47: _error("PERMITTED_VIOLATION", "permitted subtree violation"),
    48: _error("EXCLUDED_VIOLATION", "excluded subtree violation"),
    49: _error("SUBTREE_MINMAX", "name constraints minimum and maximum not supported"),
    50: _error("APPLICATION_VERIFICATION", "application verification failure"),
    51: _error("UNSUPPORTED_CONSTRAINT_TYPE", "unsupported name constraint type"),
    52: _error("UNSUPPORTED_CONSTRAINT_SYNTAX", "unsupported or invalid name constraint syntax"),
    53: _error("UNSUPPORTED_NAME_SYNTAX", "unsupported or invalid name syntax"),
    54: _error("CRL_PATH_VALIDATION_ERROR", "CRL path validation error"),
    55: _error("PATH_LOOP", "path loop"),
    56: _error("SUITE_B_INVALID_VERSION", "Suite B: certificate version invalid"),
    57: _error("SUITE_B_INVALID_ALGORITHM", "Suite B: invalid public key algorithm"),
    58: _error("SUITE_B_INVALID_CURVE", "Suite B: invalid ECC curve"),
    59: _error("SUITE_B_INVALID_SIGNATURE_ALGORITHM", "Suite B: invalid signature algorithm"),
    60: _error("SUITE_B_LOS_NOT_ALLOWED", "Suite B: curve not allowed for this LOS"),
    61: _error("SUITE_B_CANNOT_SIGN_P_384_WITH_P_256", "Suite B: cannot sign P-384 with P-256"),
    62: _error("HOSTNAME_MISMATCH", "hostname mismatch"),
    63: _error("EMAIL_MISMATCH", "email address mismatch"),
    64: _error("IP_ADDRESS_MISMATCH", "IP address mismatch"),
    65: _error("DANE_NO_MATCH", "no matching DANE TLSA records"),
    66: _error("EE_KEY_TOO_SMALL", "EE certificate key too weak"),
    67: _error("CA_KEY_TOO_SMALL", "CA certificate key too weak"),
    68: _error("CA_MD_TOO_WEAK", "CA signature digest algorithm too weak"),
    69: _error("INVALID_CALL", "invalid certificate verification context"),
    70: _error("STORE_LOOKUP", "issuer certificate lookup error"),
    71: _error("NO_VALID_SCTS", "Certificate Transparency required, but no valid SCTs found"),
    72: _error("PROXY_SUBJECT_NAME_VIOLATION", "proxy subject name violation"),
    73: _error("OCSP_VERIFY_NEEDED", "OCSP verification needed"),
    74: _error("OCSP_VERIFY_FAILED", "OCSP verification failed"),
    75: _error("OCSP_CERT_UNKNOWN", "OCSP unknown cert"),
    76: _error("UNSUPPORTED_SIGNATURE_ALGORITHM", "Cannot find certificate signature algorithm"),
    77: _error(
        "SIGNATURE_ALGORITHM_MISMATCH",
        "subject signature algorithm and issuer public key algorithm mismatch",
    ),
    78: _error("SIGNATURE_ALGORITHM_INCONSISTENCY", "cert info signature and signature algorithm mismatch"),
    79: _error("INVALID_CA", "invalid CA certificate"),
    80: _error("PATHLEN_INVALID_FOR_NON_CA", "Path length invalid for non-CA cert"),
    81: _error("PATHLEN_WITHOUT_KU_KEY_CERT_SIGN", "Path length given without key usage keyCertSign"),
    82: _error("KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA", "Key usage keyCertSign invalid for non-CA cert"),
    83: _error("ISSUER_NAME_EMPTY", "Issuer name empty"),
    84: _error("SUBJECT_NAME_EMPTY", "Subject name empty"),
    85: _error("MISSING_AUTHORITY_KEY_IDENTIFIER", "Missing Authority Key Identifier"),
    86: _error("MISSING_SUBJECT_KEY_IDENTIFIER", "Missing Subject Key Identifier"),
    87: _error("EMPTY_SUBJECT_ALT_NAME", "Empty Subject Alternative Name extension"),
    88: _error("EMPTY_SUBJECT_SAN_NOT_CRITICAL", "Subject empty and Subject Alt Name extension not critical"),
    89: _error("CA_BCONS_NOT_CRITICAL", "Basic Constraints of CA cert not marked critical"),
    90: _error("AUTHORITY_KEY_IDENTIFIER_CRITICAL", "Authority Key Identifier marked critical"),
    91: _error("SUBJECT_KEY_IDENTIFIER_CRITICAL", "Subject Key Identifier marked critical"),
    92: _error("CA_CERT_MISSING_KEY_USAGE", "CA cert does not include key usage extension"),
    93: _error("EXTENSIONS_REQUIRE_VERSION_3", "Using cert extension requires at least X509v3"),
    94: _error("EC_KEY_EXPLICIT_PARAMS", "Certificate public key has explicit ECC parameters"),
    95: _error("RPK_UNTRUSTED", "Raw public key untrusted, no trusted keys configured"),
    96: _error("OCSP_RESP_INVALID", "OCSP response(s) invalid"),
    97: _error("OCSP_SIGNATURE_FAILURE", "OCSP response signature verification failure"),
    98: _error("OCSP_NOT_YET_VALID", "OCSP response not yet valid (contains a date in the future)"),
    99: _error("OCSP_HAS_EXPIRED", "OCSP response has expired"),
    100: _error("OCSP_NO_RESPONSE", "no OCSP response available for certificate"),
    101: _error("CRL_VERIFY_FAILED", "unknown certificate verification error"),
    102: _error("EMPTY_AUTHORITY_KEY_IDENTIFIER", "Empty Authority Key Identifier"),
    103: _error(
        "AKID_ISSUER_SERIAL_NOT_PAIRED",
        "Authority Key Identifier issuer and serial number must be paired",
    ),
}
