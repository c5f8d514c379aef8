"""Clients and programs: how a client is found and asked, what a program reads, and what it answers. Values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.doctor.place import Place, Problem, ProblemKind

if TYPE_CHECKING:
    from capath.doctor.machine import Machine
    from capath.tls.network.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Profile:
    """How the client judges: X509_V_FLAG_X509_STRICT, X509_V_FLAG_PARTIAL_CHAIN, and whether a name in the
    `common_name` counts where there is no subjectAltName."""

    strict: bool = False
    partial_chain: bool = False
    common_name: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """How a program is asked to connect, and how its answer is read.

    In `arguments` (those after the program) and in the values of `environment`, ``{host}``, ``{port}``,
    ``{address}``, ``{url}`` and ``{kind}`` (hostname or ip) are the endpoint's. Status 0 accepts; else a line that
    matches `refused` or `accepted` decides, in this order.
    """

    arguments: tuple[str, ...]
    refused: str
    accepted: str = ""
    environment: tuple[tuple[str, str], ...] = ()

    def filled(self, endpoint: Endpoint) -> Question:
        """The question about `endpoint`."""
        values = {
            "{host}": endpoint.ip or endpoint.host,
            "{port}": str(endpoint.port),
            "{address}": endpoint.text,
            "{url}": f"https://{endpoint.text}/",
            "{kind}": "ip" if endpoint.ip else "hostname",
        }

        def fill(text: str) -> str:
            for name, value in values.items():
                text = text.replace(name, value)
            return text

        arguments = tuple(map(fill, self.arguments))
        environment = tuple((name, fill(value)) for name, value in self.environment)
        return Question(arguments, self.refused, self.accepted, environment)


@dataclass(frozen=True, slots=True)
class Accepts:
    """The client accepts the host."""


@dataclass(frozen=True, slots=True)
class Refuses:
    """The client refuses the host. `cause` is a cause of `capath test` or a `ProblemKind`, empty where only the
    program said so; `text` is safe to show."""

    cause: str
    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no answer; `reason` says why."""

    reason: str


Opinion = Accepts | Refuses | Unknown


@dataclass(frozen=True, slots=True)
class Strange:
    """Something of the client's name is there, and does not answer as the client does, or is built differently."""

    client: str
    executable: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identified:
    """A program that answered as its name promises. `version` and `output` are empty where it was not run."""

    executable: str
    version: str
    output: str


@dataclass(frozen=True, slots=True)
class Reads:
    """What a client reads. `title` and `profile` are set where they depend on what was found."""

    places: tuple[Place, ...]
    notes: tuple[Problem, ...] = ()
    title: str = ""
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that gives a client a store, instead of its own one or, with `adds`, besides it.

    `value` is ``{bundle}``, ``{directory}``, or an option that is added to what the variable holds.
    """

    name: str
    value: str = "{bundle}"
    adds: bool = False


def on_the_path(machine: Machine, name: str) -> tuple[str, ...]:
    """The program of that name, where there is one."""
    path = machine.which(name)
    return () if path is None else (path,)


@dataclass(frozen=True, slots=True)
class Client:
    """What one file of `capath.doctor.clients` provides.

    The program `name` says its version when it is run with `about`: the first group of `version`, which is empty
    where a part of it is not installed. `read` says from that what it reads; None where it is not installed, text
    where it is built in a way that capath does not know. `can_ask` says whether it can be run by itself.

    `variables` give it a store, the first one in a remedy, all of them where it should have no other. `option`
    does the same on its command line, directly after the program, with ``{bundle}`` or ``{keystore}`` in it;
    `setting` is how that is set permanently; `import_command`, followed by a file, adds one root to its own store.
    With `option_adds` that store is added to its own. `keeps` is what it reads besides a store from variables.
    """

    name: str
    about: tuple[str, ...]
    version: str
    read: Callable[[Machine, Identified], Reads | str | None]
    question: Question
    profile: Profile = Profile()
    fatal: frozenset[ProblemKind] = frozenset()
    relaxed: Question | None = None
    executables: Callable[[Machine, str], Iterable[str]] = on_the_path
    can_ask: Callable[[Identified], bool] = lambda found: True
    variables: tuple[Variable, ...] = ()
    option: tuple[str, ...] = ()
    setting: str = ""
    import_command: str = ""
    option_adds: bool = False
    keeps: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One client of this machine, and what it reads."""

    client: Client
    found: Identified
    reads: Reads

    @property
    def key(self) -> tuple[str, str]:
        """Which one it is, whatever its environment."""
        return self.client.name, self.executable

    @property
    def title(self) -> str:
        return self.reads.title or f"{self.client.name} {self.found.version}".rstrip()

    @property
    def executable(self) -> str:
        return self.found.executable

    @property
    def places(self) -> tuple[Place, ...]:
        return self.reads.places

    @property
    def profile(self) -> Profile:
        return self.reads.profile or self.client.profile
