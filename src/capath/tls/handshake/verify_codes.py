"""OpenSSL's verify return codes: number, name and text (X509_STORE_CTX_get_error(3), x509_vfy.h).

pyOpenSSL has no names for the newer codes and no texts at all, so the whole table is here. Texts are those of
OpenSSL 3 and later. Below the codes are the groups that other modules ask about.
"""

from __future__ import annotations

from enum import IntEnum


class VerifyCode(IntEnum):
    """A verify return code: its value as `s_client` prints it, `text` as OpenSSL words it.

    A number that OpenSSL does not define yet is a code too, named ``X509_V_ERR_250`` or the like.
    """

    text: str

    def __new__(cls, number: int, text: str = "unknown certificate verification error") -> VerifyCode:
        code = int.__new__(cls, number)
        code._value_ = number
        code.text = text
        return code

    @classmethod
    def _missing_(cls, value: object) -> VerifyCode | None:
        if not isinstance(value, int):
            return None
        code = int.__new__(cls, value)
        code._value_ = value
        code._name_ = str(value)
        code.text = "unknown certificate verification error"
        return code

    def __str__(self) -> str:
        return int.__repr__(self)

    @property
    def openssl_name(self) -> str:
        """Its name in C programs."""
        return "X509_V_OK" if self == 0 else f"X509_V_ERR_{self.name}"

    OK = 0, "ok"
    UNSPECIFIED = 1, "unspecified certificate verification error"
    UNABLE_TO_GET_ISSUER_CERT = 2, "unable to get issuer certificate"
    UNABLE_TO_GET_CRL = 3, "unable to get certificate CRL"
    UNABLE_TO_DECRYPT_CERT_SIGNATURE = 4, "unable to decrypt certificate's signature"
    UNABLE_TO_DECRYPT_CRL_SIGNATURE = 5, "unable to decrypt CRL's signature"
    UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY = 6, "unable to decode issuer public key"
    CERT_SIGNATURE_FAILURE = 7, "certificate signature failure"
    CRL_SIGNATURE_FAILURE = 8, "CRL signature failure"
    CERT_NOT_YET_VALID = 9, "certificate is not yet valid or the system clock is incorrect"
    CERT_HAS_EXPIRED = 10, "certificate has expired"
    CRL_NOT_YET_VALID = 11, "CRL is not yet valid"
    CRL_HAS_EXPIRED = 12, "CRL has expired"
    ERROR_IN_CERT_NOT_BEFORE_FIELD = 13, "format error in certificate's notBefore field"
    ERROR_IN_CERT_NOT_AFTER_FIELD = 14, "format error in certificate's notAfter field"
    ERROR_IN_CRL_LAST_UPDATE_FIELD = 15, "format error in CRL's lastUpdate field"
    ERROR_IN_CRL_NEXT_UPDATE_FIELD = 16, "format error in CRL's nextUpdate field"
    OUT_OF_MEM = 17, "out of memory"
    DEPTH_ZERO_SELF_SIGNED_CERT = 18, "self-signed certificate"
    SELF_SIGNED_CERT_IN_CHAIN = 19, "self-signed certificate in certificate chain"
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20, "unable to get local issuer certificate"
    UNABLE_TO_VERIFY_LEAF_SIGNATURE = 21, "unable to verify the first certificate"
    CERT_CHAIN_TOO_LONG = 22, "certificate chain too long"
    CERT_REVOKED = 23, "certificate revoked"
    NO_ISSUER_PUBLIC_KEY = 24, "issuer certificate doesn't have a public key"
    PATH_LENGTH_EXCEEDED = 25, "path length constraint exceeded"
    INVALID_PURPOSE = 26, "unsuitable certificate purpose"
    CERT_UNTRUSTED = 27, "certificate not trusted"
    CERT_REJECTED = 28, "certificate rejected"
    SUBJECT_ISSUER_MISMATCH = 29, "subject issuer mismatch"
    AKID_SKID_MISMATCH = 30, "authority and subject key identifier mismatch"
    AKID_ISSUER_SERIAL_MISMATCH = 31, "authority and issuer serial number mismatch"
    KEYUSAGE_NO_CERTSIGN = 32, "key usage does not include certificate signing"
    UNABLE_TO_GET_CRL_ISSUER = 33, "unable to get CRL issuer certificate"
    UNHANDLED_CRITICAL_EXTENSION = 34, "unhandled critical extension"
    KEYUSAGE_NO_CRL_SIGN = 35, "key usage does not include CRL signing"
    UNHANDLED_CRITICAL_CRL_EXTENSION = 36, "unhandled critical CRL extension"
    INVALID_NON_CA = 37, "invalid non-CA certificate (has CA markings)"
    PROXY_PATH_LENGTH_EXCEEDED = 38, "proxy path length constraint exceeded"
    KEYUSAGE_NO_DIGITAL_SIGNATURE = 39, "key usage does not include digital signature"
    PROXY_CERTIFICATES_NOT_ALLOWED = 40, "proxy certificates not allowed, please set the appropriate flag"
    INVALID_EXTENSION = 41, "invalid or inconsistent certificate extension"
    INVALID_POLICY_EXTENSION = 42, "invalid or inconsistent certificate policy extension"
    NO_EXPLICIT_POLICY = 43, "no explicit policy"
    DIFFERENT_CRL_SCOPE = 44, "different CRL scope"
    UNSUPPORTED_EXTENSION_FEATURE = 45, "unsupported extension feature"
    UNNESTED_RESOURCE = 46, "RFC 3779 resource not subset of parent's resources"
    PERMITTED_VIOLATION = 47, "permitted subtree violation"
    EXCLUDED_VIOLATION = 48, "excluded subtree violation"
    SUBTREE_MINMAX = 49, "name constraints minimum and maximum not supported"
    APPLICATION_VERIFICATION = 50, "application verification failure"
    UNSUPPORTED_CONSTRAINT_TYPE = 51, "unsupported name constraint type"
    UNSUPPORTED_CONSTRAINT_SYNTAX = 52, "unsupported or invalid name constraint syntax"
    UNSUPPORTED_NAME_SYNTAX = 53, "unsupported or invalid name syntax"
    CRL_PATH_VALIDATION_ERROR = 54, "CRL path validation error"
    PATH_LOOP = 55, "path loop"
    SUITE_B_INVALID_VERSION = 56, "Suite B: certificate version invalid"
    SUITE_B_INVALID_ALGORITHM = 57, "Suite B: invalid public key algorithm"
    SUITE_B_INVALID_CURVE = 58, "Suite B: invalid ECC curve"
    SUITE_B_INVALID_SIGNATURE_ALGORITHM = 59, "Suite B: invalid signature algorithm"
    SUITE_B_LOS_NOT_ALLOWED = 60, "Suite B: curve not allowed for this LOS"
    SUITE_B_CANNOT_SIGN_P_384_WITH_P_256 = 61, "Suite B: cannot sign P-384 with P-256"
    HOSTNAME_MISMATCH = 62, "hostname mismatch"
    EMAIL_MISMATCH = 63, "email address mismatch"
    IP_ADDRESS_MISMATCH = 64, "IP address mismatch"
    DANE_NO_MATCH = 65, "no matching DANE TLSA records"
    EE_KEY_TOO_SMALL = 66, "EE certificate key too weak"
    CA_KEY_TOO_SMALL = 67, "CA certificate key too weak"
    CA_MD_TOO_WEAK = 68, "CA signature digest algorithm too weak"
    INVALID_CALL = 69, "invalid certificate verification context"
    STORE_LOOKUP = 70, "issuer certificate lookup error"
    NO_VALID_SCTS = 71, "Certificate Transparency required, but no valid SCTs found"
    PROXY_SUBJECT_NAME_VIOLATION = 72, "proxy subject name violation"
    OCSP_VERIFY_NEEDED = 73, "OCSP verification needed"
    OCSP_VERIFY_FAILED = 74, "OCSP verification failed"
    OCSP_CERT_UNKNOWN = 75, "OCSP unknown cert"
    UNSUPPORTED_SIGNATURE_ALGORITHM = 76, "Cannot find certificate signature algorithm"
    SIGNATURE_ALGORITHM_MISMATCH = 77, "subject signature algorithm and issuer public key algorithm mismatch"
    SIGNATURE_ALGORITHM_INCONSISTENCY = 78, "cert info signature and signature algorithm mismatch"
    INVALID_CA = 79, "invalid CA certificate"
    PATHLEN_INVALID_FOR_NON_CA = 80, "Path length invalid for non-CA cert"
    PATHLEN_WITHOUT_KU_KEY_CERT_SIGN = 81, "Path length given without key usage keyCertSign"
    KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA = 82, "Key usage keyCertSign invalid for non-CA cert"
    ISSUER_NAME_EMPTY = 83, "Issuer name empty"
    SUBJECT_NAME_EMPTY = 84, "Subject name empty"
    MISSING_AUTHORITY_KEY_IDENTIFIER = 85, "Missing Authority Key Identifier"
    MISSING_SUBJECT_KEY_IDENTIFIER = 86, "Missing Subject Key Identifier"
    EMPTY_SUBJECT_ALT_NAME = 87, "Empty Subject Alternative Name extension"
    EMPTY_SUBJECT_SAN_NOT_CRITICAL = 88, "Subject empty and Subject Alt Name extension not critical"
    CA_BCONS_NOT_CRITICAL = 89, "Basic Constraints of CA cert not marked critical"
    AUTHORITY_KEY_IDENTIFIER_CRITICAL = 90, "Authority Key Identifier marked critical"
    SUBJECT_KEY_IDENTIFIER_CRITICAL = 91, "Subject Key Identifier marked critical"
    CA_CERT_MISSING_KEY_USAGE = 92, "CA cert does not include key usage extension"
    EXTENSIONS_REQUIRE_VERSION_3 = 93, "Using cert extension requires at least X509v3"
    EC_KEY_EXPLICIT_PARAMS = 94, "Certificate public key has explicit ECC parameters"
    RPK_UNTRUSTED = 95, "Raw public key untrusted, no trusted keys configured"
    OCSP_RESP_INVALID = 96, "OCSP response(s) invalid"
    OCSP_SIGNATURE_FAILURE = 97, "OCSP response signature verification failure"
    OCSP_NOT_YET_VALID = 98, "OCSP response not yet valid (contains a date in the future)"
    OCSP_HAS_EXPIRED = 99, "OCSP response has expired"
    OCSP_NO_RESPONSE = 100, "no OCSP response available for certificate"
    CRL_VERIFY_FAILED = 101, "unknown certificate verification error"
    EMPTY_AUTHORITY_KEY_IDENTIFIER = 102, "Empty Authority Key Identifier"
    AKID_ISSUER_SERIAL_NOT_PAIRED = 103, "Authority Key Identifier issuer and serial number must be paired"


_C = VerifyCode

ISSUER_NOT_FOUND = frozenset(
    {_C.UNABLE_TO_GET_ISSUER_CERT, _C.UNABLE_TO_GET_ISSUER_CERT_LOCALLY, _C.UNABLE_TO_VERIFY_LEAF_SIGNATURE}
)
UNKNOWN_SELF_SIGNED = frozenset({_C.DEPTH_ZERO_SELF_SIGNED_CERT, _C.SELF_SIGNED_CERT_IN_CHAIN})
NO_ISSUER = ISSUER_NOT_FOUND | UNKNOWN_SELF_SIGNED
"""The chain ends below a trusted certificate."""
TRUST_ATTRIBUTES = frozenset({_C.CERT_UNTRUSTED, _C.CERT_REJECTED})
"""A TRUSTED CERTIFICATE is not for this use (openssl-x509(1), TRUST OUTPUT OPTIONS)."""
NO_ANCHOR = NO_ISSUER | TRUST_ATTRIBUTES | {_C.CERT_CHAIN_TOO_LONG}
"""With one of these the chain does not end in an anchor."""

DATES = frozenset({_C.CERT_NOT_YET_VALID, _C.CERT_HAS_EXPIRED})
DATE_FORMAT = frozenset({_C.ERROR_IN_CERT_NOT_BEFORE_FIELD, _C.ERROR_IN_CERT_NOT_AFTER_FIELD})
HOST = frozenset({_C.HOSTNAME_MISMATCH, _C.IP_ADDRESS_MISMATCH})
NAME_CONSTRAINTS = frozenset(
    {
        _C.PERMITTED_VIOLATION,
        _C.EXCLUDED_VIOLATION,
        _C.SUBTREE_MINMAX,
        _C.UNSUPPORTED_CONSTRAINT_TYPE,
        _C.UNSUPPORTED_CONSTRAINT_SYNTAX,
        _C.UNSUPPORTED_NAME_SYNTAX,
    }
)
PURPOSE = frozenset(
    {
        _C.INVALID_PURPOSE,
        _C.INVALID_CA,
        _C.NO_ISSUER_PUBLIC_KEY,
        _C.KEYUSAGE_NO_CERTSIGN,
        _C.INVALID_NON_CA,
        _C.KEYUSAGE_NO_DIGITAL_SIGNATURE,
    }
)
"""A certificate is used for what it was not issued for."""
SECURITY_LEVEL = frozenset({_C.EE_KEY_TOO_SMALL, _C.CA_KEY_TOO_SMALL, _C.CA_MD_TOO_WEAK})
"""SSL_CTX_set_security_level(3)."""
WEAK = SECURITY_LEVEL | {_C.UNSUPPORTED_SIGNATURE_ALGORITHM}
MALFORMED = DATE_FORMAT | {
    _C.UNHANDLED_CRITICAL_EXTENSION,
    _C.INVALID_EXTENSION,
    _C.INVALID_POLICY_EXTENSION,
    _C.SIGNATURE_ALGORITHM_MISMATCH,
    _C.SIGNATURE_ALGORITHM_INCONSISTENCY,
    _C.UNABLE_TO_DECRYPT_CERT_SIGNATURE,
    _C.UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
    _C.EC_KEY_EXPLICIT_PARAMS,
}

CRL_MISSING = frozenset({_C.UNABLE_TO_GET_CRL, _C.UNABLE_TO_GET_CRL_ISSUER})
CRL_DATES = frozenset({_C.CRL_NOT_YET_VALID, _C.CRL_HAS_EXPIRED})
CRL_UNUSABLE = frozenset(
    {
        _C.UNABLE_TO_DECRYPT_CRL_SIGNATURE,
        _C.CRL_SIGNATURE_FAILURE,
        _C.ERROR_IN_CRL_LAST_UPDATE_FIELD,
        _C.ERROR_IN_CRL_NEXT_UPDATE_FIELD,
        _C.KEYUSAGE_NO_CRL_SIGN,
        _C.UNHANDLED_CRITICAL_CRL_EXTENSION,
        _C.DIFFERENT_CRL_SCOPE,
        _C.CRL_PATH_VALIDATION_ERROR,
    }
)
"""A CRL is there, and OpenSSL does not use it."""
CRL = CRL_MISSING | CRL_DATES | CRL_UNUSABLE | {_C.CERT_REVOKED}
"""Only where CRL checks were asked for."""

STRICT = frozenset(VerifyCode(number) for number in (*range(80, 94), 102, 103))
"""What only X509_V_FLAG_X509_STRICT asks for (check_extensions in crypto/x509/x509_vfy.c). Not 94 of these."""
