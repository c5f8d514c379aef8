"""The one remedy for a client that refuses a host: candidates, the best first, tried without changing anything."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from typing_extensions import assert_never

from capath.diagnosis.cause import Cause
from capath.doctor.examine import Doctor, Remedy, Verdict
from capath.doctor.judge import NOT_FOUND, Judgement, Row, anchor_in
from capath.doctor.open_store import GivenStore, given_store, write_keystore
from capath.doctor.places import StoreRead
from capath.doctor.program import Accepts, Client, Form, FromFile, FromVariable, Opinion, Refuses, Shape, Unknown
from capath.pki.certificate import Certificate
from capath.pki.visible import visible

_DONORS_LIMIT = 2
_NEW_BUNDLE = "ca-bundle.pem"
_IMPORT = "keytool -importcert -noprompt -cacerts -storepass changeit -alias capath-root -file"
_ASK_FOR_ROOT = (
    "Get the root “{title}” from its operator, compare its fingerprint out of band, and give it to the client."
)
_NOT_STRICT = (
    "Ask the CA to reissue the certificate as RFC 5280 requires. Until then turn strict mode off in the program: "
    "context.verify_flags &= ~ssl.VERIFY_X509_STRICT"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A remedy to try: `changes` of the environment, `options` of the program, and the store that it takes then.

    `given` are roots for which a temporary store is made; in `changes` and `options` it is ``{bundle}`` and so on.
    """

    text: str
    command: str
    changes: dict[str, str | None] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    given: tuple[Certificate, ...] = ()


def find_remedy(doctor: Doctor, verdict: Verdict, judgement: Judgement) -> Remedy | None:
    """The first candidate with which the client accepts the host; else advice, or the first that was tried."""
    program, endpoint = verdict.row.program, verdict.endpoint
    if program.relaxed is not None and judgement.diagnosis and judgement.diagnosis.cause is Cause.CLIENT_DIFFERS:
        relaxed = replace(program, question=program.relaxed)
        return _tried(Remedy(_NOT_STRICT), doctor.prove(relaxed, endpoint, doctor.machine))
    closest: Remedy | None = None
    for candidate in _candidates(doctor, verdict, judgement):
        remedy = _try(doctor, verdict, candidate)
        if remedy.fixes:
            return remedy
        closest = closest or remedy
    if closest is not None or judgement.diagnosis is None:
        return closest
    if judgement.diagnosis.cause is Cause.ROOT_NOT_IN_STORE:
        return Remedy(_ASK_FOR_ROOT.format(title=visible(judgement.shown[-1].issuer.title)))
    advice = judgement.diagnosis.remedies
    return Remedy(advice[0].text) if advice else None


def _candidates(doctor: Doctor, verdict: Verdict, judgement: Judgement) -> Iterator[_Candidate]:
    row, client = verdict.row, doctor.client_of(verdict.row.program)
    yield from _rehashes(doctor, row, judgement)
    for problem in row.problems:
        if problem.leads_nowhere and problem.place and isinstance(problem.place.why, FromVariable):
            name = problem.place.why.name
            yield _Candidate(f"Unset {name}.", f"unset {name}", {name: None})
    if judgement.diagnosis is not None and judgement.diagnosis.cause not in NOT_FOUND:
        return
    for store in _donors(doctor, verdict):
        yield from _gifts(row, client, store, judgement.shown)
    if judgement.shown and judgement.shown[-1].self_issued:
        yield from _shown_root(row, client, judgement.shown[-1])


def _rehashes(doctor: Doctor, row: Row, judgement: Judgement) -> Iterator[_Candidate]:
    """The hash links of a directory, tried with a temporary directory of the same certificates that has them."""
    broken = judgement.diagnosis is not None and judgement.diagnosis.cause is Cause.LINK_BROKEN
    for store in row.stores:
        listing, place = store.listing, store.place
        if listing is None or not (broken or (listing.certificates and not store.certificates)):
            continue
        variables = doctor.client_of(row.program).variables
        variable = next((item.name for item in variables if item.form is Form.DIRECTORY), "")
        value = "{directory}"
        if isinstance(place.why, FromVariable):
            variable = place.why.name
            parts = place.why.value.split(os.pathsep)
            here = [doctor.machine.path(part) == place.path for part in parts]
            value = os.pathsep.join(
                "{directory}" if is_it else part for is_it, part in zip(here, parts, strict=True)
            )
        text = f"Create the hash links of {visible(place.path)}."
        command = shlex.join(["capath", "rehash", place.path])
        roots = tuple(item.certificate for item in listing.certificates)
        yield _Candidate(text, command, {variable: value} if variable else {}, (), roots)


def _donors(doctor: Doctor, verdict: Verdict) -> list[StoreRead]:
    """Stores of this machine with which the client would accept the host: files first, and the largest first."""
    own, profile = {store.place.path for store in verdict.row.stores}, verdict.row.program.profile

    def fits(store: StoreRead) -> bool:
        judged = doctor.judge.judge_roots(store.certificates or (), profile, verdict.endpoint)
        return isinstance(judged.opinion, Accepts)

    others = [store for store in doctor.judge.elsewhere if store.place.path not in own]
    fitting = list(filter(fits, others))
    return sorted(fitting, key=lambda store: store.place.shape is not Shape.BUNDLE)[:_DONORS_LIMIT]


def _gifts(row: Row, client: Client, store: StoreRead, shown: tuple[Certificate, ...]) -> Iterator[_Candidate]:
    """How this client is given `store`: by its variables, by one of others that it uses now, by its option."""
    path, bundles = (
        store.place.path,
        {item.name: item.adds for item in client.variables if item.form is Form.BUNDLE},
    )
    directories = [item.name for item in client.variables if item.form is Form.DIRECTORY]
    for place in row.program.places:
        if isinstance(place.why, FromVariable) and place.shape in (Shape.BUNDLE, Shape.HASHED):
            bundles.setdefault(place.why.name, False)  # REQUESTS_CA_BUNDLE, for pip
    if store.place.shape is Shape.HASHED:
        for name in directories:
            text = f"Give it {visible(path)}, which has the root."
            yield _Candidate(text, f"export {name}={shlex.quote(path)}", {name: path})
    for name, adds in bundles.items():
        if name not in directories:
            yield _by_variable(row, store, name, adds)
    if client.option:
        yield _by_option(row, client, store, shown)


def _by_variable(row: Row, store: StoreRead, name: str, adds: bool) -> _Candidate:
    """`store` itself where that is a file that does not make it trust less; else a new file."""
    path, roots = store.place.path, store.certificates or ()
    text = f"Give it {visible(path)}, which has the root"
    own = next((other.place for other in row.stores if other.certificates), None)
    if store.place.shape is not Shape.BUNDLE:
        made = f"capath export {shlex.quote(path)} --bundle {_NEW_BUNDLE}"
    elif adds or own is None or own.shape is not Shape.BUNDLE or len(roots) >= len(row.certificates):
        return _Candidate(f"{text}.", f"export {name}={shlex.quote(path)}", {name: path})
    else:
        text, roots = f"{text}, together with its own roots", (*row.certificates, *roots)
        made = f"cat {shlex.quote(own.path)} {shlex.quote(path)} > {_NEW_BUNDLE}"
    return _Candidate(f"{text}.", f'{made} && export {name}="$PWD/{_NEW_BUNDLE}"', {name: "{bundle}"}, (), roots)


def _by_option(row: Row, client: Client, store: StoreRead, shown: tuple[Certificate, ...]) -> _Candidate:
    """Tried by the option; permanently it is set in the settings file that names its store now, or in another."""
    path, roots = store.place.path, store.certificates or ()
    configured = next((place.why.setting for place in row.program.places if isinstance(place.why, FromFile)), None)
    given = (*roots, *row.certificates) if client.option_adds else roots
    if client.name == "java":
        root = anchor_in(roots, shown)
        file = path if len(roots) == 1 and store.place.shape is Shape.BUNDLE else "root.pem"
        command = f"{_IMPORT} {shlex.quote(file)}"
        if file != path and root is not None:
            select = f"--select {root.sha256} --bundle {file}"
            command = f"capath export {shlex.quote(path)} {select} && {command}"
        text = "Import the root into its keystore."
        return _Candidate(text, command, {}, client.option, (*row.certificates, *roots))
    if configured is not None:
        where = f"{visible(configured.file)}, line {configured.line}"
        text = f"Set {visible(configured.key)} to {visible(path)} in {where}."
    else:
        text = (
            f"Set {client.setting.format(bundle=visible(path))}."
            if client.setting
            else f"Give it {visible(path)}."
        )
    return _Candidate(text, "", {}, client.option, given)


def _shown_root(row: Row, client: Client, root: Certificate) -> Iterator[_Candidate]:
    """The root that the host itself shows: tried with it, and only its operator can say whether it is genuine."""
    text = (
        f"Get the root “{visible(root.subject.title)}” from its operator, compare its fingerprint out of band "
        f"(SHA-256 {root.sha256}), and give it to the client in a file root.pem."
    )
    both = (*row.certificates, root)
    for variable in client.variables:
        if variable.form is Form.BUNDLE:
            yield _Candidate(
                text, f'export {variable.name}="$PWD/root.pem"', {variable.name: "{bundle}"}, (), both
            )
    if client.option:
        command = f"{_IMPORT} root.pem" if client.name == "java" else ""
        yield _Candidate(text, command, {}, client.option, both)


def _try(doctor: Doctor, verdict: Verdict, candidate: _Candidate) -> Remedy:
    """Judge and run the client as if the remedy were in place."""
    program, endpoint = verdict.row.program, verdict.endpoint
    with given_store(candidate.given) as store:
        if any("{keystore}" in option for option in candidate.options):
            write_keystore(store, candidate.given)
        changes = {
            name: None if value is None else _filled(value, store) for name, value in candidate.changes.items()
        }
        options = tuple(_filled(option, store) for option in candidate.options)
        machine = doctor.machine.changed(changes)
        remedy = Remedy(candidate.text, candidate.command)
        if changes:
            row = doctor.row_of(program, machine)
            if row is None:
                return remedy
            judged = doctor.judge.judge(row, endpoint).opinion
            program = row.program
        else:
            roots = candidate.given or verdict.row.certificates
            judged = doctor.judge.judge_roots(roots, program.profile, endpoint).opinion
        proved = doctor.prove(program, endpoint, machine, options)
    if isinstance(proved, Unknown):
        return replace(_tried(remedy, judged), ran=False)
    return _tried(remedy, proved)


def _tried(remedy: Remedy, opinion: Opinion) -> Remedy:
    match opinion:
        case Accepts():
            return replace(remedy, fixes=True)
        case Refuses(text=text):
            return replace(remedy, fixes=False, said=text)
        case Unknown(reason=reason):
            return replace(remedy, said=reason)
        case _:
            assert_never(opinion)


def _filled(text: str, store: GivenStore) -> str:
    filled = text.replace("{bundle}", store.bundle).replace("{directory}", store.directory)
    return filled.replace("{keystore}", store.keystore)
