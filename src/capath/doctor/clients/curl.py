"""curl built on OpenSSL: .curlrc, CURL_CA_BUNDLE, SSL_CERT_DIR, SSL_CERT_FILE, in this order."""

from __future__ import annotations

import os
import re

from capath.doctor.asking import (
    UNUSABLE,
    default_place,
    file_place,
    first_setting,
    usual_place,
    variable_directories,
    variable_place,
)
from capath.doctor.machine import Ended, Machine, closing_server
from capath.doctor.place import Place, Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads, Variable

_VARIABLES = ("CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE")


def _read(machine: Machine, found: Identified) -> Reads | str:
    if found.version and "OpenSSL/" not in found.output:
        return f"curl {found.version} is not built on OpenSSL"
    file, directory = _defaults(machine, found)
    directories: tuple[Place, ...] = (directory,)
    homes = [machine.get("CURL_HOME"), machine.get("XDG_CONFIG_HOME"), machine.home(), machine.home(".config")]
    paths = [os.path.join(home, name) for home in homes if home for name in (".curlrc", "curlrc")]
    cacert, capath = first_setting(paths, "cacert"), first_setting(paths, "capath")
    if cacert or capath:  # then no variable counts
        file = file_place(cacert, Shape.BUNDLE) if cacert else file
        directories = (file_place(capath, Shape.HASHED),) if capath else directories
    elif machine.get("CURL_CA_BUNDLE"):
        file = variable_place(machine, "CURL_CA_BUNDLE", Shape.BUNDLE)
    elif machine.get("SSL_CERT_DIR"):
        directories = variable_directories(machine, "SSL_CERT_DIR", Shape.HASHED)
    elif machine.get("SSL_CERT_FILE"):
        file = variable_place(machine, "SSL_CERT_FILE", Shape.BUNDLE)
    return Reads((file, *directories))


def _defaults(machine: Machine, found: Identified) -> tuple[Place, Place]:
    """Its compiled-in file and directory, which it prints when it connects."""
    if found.version:
        with closing_server() as address:
            arguments = (found.executable, "-q", "-sv", "--noproxy", "*", f"https://{address}/")
            asked = machine.changed(dict.fromkeys(_VARIABLES)).ask(arguments)
        said = asked.output if isinstance(asked, Ended) else ""
        file, path = (re.search(rf"^\*\s+{name}: (/.*)$", said, re.MULTILINE) for name in ("CAfile", "CApath"))
        if file and path:
            return default_place(file[1]), default_place(path[1], Shape.HASHED)
    return usual_place(), usual_place(Shape.HASHED)


CLIENT = Client(
    "curl",
    ("-q", "--version"),
    r"^curl (\d\S*)",
    _read,
    Question(
        ("-sS", "-o", "/dev/null", "-w", r"\ncapath tls=%{time_appconnect}\n", "{url}"),
        refused=r"^curl: \((60|77)\)",
        accepted=r"^capath tls=(?!0\.0*$)",
    ),
    Profile(partial_chain=True),
    UNUSABLE,
    variables=(Variable("CURL_CA_BUNDLE"),),
    keeps="the roots of its compiled-in directory",
    option=("--cacert", "{bundle}"),
)
