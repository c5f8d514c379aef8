"""The openssl command: OpenSSL's defaults."""

from __future__ import annotations

import os
import re

from capath.doctor.asking import OPENSSL_VARIABLES, openssl_places
from capath.doctor.machine import Machine
from capath.doctor.program import Client, Identified, Question, Reads


def _read(machine: Machine, found: Identified) -> Reads:
    said = re.search(r'^OPENSSLDIR: "(.*)"', found.output, re.MULTILINE)
    if said is None:
        return Reads(openssl_places(machine, "", ""))
    return Reads(openssl_places(machine, os.path.join(said[1], "cert.pem"), os.path.join(said[1], "certs")))


CLIENT = Client(
    "openssl",
    ("version", "-a"),
    r"^OpenSSL (\d\S*)",
    _read,
    Question(
        ("s_client", "-connect", "{address}", "-verify_return_error", "-verify_{kind}", "{host}"),
        refused=r"verify error:num=",
    ),
    variables=OPENSSL_VARIABLES,
)
