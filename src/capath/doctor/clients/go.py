"""Go: the system's bundle and every file of the system's directory, for the go command and for what it builds."""

from __future__ import annotations

from capath.doctor.asking import (
    OPENSSL_VARIABLES,
    USUAL_DIRECTORY,
    overrides,
    usual_place,
    variable_directories,
    variable_place,
)
from capath.doctor.machine import PRIVATE, Machine
from capath.doctor.place import Place, Problem, Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads


def _read(machine: Machine, found: Identified) -> Reads:
    file = usual_place()
    directories: tuple[Place, ...] = (usual_place(Shape.WHOLE),)
    notes: tuple[Problem, ...] = ()
    if machine.get("SSL_CERT_FILE"):
        file = variable_place(machine, "SSL_CERT_FILE", Shape.BUNDLE)
        if not machine.get("SSL_CERT_DIR"):
            text = f"SSL_CERT_FILE does not limit Go: it still reads every file of {USUAL_DIRECTORY}"
            notes = (overrides(text),)
    if machine.get("SSL_CERT_DIR"):
        directories = variable_directories(machine, "SSL_CERT_DIR", Shape.WHOLE)
    return Reads((file, *directories), notes)


CLIENT = Client(
    "go",
    ("version",),
    r"^go version go(\d\S*)",
    _read,
    # A module is looked up at the host as if it were a module proxy: nothing is compiled or installed.
    Question(
        ("list", "-m", "example.com/x@latest"),
        refused=r"x509: ",
        accepted=r"invalid response from proxy|: [1-5]\d\d |no matching versions",
        environment=(
            ("GOPROXY", "https://{address}"),
            ("GOPATH", PRIVATE),
            ("GOCACHE", PRIVATE),
            ("GOENV", "off"),
            ("GO111MODULE", "on"),
            ("GOFLAGS", "-mod=mod"),
            ("GOTOOLCHAIN", "local"),
            ("GONOSUMDB", "*"),
        ),
    ),
    Profile(partial_chain=True, common_name=False),
    variables=OPENSSL_VARIABLES,
)
