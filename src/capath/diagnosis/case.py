"""What a diagnosis is made from: one test, the directory it was made against, and the time it was made."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from capath.diagnosis.known_roots import NO_ROOTS, KnownRoots
from capath.pki.certificate import Certificate
from capath.pki.name import Name
from capath.store import CertificateRow, Listing, Snapshot, list_store
from capath.tls.handshake.verification import ChainElement, Verification, VerifyError
from capath.tls.result import Engine, ProbeResult
from capath.tls.test_options import CrlCheck


@dataclass(frozen=True)
class Case:
    """`host` is what the leaf had to be for, empty where that was not asked. `live` is None for an offline test.

    `roots` is where to look for what the directory lacks; `engines` are the OpenSSLs that verified offline.

    `directory` is what commands name: the store the person works on, even where a copy of it was tested.
    """

    verification: Verification
    snapshot: Snapshot
    directory: str
    host: str
    now: datetime
    live: ProbeResult | None
    roots: KnownRoots = NO_ROOTS
    engines: tuple[Engine, ...] = ()

    @property
    def listing(self) -> Listing:
        return _listing_of(self.snapshot)

    def first(self, *codes: int) -> VerifyError | None:
        """The first error that has one of `codes`."""
        return next((error for error in self.verification.errors if error.code in codes), None)

    def element(self, error: VerifyError) -> ChainElement | None:
        """The certificate that `error` is about."""
        chain = self.verification.chain
        return chain[error.depth] if 0 <= error.depth < len(chain) else None

    def rows_named(self, subject: Name) -> tuple[CertificateRow, ...]:
        """The directory's certificates of that subject, whatever their state."""
        wanted = subject.canonical
        return tuple(row for row in self.listing.certificates if row.certificate.subject.canonical == wanted)

    def rows_of(self, certificate: Certificate) -> tuple[CertificateRow, ...]:
        return self.listing.by_sha256.get(certificate.sha256, ())

    def certificate(self, sha256: str) -> Certificate | None:
        """One that was sent, or stands in a store that is looked into as an issuer of what was."""
        sent = (*self.verification.sent, *(element.certificate for element in self.verification.chain))
        for certificate in sent:
            if certificate.sha256 == sha256:
                return certificate
            if (known := self.roots.by_sha256(certificate.issuer, sha256)) is not None:
                return known.certificate
        return None

    def command(self, verb: str, *operands: str) -> str:
        """``capath VERB DIRECTORY OPERANDS``, quoted for a shell."""
        return shlex.join(["capath", verb, self.directory, *operands])

    def test_command(self, host: str) -> str:
        """``capath test`` of `host` on the same port with the same directory, and in the same way."""
        port = 443 if self.live is None else self.live.endpoint.port
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return shlex.join(["capath", "test", where, "--capath", self.directory, *self._same_way()])

    def retest_command(self, *options: str) -> str:
        """``capath test`` of the same host with `options` more; empty for an offline test."""
        if self.live is None:
            return ""
        where, name = self.live.endpoint.text, self.live.options.servername
        same = ["--servername", name] if name and "--servername" not in options else []
        same += self._same_way(but_for=options)
        return shlex.join(["capath", "test", where, "--capath", self.directory, *same, *options])

    def _same_way(self, *, but_for: Sequence[str] = ()) -> list[str]:
        """The options of the test: its protocol, its flags and the proxy that a person named."""
        if self.live is None:
            return []
        asked = self.live.options
        same = []
        if asked.starttls is not None and "--starttls" not in but_for:
            same += ["--starttls", asked.starttls.value]
        same += ["--strict"] if asked.flags.strict else []
        same += ["--partial-chain"] if asked.flags.partial_chain else []
        checks = {CrlCheck.LEAF: ["--crl-check"], CrlCheck.ALL: ["--crl-check-all"], CrlCheck.NONE: []}
        same += checks[asked.flags.crl_check]
        if asked.proxy is not None and not asked.proxy.variable and "--no-proxy" not in but_for:
            same += ["--proxy", asked.proxy.text]
        return same


_last_listing: list[Listing] = []


def _listing_of(snapshot: Snapshot) -> Listing:
    """The listing of `snapshot`; many hosts that fail are told from one, so the last one made is kept."""
    for listing in _last_listing:
        if listing.snapshot is snapshot:
            return listing
    listing = list_store(snapshot)
    _last_listing[:] = [listing]
    return listing
