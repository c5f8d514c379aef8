"""Whether a client accepts a host, judged by capath with the roots and the strictness of that client."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from capath.diagnosis.cause import Cause, Diagnosis
from capath.diagnosis.diagnose import diagnose, diagnose_offline
from capath.diagnosis.known_roots import NO_ROOTS
from capath.doctor.open_store import given_store
from capath.doctor.place import Problem, Shape
from capath.doctor.program import Accepts, Opinion, Profile, Program, Refuses, Unknown
from capath.doctor.read_place import StoreRead
from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.pki.signature import signs
from capath.pki.visible import visible, visible_name
from capath.store import scan
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.deadline import never
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import proxy_from_environment
from capath.tls.offline.verify import verify_offline
from capath.tls.probe import probe
from capath.tls.result import OutcomeName, ProbeResult
from capath.tls.test_options import ProbeOptions, VerifyFlags

NOT_FOUND = frozenset(
    {
        Cause.ROOT_NOT_IN_STORE,
        Cause.PRIVATE_ROOT_SENT,
        Cause.SELF_SIGNED_LEAF,
        Cause.MISSING_INTERMEDIATE,
        Cause.INTERMEDIATE_ONLY,
    }
)
"""Causes for which another store could be the remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    """A program and what it reads. `problems` are those of its places and of the environment."""

    program: Program
    stores: tuple[StoreRead, ...]
    problems: tuple[Problem, ...]

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The roots that are known of it, each once."""
        found = [certificate for store in self.stores for certificate in store.certificates or ()]
        return tuple({certificate.sha256: certificate for certificate in found}.values())

    @property
    def is_complete(self) -> bool:
        """Whether every root that it trusts is known."""
        return all(store.certificates is not None for store in self.stores)

    @property
    def fatal(self) -> Problem | None:
        """The problem that makes it refuse every host."""
        return next((problem for problem in self.problems if self._is_fatal(problem)), None)

    def _is_fatal(self, problem: Problem) -> bool:
        is_file = problem.place is not None and problem.place.shape is Shape.BUNDLE
        return is_file and problem.kind in self.program.client.fatal


@dataclass(frozen=True, slots=True)
class Judgement:
    """`opinion`, and for a refusal by verification what is known of it."""

    opinion: Opinion
    diagnosis: Diagnosis | None = None
    shown: tuple[Certificate, ...] = ()
    """The certificates that the host showed."""


class UnreachableError(Exception):
    """The host did not come as far as its certificate. The text is for people."""


class Judge:
    """Tests hosts, each once for each set of roots and each profile."""

    def __init__(
        self, environment: Mapping[str, str], timeout_s: float, cancelled: Callable[[], bool] = never
    ) -> None:
        self._environment = environment
        self._timeout_s = timeout_s
        self._cancelled = cancelled
        self._known: dict[tuple[Endpoint, frozenset[str], Profile], Judgement] = {}
        self.elsewhere: tuple[StoreRead, ...] = ()
        """Stores of this machine, in which a root that a client lacks can be."""

    def judge(self, row: Row, endpoint: Endpoint) -> Judgement:
        """What this client makes of `endpoint`. Raises UnreachableError."""
        if row.fatal is not None:
            return Judgement(Refuses(row.fatal.kind.value, row.fatal.text))
        judged = self.judge_roots(row.certificates, row.program.profile, endpoint)
        if isinstance(judged.opinion, Accepts) or judged.diagnosis is None:
            return judged
        if not row.is_complete:
            reason = (
                "some of its roots are inside the program and cannot be listed; the known ones do not verify it"
            )
            return replace(judged, opinion=Unknown(reason))
        explained = self._in_its_directories(row, judged, endpoint)
        lost = next((problem.text for problem in row.problems if problem.leads_nowhere), "")
        if lost and explained is judged and isinstance(judged.opinion, Refuses):
            return replace(judged, opinion=Refuses(judged.opinion.cause, f"{judged.opinion.text} {lost}."))
        return explained

    def judge_roots(self, roots: tuple[Certificate, ...], profile: Profile, endpoint: Endpoint) -> Judgement:
        """What a client that trusts `roots` makes of `endpoint`. Raises UnreachableError."""
        key = (endpoint, frozenset(root.sha256 for root in roots), profile)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judge(roots, profile, endpoint)
        return known

    def _judge(self, roots: tuple[Certificate, ...], profile: Profile, endpoint: Endpoint) -> Judgement:
        with given_store(roots) as store:
            result = self._probe(endpoint, store.directory, profile)
            snapshot = scan(store.directory)
            shown = result.verification.sent
            if result.outcome_name is OutcomeName.VERIFIED:
                return _strictly(result, store.directory) if profile.strict else Judgement(Accepts(), None, shown)
            if profile.common_name and _only_name(result) and _name_matches(result, store.directory, endpoint):
                return Judgement(Accepts(), None, shown)
            diagnosis = diagnose(result, snapshot, roots=NO_ROOTS)
            if not shown or result.outcome_name is OutcomeName.UNREACHABLE or diagnosis is None:
                raise UnreachableError("it shows no certificate" if diagnosis is None else diagnosis.text)
        if not result.verification.errors:
            return Judgement(Unknown(diagnosis.text), None, shown)  # the host refuses the client
        if diagnosis.cause not in NOT_FOUND:
            return Judgement(Refuses(diagnosis.cause.value, diagnosis.text), diagnosis, shown)
        among = {0: "is missing, as are all: it has no roots", 1: "is not its only root"}
        missing = among.get(len(roots), f"is not among its {len(roots)} roots")
        cause, text = diagnosis.cause, f"{_missing_text(result)} {missing}"
        holder = next((store for store in self.elsewhere if anchor_in(store.certificates or (), shown)), None)
        if holder is not None:
            cause, text = Cause.ROOT_NOT_IN_STORE, f"{text}; {visible(holder.place.path)} has it"
        return Judgement(Refuses(cause.value, f"{text}."), diagnosis, shown)

    def _probe(self, endpoint: Endpoint, directory: str, profile: Profile) -> ProbeResult:
        try:
            proxy = proxy_from_environment(endpoint, self._environment)
        except BadInputError as error:
            raise UnreachableError(str(error)) from None
        flags = VerifyFlags(strict=profile.strict, partial_chain=profile.partial_chain)
        options = ProbeOptions(timeout_s=self._timeout_s, flags=flags, proxy=proxy)
        return probe(endpoint, directory, options=options, cancelled=self._cancelled)

    def _in_its_directories(self, row: Row, judged: Judgement, endpoint: Endpoint) -> Judgement:
        """The same refusal, explained by a directory of the client that holds the root where lookup misses it."""
        for store in row.stores:
            if store.listing is None or judged.diagnosis is None or judged.diagnosis.cause not in NOT_FOUND:
                continue
            result = self._probe(endpoint, store.place.path, row.program.profile)
            better = diagnose(result, store.listing.snapshot, directory=store.place.path, roots=NO_ROOTS)
            if better is not None and better.cause in (Cause.LINK_BROKEN, Cause.ROOT_NOT_TRUSTED):
                return replace(judged, opinion=Refuses(better.cause.value, better.text), diagnosis=better)
        return judged


def _only_name(result: ProbeResult) -> bool:
    return {error.code for error in result.verification.errors} == {VerifyCode.HOSTNAME_MISMATCH}


def _name_matches(result: ProbeResult, directory: str, endpoint: Endpoint) -> bool:
    """Whether OpenSSL's own check takes the certificate for the host: a common name counts for it."""
    leaf, *others = result.verification.sent
    with contextlib.suppress(BadInputError):
        checked = verify_offline(leaf, directory, untrusted=others, host=endpoint.host, flags=result.options.flags)
        return not checked.verification.errors
    return False


def _strictly(result: ProbeResult, directory: str) -> Judgement:
    """The judgement of the machine's own OpenSSL: what strict mode checks differs by version."""
    leaf, *others = result.verification.sent
    flags = result.options.flags
    checked = verify_offline(leaf, directory, untrusted=others, flags=flags, ask_installed=True)
    diagnosis = diagnose_offline(checked, scan(directory), roots=NO_ROOTS)
    opinion = Accepts() if diagnosis is None else Refuses(diagnosis.cause.value, diagnosis.text)
    return Judgement(opinion, diagnosis, result.verification.sent)


def _missing_text(result: ProbeResult) -> str:
    """Which certificate it would need, and does not have."""
    chain = [element.certificate for element in result.verification.chain] or list(result.verification.sent)
    top = chain[-1]
    if top.self_issued:
        return f"“{visible_name(top.subject.title)}”, which the host shows as its root,"
    return f"“{visible_name(top.issuer.title)}”, which issued “{visible_name(top.subject.title)}”,"


def anchor_in(roots: tuple[Certificate, ...], shown: tuple[Certificate, ...]) -> Certificate | None:
    """The one of `roots` that is the last certificate that a host showed, or signed it."""
    if not shown:
        return None
    top = shown[-1]
    by_name = (root for root in roots if root.subject.canonical in (top.issuer.canonical, top.subject.canonical))
    return next((root for root in by_name if root.sha256 == top.sha256 or signs(root, top)), None)
