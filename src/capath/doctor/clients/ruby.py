"""Ruby's openssl library: OpenSSL's defaults."""

from __future__ import annotations

from capath.doctor.asking import OPENSSL_VARIABLES, openssl_places
from capath.doctor.machine import Machine
from capath.doctor.program import Client, Identified, Question, Reads

_ABOUT = "puts 'Ruby ' + RUBY_VERSION, OpenSSL::X509::DEFAULT_CERT_FILE, OpenSSL::X509::DEFAULT_CERT_DIR"
_CONNECT = "Net::HTTP.start(ARGV[0], ARGV[1].to_i, nil, nil, use_ssl: true) {}"


def _read(machine: Machine, found: Identified) -> Reads:
    lines = found.output.strip().splitlines()
    bundle, directory = lines[-2:] if len(lines) > 2 else ("", "")
    return Reads(openssl_places(machine, bundle, directory))


CLIENT = Client(
    "ruby",
    ("-ropenssl", "-e", _ABOUT),
    r"^Ruby (\d\S*)",
    _read,
    Question(
        ("-rnet/http", "-ropenssl", "-e", _CONNECT, "{host}", "{port}"),
        refused=r"certificate verify failed|does not match the server certificate",
    ),
    variables=OPENSSL_VARIABLES,
)
