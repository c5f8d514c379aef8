"""The flags of OpenSSL's verification: how capath, OpenSSL's programs, Python and pyOpenSSL name each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capath.tls.test_options import CrlCheck, VerifyFlags


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of the command line. Without a `metavar` and `choices` it is a switch."""

    name: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()

    @property
    def dest(self) -> str:
        return self.name.removeprefix("--").replace("-", "_")


@dataclass(frozen=True, slots=True)
class VerifyFlagRow:
    """A flag of X509_VERIFY_PARAM_set_flags(3), as each names it; `field` is that of VerifyFlags."""

    flag: Flag
    field: str
    value: object
    openssl: str
    python: str
    bits: tuple[str, ...]
    told: str


VERIFY_FLAGS = (
    VerifyFlagRow(
        Flag("--strict", "as Python 3.13 does: X509_V_FLAG_X509_STRICT"),
        "strict",
        True,
        "-x509_strict",
        "VERIFY_X509_STRICT",
        ("X509_STRICT",),
        "strict (X509_V_FLAG_X509_STRICT)",
    ),
    VerifyFlagRow(
        Flag("--partial-chain", "accept any certificate of DIR as trust anchor"),
        "partial_chain",
        True,
        "-partial_chain",
        "VERIFY_X509_PARTIAL_CHAIN",
        ("PARTIAL_CHAIN",),
        "any certificate here is an anchor (X509_V_FLAG_PARTIAL_CHAIN)",
    ),
    VerifyFlagRow(
        Flag("--crl-check", "check the leaf against the CRLs of DIR"),
        "crl_check",
        CrlCheck.LEAF,
        "-crl_check",
        "VERIFY_CRL_CHECK_LEAF",
        ("CRL_CHECK",),
        "the leaf looked up in CRLs (X509_V_FLAG_CRL_CHECK)",
    ),
    VerifyFlagRow(
        Flag("--crl-check-all", "check every certificate of the chain"),
        "crl_check",
        CrlCheck.ALL,
        "-crl_check_all",
        "VERIFY_CRL_CHECK_CHAIN",
        ("CRL_CHECK", "CRL_CHECK_ALL"),
        "every certificate looked up in CRLs (X509_V_FLAG_CRL_CHECK_ALL)",
    ),
)


def rows_set(flags: VerifyFlags) -> list[VerifyFlagRow]:
    return [row for row in VERIFY_FLAGS if getattr(flags, row.field) == row.value]


def read_verify_flags(values: Mapping[str, object]) -> VerifyFlags:
    """The flags of a command line, by destination; of two for CRLs the wider one."""
    return VerifyFlags(**{row.field: row.value for row in VERIFY_FLAGS if values[row.flag.dest]})  # type: ignore[arg-type]


def openssl_arguments(flags: VerifyFlags) -> list[str]:
    """As `openssl s_client` and `openssl verify` take them (openssl-verification-options(1))."""
    return [row.openssl for row in rows_set(flags)]


def told_flags(flags: VerifyFlags) -> tuple[str, ...]:
    """Each flag that is not the default, in words and by its name in OpenSSL."""
    return tuple(row.told for row in rows_set(flags))


def store_flags(flags: VerifyFlags) -> int:
    """Return `flags` as X509_V_FLAG_* (X509_VERIFY_PARAM_set_flags(3))."""
    from OpenSSL.crypto import X509StoreFlags

    bits = 0
    for row in rows_set(flags):
        for name in row.bits:
            bits |= int(getattr(X509StoreFlags, name))
    return bits
