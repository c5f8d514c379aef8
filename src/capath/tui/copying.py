"""What can be copied of a certificate and of a tested host."""

from __future__ import annotations

import shlex

from capath.pki.pem import encode_pem
from capath.report.certificate import fingerprint_text
from capath.report.document import document
from capath.report.test import result_json
from capath.report.test_commands import Wording, equivalents, evidence
from capath.store import Snapshot
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


_KEYS = {
    Wording.CAPATH: "t",
    Wording.S_CLIENT: "o",
    Wording.CURL: "c",
    Wording.REQUESTS: "r",
    Wording.SSL: "s",
    Wording.HTTPX: "x",
    Wording.ENVIRONMENT: "e",
    Wording.SENT_PEM: "p",
    Wording.CHAIN_PEM: "b",
    Wording.JSON: "j",
}


def connection_choices(test: HostTest, directory: str, snapshot: Snapshot | None) -> list[Copyable]:
    """The same question in other words, the chain, and the result."""
    found = list(equivalents(test.host, directory, snapshot))
    if isinstance(test.latest, Finished):
        result, diagnosis = test.latest.result, test.latest.diagnosis
        found += evidence(result, document({"results": [result_json(result, diagnosis)]}))
    choices = [Copyable("h", "host and port", test.endpoint.text)]
    return choices + [Copyable(_KEYS[item.wording], item.title, item.text) for item in found if item.text]
