"""gnutls-cli: GnuTLS's own trust, the system's bundle. It uses no variable for its store."""

from __future__ import annotations

from capath.doctor.asking import usual_place
from capath.doctor.program import Client, Profile, Question, Reads

CLIENT = Client(
    "gnutls-cli",
    ("--version",),
    r"^gnutls-cli (\d\S*)",
    lambda machine, found: Reads((usual_place(),)),
    Question(
        ("{host}", "-p", "{port}"),
        refused=r"Status: The certificate is NOT trusted|Error in the certificate",
    ),
    Profile(partial_chain=True),
    option=("--x509cafile={bundle}",),
    setting="the option --x509cafile={bundle}",
)
