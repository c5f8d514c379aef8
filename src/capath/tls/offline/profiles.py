"""What clients of other kinds say of a chain: the same certificates and directory by other rules.

The OpenSSL inside pyOpenSSL verifies for all of them, so that the answer does not depend on what is installed. It
has no security level offline, so errors of that kind are taken from the live handshake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from capath.errors import BadInputError, assert_never
from capath.pki.certificate import Certificate
from capath.tls.handshake.host_name import check_host, in_order
from capath.tls.handshake.verification import FromCapath, Verification, VerifyError
from capath.tls.handshake.verify_codes import HOST, SECURITY_LEVEL, VerifyCode
from capath.tls.offline.in_process import Question, first_error, make_store
from capath.tls.result import Profile, ProfileVerdict
from capath.tls.test_options import VerifyFlags

if TYPE_CHECKING:
    from OpenSSL import crypto

Stores = dict[VerifyFlags, "crypto.X509Store"]
"""By flags, for one directory at present: lookups are remembered, as a shared context does."""
_DEFAULT = VerifyFlags()
_PARTIAL = VerifyFlags(partial_chain=True)
_PYTHON = VerifyFlags(strict=True, partial_chain=True)
# RSA with MD5 and SHA-1, ECDSA with SHA-1 (crypto/x509, InsecureAlgorithmError).
_INSECURE_IN_GO = frozenset({"1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.3.14.3.2.29", "1.2.840.10045.4.1"})


def judge_by_profiles(
    question: Question,
    verification: Verification,
    *,
    is_live: bool = False,
    staple_revokes: bool = False,
    stores: Stores | None = None,
) -> tuple[ProfileVerdict, ...]:
    """The verdict of every profile on the chain of `question`, whose answer was `verification`.

    `question.host` is what the leaf has to be for, empty where that was not asked. `is_live`: the answer is that
    of a handshake. `staple_revokes`: a stapled OCSP response says that the leaf is revoked, which `verification`
    has among its errors. `stores` are those of earlier calls with the same directory, to which new ones are added.
    """
    judge = _Judge(question, verification, is_live, staple_revokes, stores)
    try:
        return tuple(ProfileVerdict(profile, judge.error(profile)) for profile in Profile)
    except BadInputError:  # a certificate or a name that this OpenSSL does not take
        return ()


@dataclass(frozen=True, slots=True)
class _Judge:
    question: Question
    known: Verification
    is_live: bool
    staple_revokes: bool
    stores: Stores | None

    def error(self, profile: Profile) -> VerifyError | None:
        match profile:
            case Profile.OPENSSL:
                return _first(self._as_openssl())
            case Profile.PYTHON:
                return _first((*self._too_weak(), *self._with_host(self._verify(_PYTHON))))
            case Profile.BROWSERS:
                revoked = [VerifyError(VerifyCode.CERT_REVOKED, 0)] if self.staple_revokes else []
                return _first((*self._too_weak(), *self._with_host(self._default()), *revoked))
            case Profile.GO:
                return _first((*self._with_host(self._partial()), *self._insecure_in_go()))
            case _:
                assert_never(profile)

    def _as_openssl(self) -> Sequence[VerifyError]:
        """With OpenSSL's own check of the host, which differs from ours in the common name."""
        if self._host_error() is None:
            return (*self._too_weak(), *self._default())
        return (*self._too_weak(), *_some(first_error(replace(self.question, flags=_DEFAULT))))

    def _default(self) -> Sequence[VerifyError]:
        """The errors without any flag; the known ones where they are of just that."""
        if not self.is_live or self.question.flags != _DEFAULT:
            return self._verify(_DEFAULT)
        others = HOST | ({VerifyCode.CERT_REVOKED} if self.staple_revokes else set())
        return [error for error in self.known.errors if error.code not in others]

    def _partial(self) -> Sequence[VerifyError]:
        """A chain that verifies without the flag verifies with it."""
        return [] if not self._default() else self._verify(_PARTIAL)

    def _verify(self, flags: VerifyFlags) -> Sequence[VerifyError]:
        question = replace(self.question, host="", flags=flags)
        if self.stores is None or question.at is not None:
            return _some(first_error(question))
        store = self.stores.get(flags)
        if store is None:
            store = self.stores[flags] = make_store(question)
        return _some(first_error(question, store))

    def _host_error(self) -> VerifyError | None:
        return check_host(self.question.leaf.der, self.question.host) if self.question.host else None

    def _with_host(self, errors: Sequence[VerifyError]) -> Sequence[VerifyError]:
        return in_order(errors, self._host_error())

    def _too_weak(self) -> Sequence[VerifyError]:
        return [error for error in self.known.errors if error.code in SECURITY_LEVEL]

    def _insecure_in_go(self) -> Sequence[VerifyError]:
        chain = self.known.chain
        below = chain[:-1] if chain and isinstance(chain[-1].origin, FromCapath) else chain
        return [
            VerifyError(VerifyCode.CA_MD_TOO_WEAK, depth)
            for depth, element in enumerate(below)
            if _is_insecure(element.certificate)
        ]


def _is_insecure(certificate: Certificate) -> bool:
    return certificate.signature_oid in _INSECURE_IN_GO


def _some(error: VerifyError | None) -> Sequence[VerifyError]:
    return [] if error is None else [error]


def _first(errors: Sequence[VerifyError]) -> VerifyError | None:
    return errors[0] if errors else None
