"""The intermediate that a server does not send, fetched from the address in the certificate, and proven.

It is reported as what the server should send, and never imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Cause, CauseFound, Confidence, Diagnosis, Fixes, Remedy, RemedyKind, title
from capath.diagnosis.diagnose import case_of, explain_case
from capath.diagnosis.known_roots import KnownRoots
from capath.diagnosis.missing_root import issuer_url
from capath.pki.certificate import Certificate
from capath.pki.claims import Item
from capath.pki.key_identifiers import mismatch
from capath.pki.signature import signs
from capath.pki.visible import visible
from capath.sources.detect import source_of_bytes
from capath.store import Snapshot
from capath.tls.handshake.verification import FromCapath, Verification
from capath.tls.handshake.verify_codes import ISSUER_NOT_FOUND
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.network.deadline import Deadline, never
from capath.tls.network.http import Fetched, NotFetched, fetch_issuer, is_public
from capath.tls.offline.verify import verify_offline
from capath.tls.result import AttemptOutcome, ProbeResult

_ISSUERS_LIMIT = 4


@dataclass(frozen=True, slots=True)
class FetchedIssuer:
    """A certificate from `url` whose key signed the one before it."""

    url: str
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class FetchedChain:
    """What was fetched, the issuer of the leaf first, and what verifying with it gives.

    `problem` is why it ended before an issuer of the directory was reached; empty where it did not.
    """

    issuers: tuple[FetchedIssuer, ...]
    verification: Verification
    problem: str


def missing_issuer_url(result: ProbeResult) -> str:
    """The address to fetch from, to be shown before it is done; empty where nothing is missing, or none named."""
    verification = result.verification
    if not verification.chain or not ISSUER_NOT_FOUND.intersection(error.code for error in verification.errors):
        return ""
    top = verification.chain[-1]
    if top.certificate.self_issued or isinstance(top.origin, FromCapath):
        return ""
    return issuer_url(top.certificate)


def fetch_missing(
    result: ProbeResult,
    snapshot: Snapshot,
    *,
    resolver: Resolver = system_resolver,
    cancelled: Callable[[], bool] = never,
) -> FetchedChain | None:
    """Fetch what is missing between the chain of `result` and its directory; None where nothing is, or no address.

    It takes as long as the test was allowed to, at most. Call it only for somebody who agreed to
    `missing_issuer_url`. Raises CancelledError.
    """
    url = missing_issuer_url(result)
    if not url:
        return None
    child = result.verification.chain[-1].certificate
    deadline = Deadline.after(result.options.timeout_s, cancelled)
    issuers: list[FetchedIssuer] = []
    verification, problem = result.verification, ""
    while url and len(issuers) < _ISSUERS_LIMIT:
        found = _fetch(url, child, deadline, may_be_local=not _is_public(result), resolver=resolver)
        if isinstance(found, str):
            problem = found
            break
        issuers.append(found)
        verification = _verify(result, snapshot, issuers)
        if not ISSUER_NOT_FOUND.intersection(error.code for error in verification.errors):
            break
        child = found.certificate
        url = "" if child.self_issued else issuer_url(child)
    return FetchedChain(tuple(issuers), verification, problem)


def with_fetched(
    diagnosis: Diagnosis,
    fetched: FetchedChain,
    result: ProbeResult,
    snapshot: Snapshot,
    *,
    directory: str | None = None,
    roots: KnownRoots | None = None,
) -> Diagnosis:
    """The diagnosis with what was fetched as evidence; the parameters are as `diagnose` has them."""
    if not fetched.issuers:
        first = diagnosis.first
        text = f"{first.text} Fetching it failed: {visible(fetched.problem)}."
        return replace(diagnosis, first=replace(first, text=text))
    case = replace(
        case_of(result, snapshot, directory=directory, roots=roots), verification=fetched.verification, live=None
    )
    behind = explain_case(case)
    others = () if behind is None else (behind.first, *behind.also)
    if fetched.issuers[0].certificate.self_issued:
        return Diagnosis(others[0], others[1:]) if others else diagnosis
    missing = _missing(case, fetched, verifies=not fetched.verification.errors)
    known = {missing.cause}
    return Diagnosis(missing, tuple(finding for finding in others if finding.cause not in known))


def _missing(case: Case, fetched: FetchedChain, *, verifies: bool) -> CauseFound:
    names = ", then ".join(f"“{title(issuer.certificate.subject)}”" for issuer in fetched.issuers)
    child = case.verification.at(0)
    leaf = "the chain" if child is None else f"“{title(child.subject)}”"
    first = fetched.issuers[0]
    end = "the chain verifies with it" if verifies else "with it the chain still fails"
    text = (
        f"The server does not send {names}. Fetched from {visible(first.url)}, its key signed {leaf}, and {end}. "
        f"SHA-256: {first.certificate.sha256}"
    )
    remedy = Remedy(
        RemedyKind.ASK_OPERATOR,
        f"Ask the operator to send {names} after the server's own certificate (in nginx, ssl_certificate takes "
        "the full chain). Importing it here fixes only this store.",
        operand=first.url,
    )
    if verifies:
        remedy = replace(remedy, trial=Fixes())
    return CauseFound(Cause.MISSING_INTERMEDIATE, text, (remedy,), Confidence.PROVEN)


def _is_public(result: ProbeResult) -> bool:
    """Whether the host that was tested has a public address; behind a proxy its name does not say."""
    if result.options.proxy is not None:
        return result.endpoint.ip is None or is_public(result.endpoint.ip)
    return all(
        is_public(attempt.address.ip) for attempt in result.attempts if attempt.outcome is AttemptOutcome.CONNECTED
    )


def _fetch(
    url: str, child: Certificate, deadline: Deadline, *, may_be_local: bool, resolver: Resolver
) -> FetchedIssuer | str:
    """The issuer of `child` at `url`, or why there is none."""
    match fetch_issuer(url, deadline, may_be_local=may_be_local, resolver=resolver):
        case NotFetched(url=at, reason=reason):
            return f"{at}: {reason}"
        case Fetched(url=at, octets=octets):
            found = [item for item in source_of_bytes(at, octets, lambda _: None).read() if isinstance(item, Item)]
            issuers = [
                item.certificate
                for item in found
                if item.certificate.subject.canonical == child.issuer.canonical and signs(item.certificate, child)
            ]
            for issuer in issuers:
                if mismatch(issuer, child) is None:
                    return FetchedIssuer(at, issuer)
            if issuers:
                return f"{at} has another version of “{child.issuer.title}” than “{child.subject.title}” names"
            return f"{at} has no certificate that issued “{child.subject.title}”"


def _verify(result: ProbeResult, snapshot: Snapshot, issuers: list[FetchedIssuer]) -> Verification:
    leaf, *others = result.verification.sent
    answer = verify_offline(
        leaf,
        result.directory,
        untrusted=[*others, *(issuer.certificate for issuer in issuers)],
        host=result.checked_host,
        at=result.started_at,
        flags=result.options.flags,
        snapshot=snapshot,
    )
    return answer.verification
