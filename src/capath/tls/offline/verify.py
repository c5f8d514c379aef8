"""Verifying a certificate without a connection, as `openssl verify -CApath DIR` does, trusting only DIR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from capath.errors import BadInputError, ParseError
from capath.pki.certificate import Certificate
from capath.pki.load import read_certificate
from capath.pki.objects import BrokenObject, CertificateObject, read_objects
from capath.store import Snapshot, scan
from capath.store.lookup import find_issuers
from capath.tls.capath_argument import capath_argument
from capath.tls.handshake.verification import Verification, VerifyError
from capath.tls.offline.in_process import Question, all_errors
from capath.tls.offline.openssl import InstalledVerdict, NoVerdict, ask_openssl_verify
from capath.tls.result import Engine, OfflineResult, ProfileVerdict
from capath.tls.test_options import Purpose, VerifyFlags

DEFAULT_FLAGS = VerifyFlags()
_DEPTH_LIMIT = 100


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
    purpose: Purpose | None = None,
    snapshot: Snapshot | None = None,
    ask_installed: bool = False,
    installed: InstalledVerdict | NoVerdict | None = None,
    ask_profiles: bool = False,
) -> OfflineResult:
    """Verify `leaf` against the CApath directory `capath` as of `at` (aware; now where None).

    Uses and trust attributes count only where a `purpose` is given. The first error is OpenSSL's. pyOpenSSL
    reports no more than that one, so the others are found by verifying again without the check that failed. With
    `ask_installed` the verdict is that of the `openssl` on the PATH, where there is one: it can be another version
    than pyOpenSSL's, with another verdict; `installed` is what it said where it was asked before. With
    `ask_profiles` the result says what clients of other kinds make of the chain, as a server's.
    Raises BadInputError where `capath` must be scanned and cannot be read.
    """
    known = scan(capath) if snapshot is None else snapshot
    moment = datetime.now(timezone.utc) if at is None else at.astimezone(timezone.utc)
    from capath.tls.handshake.trace import trace
    from capath.tls.offline.slot_rule import skips_broken_slots, with_stopping

    question = Question(capath, leaf, tuple(untrusted), host, moment, flags, purpose)
    if installed is None:
        installed = ask_openssl_verify(question) if ask_installed else NoVerdict("it was not asked")
    own = _own_answer(question, may_be_missing=isinstance(installed, InstalledVerdict))
    errors, engines = _followed(installed, own)
    chain = own.chain
    if not chain:
        chain = _chain_by_name(leaf, untrusted, known)
    sent = [leaf.der, *(certificate.der for certificate in untrusted)]
    verification = with_stopping(trace(errors, sent, chain, known, steps_over=bool(skips_broken_slots())))
    profiles = _profiles(question, verification) if ask_profiles else ()
    return OfflineResult(leaf, capath, host, moment, flags, verification, engines, purpose, profiles)


def _profiles(question: Question, verification: Verification) -> tuple[ProfileVerdict, ...]:
    from capath.tls.offline.profiles import judge_by_profiles

    with capath_argument(question.directory) as directory:
        return judge_by_profiles(replace(question, directory=directory, purpose=Purpose.SERVER), verification)


@dataclass(frozen=True, slots=True)
class _OwnAnswer:
    """What pyOpenSSL's OpenSSL says. `of_all`: whether it was asked all of the question."""

    errors: tuple[VerifyError, ...]
    chain: tuple[bytes, ...]
    of_all: bool = True


def _own_answer(question: Question, *, may_be_missing: bool) -> _OwnAnswer:
    """Ask it. Raises BadInputError for what it does not take, unless its answer `may_be_missing`.

    That is a host name, or a certificate: 4.0 does not load some (with an odd date) that 3.0 loads and rejects.
    """
    with capath_argument(question.directory) as directory:
        asked = replace(question, directory=directory)
        try:
            errors, chain = all_errors(asked)
        except BadInputError:
            if not may_be_missing:
                raise
            return _without_host(asked)
    return _OwnAnswer(tuple(errors), chain)


def _without_host(asked: Question) -> _OwnAnswer:
    """What it says of only the certificates, for the sake of the chain; nothing where it does not load them."""
    try:
        errors, chain = all_errors(replace(asked, host=""))
    except BadInputError:
        return _OwnAnswer((), (), of_all=False)
    return _OwnAnswer(tuple(errors), chain, of_all=False)


def _followed(
    installed: InstalledVerdict | NoVerdict, own: _OwnAnswer
) -> tuple[tuple[VerifyError, ...], tuple[Engine, ...]]:
    """The errors, and who was asked: by the installed OpenSSL where it gave a verdict, else by pyOpenSSL's."""
    engines = [Engine(_own_version(), _first(own.errors))] if own.of_all else []
    if isinstance(installed, NoVerdict):
        return own.errors, tuple(engines)
    first = Engine(installed.version, _first(installed.errors))
    behind = own.errors if installed.errors and _first(own.errors) == first.verdict else ()
    return tuple(dict.fromkeys((*installed.errors, *behind))), (first, *engines)


def _first(errors: Sequence[VerifyError]) -> VerifyError:
    return errors[0] if errors else VerifyError(0, 0)


def _own_version() -> str:
    """The OpenSSL that pyOpenSSL brings."""
    from OpenSSL import SSL

    words = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode("ascii", "replace").split()
    return " ".join((*words[:2], "(pyOpenSSL's)"))


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
