"""What can be copied of the row under the cursor. What is shown is what is copied: no text with controls or
characters that do not print reaches the clipboard."""

from __future__ import annotations

import shlex

from capath.pki.visible import visible
from capath.tui.bench import Finished, HostTest
from capath.tui.model import Item
from capath.tui.overlays import Choice
from capath.tui.pane import Pane
from capath.tui.session import Session
from capath.tui.text import plain

_LABEL_LIMIT = 60


def choices_of(pane: Pane, session: Session) -> list[Choice]:
    """Everything that can be copied here, the certificate or the host first."""
    directory = session.exploration.directory
    test = getattr(pane, "current", None)
    choices: list[Choice] = []
    if isinstance(test, HostTest):
        choices = _host(test, directory, session)
    elif (item := pane.item()) is not None:
        choices = _certificate(item, directory)
    details = pane.details(80, 40)
    if details.lines:
        text = "\n".join(plain(spans).rstrip() for spans in details.lines)
        choices.append(Choice("d", "these details", text))
    return [choice._replace(value=_shown(choice.value)) for choice in choices]


def _shown(text: str) -> str:
    """Each line as it is shown."""
    return "\n".join(visible(part) for part in text.split("\n"))


def _certificate(item: Item, directory: str) -> list[Choice]:
    from capath.report.certificate import certificate_pem, fingerprint_text

    certificate = item.row.certificate
    choices = [
        Choice("f", "SHA-256 fingerprint", fingerprint_text(certificate.sha256)),
        Choice("p", "PEM", certificate_pem(certificate)),
        Choice("s", "subject", certificate.subject.text),
        Choice("h", "subject hash", certificate.subject_hash),
        Choice("n", "file name", item.row.file),
        Choice("c", "command: capath show", shlex.join(["capath", "show", directory, certificate.sha256[:16]])),
    ]
    return [
        choice if "\n" in choice.value else choice._replace(note=visible(choice.value)[:_LABEL_LIMIT])
        for choice in choices
    ]


def _host(test: HostTest, directory: str, session: Session) -> list[Choice]:
    """The same question in other words, the chain, and the result."""
    from capath.report.document import document
    from capath.report.test import result_json
    from capath.report.test_commands import Wording, equivalents, evidence

    keys = {
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
    snapshot = None if session.store is None else session.store.listing.snapshot
    found = list(equivalents(test.host, directory, snapshot))
    if isinstance(test.latest, Finished):
        result, diagnosis = test.latest.result, test.latest.diagnosis
        found += evidence(result, document({"results": [result_json(result, diagnosis)]}))
    return [
        Choice("h", "host and port", test.endpoint.text),
        *(Choice(keys[item.wording], item.title, item.text) for item in found if item.text),
    ]
