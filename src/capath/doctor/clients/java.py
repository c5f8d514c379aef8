"""Java: the cacerts of its runtime, or javax.net.ssl.trustStore. It uses no variable of its own for its store.

A runtime without a compiler cannot be asked to connect: capath's judgement is all there is.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable

from capath.doctor.machine import Ended, Machine
from capath.doctor.place import CompiledIn, FromVariable, Place, Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads, on_the_path

_SOURCE = os.path.join(os.path.dirname(__file__), "Ask.java")
_OPTION = "-Djavax.net.ssl.trustStore="
_PASSWORD = "changeit"  # noqa: S105 (what every Java's cacerts has)


def _executables(machine: Machine, name: str) -> Iterable[str]:
    own = os.path.join(machine.get("JAVA_HOME") or "/nonexistent", "bin", name)
    return (own,) if os.access(own, os.X_OK) else on_the_path(machine, name)


def _home(found: Identified) -> str:
    said = re.search(r"^\s+java\.home = (/.*)$", found.output, re.MULTILINE)
    return said[1] if said else os.path.dirname(os.path.dirname(os.path.realpath(found.executable)))


def _read(machine: Machine, found: Identified) -> Reads:
    """The trust store that a variable's options name; where it is not there, Java silently takes cacerts."""
    security = os.path.join(_home(found), "lib", "security")
    names = [os.path.join(security, name) for name in ("jssecacerts", "cacerts")]
    path = next(filter(os.path.exists, names), names[1])
    default = _keystore(machine, found, path, CompiledIn(bool(found.version)))
    for variable in ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"):
        try:
            words = shlex.split(machine.get(variable))
        except ValueError:
            continue
        named = [word.removeprefix(_OPTION) for word in words if word.startswith(_OPTION)]
        if named:
            path, why = machine.path(named[-1]), FromVariable(variable, named[-1])
            chosen = _keystore(machine, found, path, why)
            return Reads((chosen,) if os.path.isfile(path) else (chosen, default))
    return Reads((default,))


def _keystore(machine: Machine, found: Identified, path: str, why: CompiledIn | FromVariable) -> Place:
    """The keystore with the roots that the runtime's own keytool lists."""
    keytool, pem = os.path.join(_home(found), "bin", "keytool"), None
    if machine.may_run and os.path.isfile(path) and os.path.exists(keytool):
        listed = machine.ask([keytool, "-list", "-rfc", "-keystore", path, "-storepass", _PASSWORD])
        if isinstance(listed, Ended) and listed.status == 0:
            pem = listed.output
    return Place(path, Shape.KEYSTORE, why, pem)


CLIENT = Client(
    "java",
    ("-XshowSettings:properties", "-version"),
    r"^\s+java\.version = (\S+)$",
    _read,
    Question(
        (_SOURCE, "{url}"),
        refused=r"PKIX path|No subject alternative|No name matching|trustAnchors parameter|Error constructing",
    ),
    Profile(partial_chain=True),
    executables=_executables,
    can_ask=lambda found: os.path.exists(os.path.join(_home(found), "bin", "javac")),
    option=(f"{_OPTION}{{keystore}}", f"-Djavax.net.ssl.trustStorePassword={_PASSWORD}"),
    import_command="keytool -importcert -noprompt -cacerts -storepass changeit -alias capath-root -file",
)
