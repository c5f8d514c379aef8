"""Python's ssl module: OpenSSL's defaults; from 3.13 on strict (X509_V_FLAG_X509_STRICT)."""

from __future__ import annotations

from capath.doctor.asking import OPENSSL_VARIABLES, openssl_places
from capath.doctor.clients.pythons import ABOUT, VERSION, facts_of, profile_of, pythons, question, title_of
from capath.doctor.machine import Machine
from capath.doctor.program import Client, Identified, Reads

_CONNECT = """
import http.client, urllib.error, urllib.request
context = ssl.create_default_context()
context.verify_flags &= ~WITHOUT
try:
    urllib.request.build_opener(urllib.request.HTTPSHandler(context=context)).open(url, timeout=9).close()
except (urllib.error.HTTPError, http.client.HTTPException):
    pass
"""
_STRICT = "0x20"


def _read(machine: Machine, found: Identified) -> Reads:
    facts = facts_of(found)
    places = openssl_places(machine, facts.get("bundle", ""), facts.get("directory", ""))
    return Reads(places, (), f"{title_of(found)} ssl", profile_of(facts))


CLIENT = Client(
    "python",
    ABOUT,
    VERSION,
    _read,
    question(_CONNECT.replace("WITHOUT", "0")),
    relaxed=question(_CONNECT.replace("WITHOUT", _STRICT)),
    executables=pythons,
    variables=OPENSSL_VARIABLES,
)
