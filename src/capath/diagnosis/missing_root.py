"""Roots that the directory lacks: where they are, and how they come in."""

from __future__ import annotations

from capath.diagnosis.case import Case
from capath.diagnosis.cause import Action, Cause, Finding, Remedy
from capath.diagnosis.known_roots import KnownRoot
from capath.diagnosis.words import title, which
from capath.pki.certificate import Certificate
from capath.pki.visible import visible


def known_on_the_way(case: Case, depth: int) -> KnownRoot | None:
    """A root of another store whose key signed a certificate of the chain up to `depth`, the topmost first."""
    for at in range(depth, -1, -1):
        child = case.verification.at(at)
        known = None if child is None else case.roots.issuer(child, case.now)
        if known is not None:
            return known
    return None


def not_in_store(case: Case, known: KnownRoot) -> Finding:
    """The cause of a chain that ends in a root of another store."""
    text = (
        f"The chain leads to “{title(known.certificate.subject)}”, which is not in the directory. "
        f"{visible(known.title)} has it, and its key verifies the chain."
    )
    return Finding(Cause.ROOT_NOT_IN_STORE, text, (import_known(case, known),))


def import_known(case: Case, known: KnownRoot) -> Remedy:
    """Import a root from the store that has it."""
    root = known.certificate
    text = f"Import “{title(root.subject)}” from {visible(known.title)}. SHA-256: {root.sha256}"
    command = case.command("import", known.argument, "--select", which(root))
    return Remedy(Action.IMPORT, text, command, root.sha256)


def import_shown(case: Case, certificate: Certificate) -> str:
    """The command that imports one certificate of those that the server shows; empty for an offline test."""
    if case.live is None:
        return ""
    return case.command("import", f"https://{case.live.endpoint.text}", "--select", which(certificate))
