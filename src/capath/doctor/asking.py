"""What the clients' files share: finding a program, the default places, and judging by a program's words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from capath.doctor.machine import Answer, Ended, Machine, Setting, Stopped, read_settings
from capath.doctor.place import NO_ERRORS, CompiledIn, FromFile, FromVariable, Place, Problem, ProblemKind, Shape
from capath.doctor.program import (
    Accepts,
    Client,
    Identified,
    Opinion,
    Program,
    Question,
    Refuses,
    Strange,
    Unknown,
    Variable,
)
from capath.pki.visible import visible
from capath.sources.system_store import system_places

USUAL_DIRECTORY = "/etc/ssl/certs"


OPENSSL_VARIABLES = (Variable("SSL_CERT_FILE"), Variable("SSL_CERT_DIR", "{directory}"))
UNUSABLE = frozenset(ProblemKind) - NO_ERRORS - {ProblemKind.NOT_HASHED}
"""What makes a file no bundle."""


def find_programs(client: Client, machine: Machine) -> Iterator[Program | Strange]:
    """The programs of `client` on this machine."""
    for executable in client.executables(machine, client.name):
        found = identify(client, machine, executable)
        reads = client.read(machine, found) if isinstance(found, Identified) else found
        if isinstance(reads, Strange):
            yield reads
        elif isinstance(reads, str):
            yield Strange(client.name, executable, f"{reads}: capath does not know how it reads its store")
        elif reads is not None and isinstance(found, Identified):
            yield Program(client, found, reads)


def identify(client: Client, machine: Machine, executable: str) -> Identified | Strange | None:
    """Ask a program about itself. None where a part of it is not installed."""
    if not machine.may_run:
        return Identified(executable, "", "")
    answer = machine.ask_once([executable, *client.about])
    if isinstance(answer, Stopped):
        return Strange(client.name, executable, answer.reason)
    found = re.search(client.version, answer.output, re.MULTILINE)
    if found is None:
        return Strange(client.name, executable, f"it does not answer as {client.name} does, but: {answer.said()}")
    return None if found[1] is None else Identified(executable, visible(found[1]), answer.output)


def read_answer(question: Question, answer: Answer) -> Opinion:
    """What the program makes of the host, by its status and its words."""
    match answer:
        case Stopped(reason=reason):
            return Unknown(reason)
        case Ended(status=0):
            return Accepts()
        case Ended(output=output):
            if re.search(question.refused, output, re.MULTILINE):
                return Refuses("", answer.said(question.refused).removeprefix("refused "))
            if question.accepted and re.search(question.accepted, output, re.MULTILINE):
                return Accepts()
            return Unknown(f"it gave no verdict: {answer.said()}")


def usual_bundle() -> str:
    """The file that this kind of system keeps its roots in."""
    places = system_places()
    return next((place for place in places if os.path.isfile(place)), places[0])


def usual_place(shape: Shape = Shape.BUNDLE) -> Place:
    """The system's bundle or directory, for programs that cannot be asked for their default."""
    path = usual_bundle() if shape is Shape.BUNDLE else USUAL_DIRECTORY
    return Place(path, shape, CompiledIn(asked=False))


def default_place(path: str, shape: Shape = Shape.BUNDLE) -> Place:
    """What the program says that it reads by default."""
    return Place(path, shape, CompiledIn())


def built_in(pem: str | None) -> Place:
    """The list inside the program; `pem` is None where the program does not print it."""
    return Place("", Shape.BUILT_IN, CompiledIn(), pem)


def overrides(text: str) -> Problem:
    return Problem(ProblemKind.OVERRIDES, text)


def variable_place(machine: Machine, name: str, shape: Shape) -> Place:
    """The place that the variable `name` names, as one path."""
    value = machine.get(name)
    return Place(machine.path(value), shape, FromVariable(name, value))


def variable_directories(machine: Machine, name: str, shape: Shape) -> tuple[Place, ...]:
    """The places that the variable `name` names, as a list ``a:b``."""
    value = machine.get(name)
    parts = [part for part in value.split(os.pathsep) if part]
    return tuple(Place(machine.path(part), shape, FromVariable(name, value)) for part in parts)


def file_place(setting: Setting, shape: Shape) -> Place:
    """The place that a settings file names; a relative path is taken from the file's directory."""
    path = os.path.join(os.path.dirname(setting.file), os.path.expanduser(setting.value))
    return Place(os.path.normpath(path), shape, FromFile(setting))


def openssl_places(machine: Machine, bundle: str, directory: str) -> tuple[Place, ...]:
    """SSL_CERT_FILE or `bundle`, and SSL_CERT_DIR or `directory` (X509_STORE_set_default_paths(3)).

    Empty ones were not asked for. An empty variable names nothing, and is not the same as one that is not set.
    """
    default = Place(bundle, Shape.BUNDLE, CompiledIn()) if bundle else usual_place()
    places: tuple[Place, ...] = (default,)
    if "SSL_CERT_FILE" in machine.environment:
        places = (variable_place(machine, "SSL_CERT_FILE", Shape.BUNDLE),) if machine.get("SSL_CERT_FILE") else ()
    if "SSL_CERT_DIR" in machine.environment:
        return (*places, *variable_directories(machine, "SSL_CERT_DIR", Shape.HASHED))
    return (*places, Place(directory, Shape.HASHED, CompiledIn()) if directory else usual_place(Shape.HASHED))


def first_setting(paths: Iterable[str], key: str, section: str | None = "") -> Setting | None:
    """The last setting of `key` in the first of `paths` that has one. Any section where None."""
    for path in paths:
        found = [
            setting
            for setting in read_settings(path)
            if setting.key.lower() == key.lower() and section in (None, setting.section.lower())
        ]
        if found:
            return found[-1]
    return None
