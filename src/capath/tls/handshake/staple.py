"""An OCSP response that a server stapled to its handshake (RFC 6066 §8): what it says, and whether that counts."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from capath.errors import StrEnum
from capath.pki.certificate import Certificate
from capath.pki.signature import signs

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509 import ocsp

# How far the responder's clock and ours may differ, as `openssl ocsp` has it (OCSP_check_validity(3)).
_SKEW = timedelta(minutes=5)


class StapleStatus(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """The responder does not know the certificate."""


class StapleFault(StrEnum):
    """Why a response does not count (RFC 6960 §3.2)."""

    OTHER_CERTIFICATE = "other-certificate"
    ISSUER_UNKNOWN = "issuer-unknown"
    """The issuer's certificate is not at hand, so nothing of the response is verified."""
    FOREIGN_RESPONDER = "foreign-responder"
    """Signed by neither the issuer nor a responder that the issuer authorised (RFC 6960 §4.2.2.2)."""
    BAD_SIGNATURE = "bad-signature"
    NOT_YET_VALID = "not-yet-valid"
    STALE = "stale"


_FAULT_TEXTS = {
    StapleFault.OTHER_CERTIFICATE: "it is about another certificate",
    StapleFault.ISSUER_UNKNOWN: "it cannot be verified without the issuer's certificate",
    StapleFault.FOREIGN_RESPONDER: "it is not signed by the issuer or by a responder that the issuer authorised",
    StapleFault.BAD_SIGNATURE: "its signature does not verify",
    StapleFault.NOT_YET_VALID: "it is not yet valid",
    StapleFault.STALE: "it is stale",
}


@dataclass(frozen=True, slots=True)
class Staple:
    """What the responder says of the leaf. It counts where there are no `faults`.

    `revoked_at` and `reason` are there for a revoked certificate. All times are in UTC.
    """

    status: StapleStatus
    faults: tuple[StapleFault, ...]
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str

    @property
    def about_leaf(self) -> bool:
        return StapleFault.OTHER_CERTIFICATE not in self.faults

    @property
    def proves_revoked(self) -> bool:
        """Whether the issuer says that the leaf is revoked. A stale response says so too: it is not taken back."""
        return self.status is StapleStatus.REVOKED and not set(self.faults) - {StapleFault.STALE}

    @property
    def text(self) -> str:
        """One sentence without its full stop."""
        said = [self.status.value]
        if self.revoked_at is not None:
            why = f" ({self.reason})" if self.reason else ""
            said.append(f"since {_day(self.revoked_at)}{why}")
        said.append(f"as of {_day(self.this_update)}")
        if self.next_update is not None:
            said.append(f"until {_day(self.next_update)}")
        faults = "; ".join(_FAULT_TEXTS[fault] for fault in self.faults)
        return f"{' '.join(said)}, but {faults}" if faults else f"{' '.join(said)}, signature verified"


@dataclass(frozen=True, slots=True)
class NoStatus:
    """A staple without a status: an error of the responder, or one that does not decode. `reason` says which."""

    reason: str


def read_staple(data: bytes, leaf: Certificate, others: Sequence[Certificate], at: datetime) -> Staple | NoStatus:
    """Decode and verify the stapled response `data` to `leaf` as of `at` (aware).

    The issuer's certificate is sought among `others` by name and signature.
    """
    from cryptography.x509 import ocsp

    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            words = response.response_status.name.lower().replace("_", " ")
            return NoStatus(f"the responder reports: {words}")
        answers = list(response.responses)
        about_leaf = [answer for answer in answers if answer.serial_number == leaf.serial]
        answer = (about_leaf or answers)[0]
        reason = answer.revocation_reason
        return Staple(
            StapleStatus(answer.certificate_status.name.lower()),
            tuple(dict.fromkeys((*_proof_faults(response, answer, leaf, others, at), *_date_faults(answer, at)))),
            answer.this_update_utc,
            answer.next_update_utc,
            answer.revocation_time_utc,
            "" if reason is None else reason.value,
        )
    except (ValueError, IndexError, TypeError) as error:
        return NoStatus(f"it does not decode: {error}")


def _date_faults(answer: ocsp.OCSPSingleResponse, at: datetime) -> list[StapleFault]:
    """RFC 6960 §4.2.2.1."""
    faults = [StapleFault.NOT_YET_VALID] if answer.this_update_utc > at + _SKEW else []
    stale = answer.next_update_utc is not None and answer.next_update_utc < at - _SKEW
    return [*faults, StapleFault.STALE] if stale else faults


def _proof_faults(
    response: ocsp.OCSPResponse,
    answer: ocsp.OCSPSingleResponse,
    leaf: Certificate,
    others: Sequence[Certificate],
    at: datetime,
) -> list[StapleFault]:
    from cryptography import x509

    faults = [] if answer.serial_number == leaf.serial else [StapleFault.OTHER_CERTIFICATE]
    candidates = (one for one in others if one.subject.canonical == leaf.issuer.canonical and signs(one, leaf))
    found = next(candidates, None)
    if found is None:
        return [*faults, StapleFault.ISSUER_UNKNOWN]
    try:
        issuer = x509.load_der_x509_certificate(found.der)
        named = x509.load_der_x509_certificate(leaf.der)
    except (ValueError, x509.InvalidVersion):
        return [*faults, StapleFault.ISSUER_UNKNOWN]
    if not faults and not _is_about(answer, named, issuer):
        faults.append(StapleFault.OTHER_CERTIFICATE)
    signers = [one for one in (issuer, *response.certificates) if _is_named(response, one)]
    authorised = [one for one in signers if one == issuer or _is_delegated(one, issuer, at)]
    if not authorised:
        return [*faults, StapleFault.FOREIGN_RESPONDER]
    if not any(_signed_by(response, one) for one in authorised):
        faults.append(StapleFault.BAD_SIGNATURE)
    return faults


def _is_about(answer: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the CertID is that of `leaf` (RFC 6960 §4.1.1)."""
    from cryptography.x509 import ocsp

    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, answer.hash_algorithm).build()
    return (asked.issuer_name_hash, asked.issuer_key_hash) == (answer.issuer_name_hash, answer.issuer_key_hash)


def _is_named(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    """Whether `signer` is the one that the response names (ResponderID)."""
    if response.responder_name is not None:
        return response.responder_name == signer.subject
    from cryptography.x509 import SubjectKeyIdentifier

    return SubjectKeyIdentifier.from_public_key(signer.public_key()).digest == response.responder_key_hash


def _is_delegated(signer: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    """Whether `issuer` issued `signer` for signing OCSP responses, and it is valid at `at`."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        signer.verify_directly_issued_by(issuer)
        usages = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    is_valid = signer.not_valid_before_utc <= at <= signer.not_valid_after_utc
    return is_valid and ExtendedKeyUsageOID.OCSP_SIGNING in usages


def _signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

    signature, signed = response.signature, response.tbs_response_bytes
    with contextlib.suppress(InvalidSignature, UnsupportedAlgorithm, TypeError):
        match signer.public_key(), response.signature_hash_algorithm:
            case (ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()) as key, _:
                key.verify(signature, signed)
                return True
            case rsa.RSAPublicKey() as key, digest if digest is not None:
                key.verify(signature, signed, padding.PKCS1v15(), digest)
                return True
            case ec.EllipticCurvePublicKey() as key, digest if digest is not None:
                key.verify(signature, signed, ec.ECDSA(digest))
                return True
    return False


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
