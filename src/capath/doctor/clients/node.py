"""Node.js: its compiled-in list, or OpenSSL's defaults with --use-openssl-ca; NODE_EXTRA_CA_CERTS adds to both."""

from __future__ import annotations

import json

from capath.doctor.asking import OPENSSL_VARIABLES, built_in, openssl_places, variable_place
from capath.doctor.machine import Machine
from capath.doctor.place import Place, Shape
from capath.doctor.program import Client, Identified, Question, Reads, Variable

EXTRA = Variable("NODE_EXTRA_CA_CERTS", adds=True)
_USE_OPENSSL = "--use-openssl-ca"
ABOUT = (
    "console.log('Node ' + process.versions.node); console.log(JSON.stringify("
    "[process.config.variables.openssldir || '/etc/ssl', require('tls').rootCertificates.join('\\n')]))"
)
_CONNECT = """
process.exitCode = 1;
const [host, port] = process.argv.slice(1);
const servername = require('net').isIP(host) ? '' : host;
const socket = require('tls').connect({host, port, servername}, () => process.exit(0));
socket.on('error', e => require('fs').writeSync(1,
    (/^E[A-Z]+$|^ERR_SSL/.test(e.code) ? 'unknown ' : 'refused ') + e.code + ': ' + e.message));
"""


def read_node(machine: Machine, found: Identified) -> Reads | str:
    """What Node reads; npm reads the same."""
    directory, roots = "", None
    if found.version:
        try:
            directory, roots = map(str, json.loads(found.output.strip().splitlines()[-1]))
        except (ValueError, TypeError, RecursionError):
            return "it does not list its roots as Node does"
    places: tuple[Place, ...] = (built_in(roots),)
    if _USE_OPENSSL in machine.get("NODE_OPTIONS").split():
        places = openssl_places(machine, directory and f"{directory}/cert.pem", directory and f"{directory}/certs")
    if machine.get("NODE_EXTRA_CA_CERTS"):
        places = (*places, variable_place(machine, "NODE_EXTRA_CA_CERTS", Shape.BUNDLE))
    return Reads(places)


CLIENT = Client(
    "node",
    ("-e", ABOUT),
    r"^Node (\d\S*)$",
    read_node,
    Question(("-e", _CONNECT, "{host}", "{port}"), refused=r"^refused "),
    variables=(
        EXTRA,
        Variable("NODE_OPTIONS", _USE_OPENSSL),
        *OPENSSL_VARIABLES,
    ),
)
