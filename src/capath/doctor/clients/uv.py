"""uv: its compiled-in list, or SSL_CERT_FILE and SSL_CERT_DIR, or the system's store with UV_SYSTEM_CERTS."""

from __future__ import annotations

from capath.doctor.asking import (
    OPENSSL_VARIABLES,
    USUAL_DIRECTORY,
    built_in,
    usual_bundle,
    variable_directories,
    variable_place,
)
from capath.doctor.machine import Machine
from capath.doctor.place import FromVariable, Place, Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads

# Only wheels: for another form uv would run what the host sends.
_QUESTION = ("pip", "install", "--dry-run", "--no-build", "--no-cache", "--target", ".")
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


def _read(machine: Machine, found: Identified) -> Reads:
    chosen = variable_directories(machine, "SSL_CERT_DIR", Shape.WHOLE)
    if machine.get("SSL_CERT_FILE"):
        chosen = (variable_place(machine, "SSL_CERT_FILE", Shape.BUNDLE), *chosen)
    for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):
        if not chosen and machine.get(name).lower() in _TRUE:
            why = FromVariable(name, machine.get(name))
            chosen = (Place(usual_bundle(), Shape.BUNDLE, why), Place(USUAL_DIRECTORY, Shape.WHOLE, why))
    return Reads(chosen or (built_in(None),))


CLIENT = Client(
    "uv",
    ("--version",),
    r"^uv (\d\S*)",
    _read,
    Question(
        (*_QUESTION, "--index-url", "{url}", "capath-doctor-zzzz"),
        refused=r"invalid peer certificate",
        accepted=r"Content-Type|not found in|HTTP status|no versions",
        environment=(("UV_HTTP_RETRIES", "0"), ("UV_NO_PROGRESS", "1")),
    ),
    Profile(partial_chain=True, common_name=False),
    variables=OPENSSL_VARIABLES,
)
