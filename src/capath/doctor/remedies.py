"""The one remedy for a client that refuses a host: candidates, the best first, tried without changing anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from typing_extensions import assert_never

from capath.diagnosis.cause import Cause
from capath.doctor.examine import Doctor, Remedy, Verdict
from capath.doctor.judge import NOT_FOUND, Judgement, Row, anchor_in
from capath.doctor.open_store import GivenStore, given_store, write_keystore
from capath.doctor.place import FromFile, FromVariable, Shape
from capath.doctor.program import Accepts, Opinion, Refuses, Unknown
from capath.doctor.read_place import StoreRead
from capath.pki.certificate import Certificate
from capath.pki.visible import shell_command, visible, visible_name

_DONORS_LIMIT = 2
_NEW_BUNDLE = "ca-bundle.pem"
_ASK_FOR_ROOT = (
    "Get the root “{title}” from its operator, compare its fingerprint out of band, and give it to the client."
)
_NOT_STRICT = (
    "Ask the CA to reissue the certificate as RFC 5280 requires. Until then turn strict mode off in the program: "
    "context.verify_flags &= ~ssl.VERIFY_X509_STRICT"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A remedy to try: `changes` of the environment, or `options` of the program.

    In both, ``{bundle}``, ``{directory}`` and ``{keystore}`` are those of a temporary store of the roots `given`.
    """

    text: str
    command: str
    changes: dict[str, str | None] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    given: tuple[Certificate, ...] = ()


def find_remedy(doctor: Doctor, verdict: Verdict, judgement: Judgement) -> Remedy | None:
    """The first candidate with which the client accepts the host; else advice, or the first that was tried."""
    program, diagnosis = verdict.row.program, judgement.diagnosis
    if diagnosis is not None and diagnosis.cause is Cause.CLIENT_DIFFERS and program.client.relaxed:
        proved = doctor.prove(program, verdict.endpoint, doctor.machine, relaxed=True)
        return _tried(Remedy(_NOT_STRICT), proved)
    closest: Remedy | None = None
    for candidate in _candidates(doctor, verdict, judgement):
        remedy = _try(doctor, verdict, candidate)
        if remedy.fixes:
            return remedy
        closest = closest or remedy
    known_to_fail = closest is None or closest.fixes is False
    if diagnosis is not None and diagnosis.cause is Cause.ROOT_NOT_IN_STORE and known_to_fail:
        return Remedy(_ASK_FOR_ROOT.format(title=visible_name(judgement.shown[-1].issuer.title)))
    if closest is not None or diagnosis is None:
        return closest
    return Remedy(diagnosis.remedies[0].text) if diagnosis.remedies else None


def _candidates(doctor: Doctor, verdict: Verdict, judgement: Judgement) -> Iterator[_Candidate]:
    yield from _rehashes(doctor, verdict.row, judgement)
    for problem in verdict.row.problems:
        if problem.leads_nowhere and problem.place and isinstance(problem.place.why, FromVariable):
            name = problem.place.why.name
            yield _Candidate(f"Unset {name}.", f"unset {name}", {name: None})
    if judgement.diagnosis is not None and judgement.diagnosis.cause not in NOT_FOUND:
        return
    for store in _donors(doctor, verdict):
        yield from _gifts(verdict.row, store, judgement.shown)
    if judgement.shown and judgement.shown[-1].self_issued:
        yield from _shown_root(verdict.row, judgement.shown[-1])


def _rehashes(doctor: Doctor, row: Row, judgement: Judgement) -> Iterator[_Candidate]:
    """The hash links of a directory, tried with a temporary directory of the same certificates that has them."""
    broken = judgement.diagnosis is not None and judgement.diagnosis.cause is Cause.LINK_BROKEN
    for store in row.stores:
        listing, place = store.listing, store.place
        if listing is None or not (broken or (listing.certificates and not store.certificates)):
            continue
        changes: dict[str, str | None] = {}
        for variable in row.program.client.variables:
            if variable.value == "{directory}":
                changes = {variable.name: variable.value}
        if isinstance(place.why, FromVariable):
            parts = place.why.value.split(os.pathsep)
            parts = ["{directory}" if doctor.machine.path(part) == place.path else part for part in parts]
            changes = {place.why.name: os.pathsep.join(parts)}
        roots = tuple(item.certificate for item in listing.certificates)
        command = shell_command(["capath", "rehash", place.path])
        yield _Candidate(f"Create the hash links of {visible(place.path)}.", command, changes, (), roots)


def _donors(doctor: Doctor, verdict: Verdict) -> list[StoreRead]:
    """Stores of this machine with which the client would accept the host: files first, and the largest first."""
    own, profile = {store.place.path for store in verdict.row.stores}, verdict.row.program.profile

    def fits(store: StoreRead) -> bool:
        judged = doctor.judge.judge_roots(store.certificates or (), profile, verdict.endpoint)
        return store.place.path not in own and isinstance(judged.opinion, Accepts)

    fitting = filter(fits, doctor.judge.elsewhere)
    return sorted(fitting, key=lambda store: store.place.shape is not Shape.BUNDLE)[:_DONORS_LIMIT]


def _gifts(row: Row, store: StoreRead, shown: tuple[Certificate, ...]) -> Iterator[_Candidate]:
    """How this client is given `store`: by its variables, by another one that it uses now, by its option."""
    path, client = store.place.path, row.program.client
    directories = [item.name for item in client.variables if item.value == "{directory}"]
    for name in directories if store.place.shape is Shape.HASHED else ():
        text = f"Give it {visible(path)}, which has the root."
        yield _Candidate(text, f"export {name}={shell_command([path])}", {name: path})
    bundles = {item.name: item.adds for item in client.variables if item.value == "{bundle}"}
    for place in row.program.places:
        if isinstance(place.why, FromVariable) and place.shape in (Shape.BUNDLE, Shape.HASHED):
            bundles.setdefault(place.why.name, False)  # REQUESTS_CA_BUNDLE, for pip
    for name, adds in bundles.items():
        if name not in directories:
            yield _by_variable(row, store, name, adds)
    if client.import_command:
        yield _by_import(row, store, shown)
    elif client.option:
        yield _by_option(row, store)


def _by_variable(row: Row, store: StoreRead, name: str, adds: bool) -> _Candidate:
    """`store` itself where that is a file that does not make the client trust less; else a new file."""
    path, roots = store.place.path, store.certificates or ()
    text = f"Give it {visible(path)}, which has the root"
    own = next((other.place for other in row.stores if other.certificates), None)
    if store.place.shape is not Shape.BUNDLE:
        made = f"capath export {shell_command([path])} --bundle {_NEW_BUNDLE}"
    elif adds or own is None or own.shape is not Shape.BUNDLE or len(roots) >= len(row.certificates):
        return _Candidate(f"{text}.", f"export {name}={shell_command([path])}", {name: path})
    else:
        text, roots = f"{text}, together with its own roots", (*row.certificates, *roots)
        made = f"{shell_command(['cat', own.path, path])} > {_NEW_BUNDLE}"
    return _Candidate(f"{text}.", f'{made} && export {name}="$PWD/{_NEW_BUNDLE}"', {name: "{bundle}"}, (), roots)


def _by_import(row: Row, store: StoreRead, shown: tuple[Certificate, ...]) -> _Candidate:
    """The root that is missing, imported into the client's own store."""
    path, roots, client = store.place.path, store.certificates or (), row.program.client
    root = anchor_in(roots, shown)
    if root is None or (len(roots) == 1 and store.place.shape is Shape.BUNDLE):
        command = f"{client.import_command} {shell_command([path])}"
    else:
        made = f"capath export {shell_command([path])} --select {root.sha256} --bundle root.pem"
        command = f"{made} && {client.import_command} root.pem"
    given = (*row.certificates, *roots)
    return _Candidate("Import the root into its store.", command, {}, client.option, given)


def _by_option(row: Row, store: StoreRead) -> _Candidate:
    """Tried by the option; permanently it is set in the settings file that names its store now, or in another."""
    path, roots, client = visible(store.place.path), store.certificates or (), row.program.client
    settings = [place.why.setting for place in row.program.places if isinstance(place.why, FromFile)]
    text = f"Set {client.setting.format(bundle=path)}." if client.setting else f"Give it {path}."
    if settings:
        text = f"Set {visible(settings[0].key)} to {path} in {visible(settings[0].file)}, line {settings[0].line}."
    return _Candidate(text, "", {}, client.option, (*roots, *row.certificates) if client.option_adds else roots)


def _shown_root(row: Row, root: Certificate) -> Iterator[_Candidate]:
    """The root that the host itself sends: tried with it, and only its operator can say whether it is genuine."""
    client, given = row.program.client, (*row.certificates, root)
    text = (
        f"Get the root “{visible_name(root.subject.title)}” from its operator, "
        f"compare its fingerprint out of band "
        f"(SHA-256 {root.sha256}), and give it to the client in a file root.pem."
    )
    for variable in client.variables:
        if variable.value == "{bundle}":
            command = f'export {variable.name}="$PWD/root.pem"'
            yield _Candidate(text, command, {variable.name: "{bundle}"}, (), given)
    if client.option:
        command = f"{client.import_command} root.pem" if client.import_command else ""
        yield _Candidate(text, command, {}, client.option, given)


def _try(doctor: Doctor, verdict: Verdict, candidate: _Candidate) -> Remedy:
    """Judge and run the client as if the remedy were in place."""
    program, endpoint = verdict.row.program, verdict.endpoint
    remedy = Remedy(candidate.text, candidate.command)
    with given_store(candidate.given) as store:
        if any("{keystore}" in option for option in candidate.options):
            write_keystore(store, candidate.given)
        options = tuple(_filled(option, store) for option in candidate.options)
        changes = {name: value and _filled(value, store) for name, value in candidate.changes.items()}
        machine = doctor.machine.changed(changes)
        if changes:
            row = doctor.row_of(program, machine)
            if row is None:
                return remedy
            program, judged = row.program, doctor.judge.judge(row, endpoint).opinion
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
