"""What can be copied of a certificate and of a tested host."""

from __future__ import annotations

import shlex

from capath.pki.pem import encode_pem
from capath.report.certificate import fingerprint_text
from capath.tui.bench import Finished, HostTest
from capath.tui.dialogs import Copyable
from capath.tui.model import Item


def certificate_choices(item: Item, directory: str) -> list[Copyable]:
    """The fingerprint, the PEM, the subject, and commands."""
    certificate = item.row.certificate
    pem = encode_pem("CERTIFICATE", certificate.der).decode("ascii")
    return [
        Copyable("f", "SHA-256 fingerprint", fingerprint_text(certificate.sha256)),
        Copyable("p", "PEM", pem),
        Copyable("s", "subject", certificate.subject.text),
        Copyable("h", "subject hash", certificate.subject_hash),
        Copyable("c", "capath show command", shlex.join(["capath", "show", directory, certificate.sha256[:16]])),
    ]


def connection_choices(test: HostTest, directory: str) -> list[Copyable]:
    """The commands that ask the same question, and the chain."""
    endpoint = test.endpoint
    host, port = endpoint.host, endpoint.port
    s_client = ["openssl", "s_client", "-CApath", directory, "-connect", endpoint.text]
    if endpoint.ip is None:
        s_client += ["-servername", host, "-verify_hostname", host]
    else:
        s_client += ["-verify_ip", endpoint.ip]
    url = f"https://{endpoint.text}/"
    choices = [
        Copyable("h", "host and port", f"{host}:{port}"),
        Copyable("o", "openssl s_client command", shlex.join([*s_client, "-verify_return_error"])),
        Copyable("t", "capath test command", shlex.join(["capath", "test", endpoint.text, "--capath", directory])),
        Copyable("u", "curl command", shlex.join(["curl", "--capath", directory, "--cacert", "/dev/null", url])),
        Copyable("r", "Python with requests", f"requests.get({url!r}, verify={directory!r})"),
    ]
    if isinstance(test.latest, Finished):
        sent = test.latest.result.verification.sent
        chain = "".join(encode_pem("CERTIFICATE", certificate.der).decode("ascii") for certificate in sent)
        choices.append(Copyable("p", "the chain it sent, PEM", chain))
    return choices
