"""Verifying offline with the OpenSSL inside pyOpenSSL, every error of it."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.tls.handshake.verification import VerifyError
from capath.tls.handshake.verify_codes import CRL, DATE_FORMAT, DATES, HOST, NO_ISSUER, STRICT
from capath.tls.test_options import CrlCheck, Purpose, VerifyFlags
from capath.tls.verify_flags import store_flags

if TYPE_CHECKING:
    from OpenSSL import crypto

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which pyOpenSSL does not name
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Question:
    """One call of X509_verify_cert, trusting only `directory`. `host` is empty where none is checked.

    `at` is None for the present. `purpose` is None where uses and trust attributes are not looked at
    (X509_STORE_set_purpose(3)). `also_trusted` are certificates that end a chain though nobody trusts them.
    """

    directory: str
    leaf: Certificate
    untrusted: tuple[Certificate, ...]
    host: str
    at: datetime | None
    flags: VerifyFlags
    purpose: Purpose | None = None
    check_time: bool = True
    also_trusted: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class _Good:
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: VerifyError
    certificate: bytes
    chain: tuple[bytes, ...]


def all_errors(question: Question) -> tuple[list[VerifyError], tuple[bytes, ...]]:
    """Every error, the first first, and the chain that verified or, where it did not, that failed first."""
    errors: list[VerifyError] = []
    refused: tuple[bytes, ...] = ()
    for _ in range(_ROUNDS):
        answer = _verify(question)
        if isinstance(answer, _Good):
            return errors, refused or answer.chain
        if answer.error in errors:
            break
        errors.append(answer.error)
        refused = refused or answer.chain
        relaxed = _without(question, answer)
        if relaxed is None:
            break
        question = relaxed
    return errors, refused


def first_error(question: Question, store: crypto.X509Store | None = None) -> VerifyError | None:
    """The error of one call; None where it verifies. Raises BadInputError for what OpenSSL does not load.

    `store` is one that `make_store` made for a question that differs in its certificates only, and is used again.
    """
    from OpenSSL import crypto

    others = [_load_again(item.der) for item in question.untrusted]
    context = crypto.X509StoreContext(store or make_store(question), _load(question.leaf.der), others)
    try:
        context.verify_certificate()
    except crypto.X509StoreContextError as error:
        code, depth, _ = error.errors
        return VerifyError(code, depth)
    return None


def _without(question: Question, failed: _Failed) -> Question | None:
    """The same question without the check that failed; None where there is nothing to leave out."""
    code = failed.error.code
    if code in DATES | DATE_FORMAT:
        return replace(question, check_time=False)
    if code in CRL:
        return replace(question, flags=replace(question.flags, crl_check=CrlCheck.NONE))
    if code in STRICT:
        return replace(question, flags=replace(question.flags, strict=False))
    if code in HOST:
        return replace(question, host="")
    if code in NO_ISSUER and failed.certificate:
        return replace(question, also_trusted=(*question.also_trusted, failed.certificate))
    return None


def _verify(question: Question) -> _Good | _Failed:
    from OpenSSL import crypto

    from capath.tls.handshake.private_openssl import chain_of_failure

    context = crypto.X509StoreContext(
        make_store(question), _load(question.leaf.der), [_load(item.der) for item in question.untrusted]
    )
    try:
        chain = context.get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth, _ = error.errors
        return _Failed(VerifyError(code, depth), _dump(error.certificate), chain_of_failure(context))
    return _Good(tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, item) for item in chain))


def make_store(question: Question) -> crypto.X509Store:
    """What `question` trusts and asks for, without its leaf and the untrusted."""
    from OpenSSL import crypto

    from capath.tls.handshake.private_openssl import set_host, set_purpose

    store = crypto.X509Store()
    store.load_locations(None, os.fsencode(question.directory))
    bits = store_flags(question.flags)
    if not question.check_time:
        bits |= _NO_CHECK_TIME
    for encoded in question.also_trusted:
        store.add_cert(_load(encoded))
        bits |= crypto.X509StoreFlags.PARTIAL_CHAIN
    store.set_flags(bits)
    if question.at is not None:
        store.set_time(question.at)
    if question.purpose is not None:
        set_purpose(store, question.purpose)
    if question.host:
        set_host(store, question.host)
    return store


def _load(encoded: bytes) -> crypto.X509:
    from OpenSSL import crypto

    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, encoded)
    except crypto.Error as error:
        raise BadInputError(f"OpenSSL does not load the certificate: {error}") from None


_load_again = functools.lru_cache(maxsize=256)(_load)  # hosts share their intermediates


def _dump(certificate: crypto.X509) -> bytes:
    """Its DER; empty where the error was about no certificate in particular."""
    from OpenSSL import crypto

    try:
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
    except crypto.Error:
        return b""
