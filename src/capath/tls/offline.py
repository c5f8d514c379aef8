"""Verifying a certificate without a connection, as `openssl verify -CApath DIR` does, trusting DIR alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from capath.errors import BadInputError, ParseError
from capath.pki.certificate import Certificate, read_certificate
from capath.pki.objects import BrokenObject, CertificateObject, read_objects
from capath.store import Snapshot, scan
from capath.store.lookup import find_issuers
from capath.tls.capath_argument import capath_argument
from capath.tls.options import CrlCheck, VerifyFlags
from capath.tls.verification import Verification, VerifyError

if TYPE_CHECKING:
    from OpenSSL import crypto

DEFAULT_FLAGS = VerifyFlags()
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which pyOpenSSL does not name
_DATES = frozenset({9, 10, 13, 14})
_LISTS = frozenset({3, 5, 8, 11, 12, 15, 16, 23, 33, 35, 36, 44, 54})
_HOST = frozenset({62, 64})
_STRICT = frozenset(range(80, 95)) | {102, 103}
_NO_ISSUER = frozenset({2, 18, 19, 20, 21})
_ROUNDS = 8
_DEPTH_LIMIT = 100


@dataclass(frozen=True, slots=True)
class OfflineResult:
    """The verification of `leaf` as of `at`. `host` is empty where none was to be checked."""

    leaf: Certificate
    directory: str
    host: str
    at: datetime
    flags: VerifyFlags
    verification: Verification


def read_certificates(data: bytes, name: str) -> tuple[Certificate, ...]:
    """The certificates in a file's content, PEM or one in DER. Raises BadInputError, which names the file."""
    objects = read_objects(data)
    found = tuple(item.certificate for item in objects if isinstance(item, CertificateObject))
    if found:
        return found
    for item in objects:
        if isinstance(item, BrokenObject):
            raise BadInputError(f"{name}: the {item.label} in it does not decode: {item.reason}")
    try:
        return (read_certificate(data)[0],)
    except ParseError:
        raise BadInputError(f"{name}: there is no certificate in it; give one in PEM or DER") from None


def verify_offline(
    leaf: Certificate,
    capath: str,
    *,
    untrusted: Sequence[Certificate] = (),
    host: str = "",
    at: datetime | None = None,
    flags: VerifyFlags = DEFAULT_FLAGS,
    snapshot: Snapshot | None = None,
) -> OfflineResult:
    """Verify `leaf` against the CApath directory `capath` as of `at` (aware; now where None).

    The first error is OpenSSL's. pyOpenSSL reports no more than that one, so the others are found by verifying
    again without the check that failed. Raises BadInputError where `capath` must be scanned and cannot be read.
    """
    known = scan(capath) if snapshot is None else snapshot
    moment = datetime.now(timezone.utc) if at is None else at.astimezone(timezone.utc)
    from capath.tls.context import steps_over_broken_slots
    from capath.tls.trace import trace

    with capath_argument(capath) as directory:
        asked = _Question(directory, leaf, tuple(untrusted), host, moment, flags)
        errors, chain = _all_errors(asked)
    if not chain:
        chain = _chain_by_name(leaf, untrusted, known)
    sent = [leaf.der, *(certificate.der for certificate in untrusted)]
    verification = trace(errors, sent, chain, known, steps_over=steps_over_broken_slots())
    return OfflineResult(leaf, capath, host, moment, flags, verification)


@dataclass(frozen=True, slots=True)
class _Question:
    """One call of X509_verify_cert. `also_trusted` are certificates that end a chain though nobody trusts them."""

    directory: str
    leaf: Certificate
    untrusted: tuple[Certificate, ...]
    host: str
    at: datetime
    flags: VerifyFlags
    check_time: bool = True
    also_trusted: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class _Good:
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: VerifyError
    certificate: bytes


def _all_errors(question: _Question) -> tuple[list[VerifyError], tuple[bytes, ...]]:
    """Every error, the first first, and the chain where one could be built."""
    errors: list[VerifyError] = []
    for _ in range(_ROUNDS):
        answer = _verify(question)
        if isinstance(answer, _Good):
            return errors, answer.chain
        if answer.error in errors:
            break
        errors.append(answer.error)
        relaxed = _without(question, answer)
        if relaxed is None:
            break
        question = relaxed
    return errors, ()


def _without(question: _Question, failed: _Failed) -> _Question | None:
    """The same question without the check that failed; None where there is nothing to leave out."""
    code = failed.error.code
    if code in _DATES:
        return replace(question, check_time=False)
    if code in _LISTS:
        return replace(question, flags=replace(question.flags, crl_check=CrlCheck.NONE))
    if code in _STRICT:
        return replace(question, flags=replace(question.flags, strict=False))
    if code in _HOST:
        return replace(question, host="")
    if code in _NO_ISSUER and failed.certificate:
        return replace(question, also_trusted=(*question.also_trusted, failed.certificate))
    return None


def _verify(question: _Question) -> _Good | _Failed:
    from OpenSSL import crypto

    context = crypto.X509StoreContext(
        _store(question), _load(question.leaf.der), [_load(item.der) for item in question.untrusted]
    )
    try:
        chain = context.get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth, _ = error.errors
        return _Failed(VerifyError(code, depth), crypto.dump_certificate(crypto.FILETYPE_ASN1, error.certificate))
    return _Good(tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, item) for item in chain))


def _store(question: _Question) -> crypto.X509Store:
    from OpenSSL import crypto

    from capath.tls.context import store_flags
    from capath.tls.private_openssl import set_host

    store = crypto.X509Store()
    store.load_locations(None, os.fsencode(question.directory))
    bits = store_flags(question.flags)
    if not question.check_time:
        bits |= _NO_CHECK_TIME
    for encoded in question.also_trusted:
        store.add_cert(_load(encoded))
        bits |= crypto.X509StoreFlags.PARTIAL_CHAIN
    store.set_flags(bits)
    store.set_time(question.at)
    if question.host:
        set_host(store, question.host)
    return store


def _load(encoded: bytes) -> crypto.X509:
    from OpenSSL import crypto

    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, encoded)
    except crypto.Error as error:
        raise BadInputError(f"OpenSSL does not load the certificate: {error}") from None


def _dump(certificate: crypto.X509) -> bytes:
    """Its DER; empty where the error was about no certificate in particular."""
    from OpenSSL import crypto

    try:
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    except crypto.Error:
        return b""


def _chain_by_name(leaf: Certificate, untrusted: Sequence[Certificate], snapshot: Snapshot) -> tuple[bytes, ...]:
    """What OpenSSL would go by where it does not tell: issuers by name, the directory's before the others."""
    chain = [leaf]
    while not chain[-1].self_issued and len(chain) < _DEPTH_LIMIT:
        wanted = chain[-1].issuer
        found = [item.certificate.certificate for item in find_issuers(snapshot, wanted)]
        found += [item for item in untrusted if item.subject.canonical == wanted.canonical]
        above = next((item for item in found if item not in chain), None)
        if above is None:
            break
        chain.append(above)
    return tuple(certificate.der for certificate in chain)
