"""httpx, in each Python that has it: certifi, unless SSL_CERT_FILE, else SSL_CERT_DIR, names another store."""

from __future__ import annotations

from capath.doctor.asking import UNUSABLE, variable_directories, variable_place
from capath.doctor.clients.pythons import (
    ABOUT,
    VERSION,
    bundled,
    facts_of,
    profile_of,
    pythons,
    question,
    title_of,
)
from capath.doctor.machine import Machine
from capath.doctor.place import Place, Shape
from capath.doctor.program import Client, Identified, Reads, Variable


def _read(machine: Machine, found: Identified) -> Reads | None:
    facts = facts_of(found)
    if not facts.get("httpx"):
        return None
    places: tuple[Place, ...] = (bundled(facts["certifi_bundle"], "certifi", facts["certifi"]),)
    if machine.get("SSL_CERT_FILE"):
        places = (variable_place(machine, "SSL_CERT_FILE", Shape.BUNDLE),)
    elif machine.get("SSL_CERT_DIR"):
        places = variable_directories(machine, "SSL_CERT_DIR", Shape.HASHED)
    return Reads(places, (), f"httpx {facts['httpx']} ({title_of(found)})", profile_of(facts))


CLIENT = Client(
    "httpx",
    ABOUT,
    VERSION,
    _read,
    question("import httpx\nwith httpx.stream('GET', url, timeout=9): pass"),
    fatal=UNUSABLE,
    executables=pythons,
    variables=(Variable("SSL_CERT_FILE"),),
)
