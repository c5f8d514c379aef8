"""requests, in each Python that has it: certifi, unless REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is set."""

from __future__ import annotations

import os

from capath.doctor.asking import UNUSABLE, overrides, variable_place
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

_OVERRIDES = "this variable also overrides Session.verify; verify= of a call overrides the variable"


def _read(machine: Machine, found: Identified) -> Reads | None:
    facts = facts_of(found)
    if not facts.get("requests"):
        return None
    title = f"requests {facts['requests']} ({title_of(found)})"
    profile = profile_of(facts, common_name=False)
    chosen = chosen_by_variable(machine)
    if chosen is not None:
        return Reads((chosen,), (overrides(_OVERRIDES),), title, profile)
    place = bundled(facts["requests_bundle"], "certifi", facts["certifi"])
    return Reads((place,), (), title, profile)


def chosen_by_variable(machine: Machine) -> Place | None:
    """The place that REQUESTS_CA_BUNDLE names, else CURL_CA_BUNDLE; an empty one counts as not set."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if machine.get(name):
            is_directory = os.path.isdir(machine.path(machine.get(name)))
            return variable_place(machine, name, Shape.HASHED if is_directory else Shape.BUNDLE)
    return None


CLIENT = Client(
    "requests",
    ABOUT,
    VERSION,
    _read,
    question("import requests\nrequests.get(url, timeout=9, stream=True).close()"),
    fatal=UNUSABLE,
    executables=pythons,
    variables=(Variable("REQUESTS_CA_BUNDLE"),),
)
