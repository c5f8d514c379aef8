"""STORE as people name it, and a temporary copy of one in every form that a client takes."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from capath.errors import BadInputError
from capath.pki.certificate import Certificate
from capath.pki.pem import encode_pem
from capath.pki.visible import visible
from capath.sources.store import open_store as opened_store
from capath.store import list_store

KEYSTORE_PASSWORD = b"changeit"


@dataclass(frozen=True, slots=True)
class GivenStore:
    """A store in the forms that clients take: paths of a PEM bundle and of a directory with hash links."""

    bundle: str
    directory: str

    @property
    def keystore(self) -> str:
        """A path for the same as a Java keystore, which `write_keystore` writes."""
        return f"{self.bundle}.p12"


def open_store(text: str) -> tuple[Certificate, ...]:
    """The roots that the STORE `text` trusts for TLS servers. Raises BadInputError where there are none."""
    with opened_store(text) as store:
        rows = list_store(store.scan()).certificates
    found = {row.held.sha256: row.certificate for row in rows if row.trusted}
    if not found:
        advice = f": {visible(store.refused[0].reason)}" if store.refused else ""
        if rows and not store.read_only:
            advice = f": make its hash links with capath rehash {visible(text)}"
        raise BadInputError(f"{visible(text)}: it has no trusted certificate{advice}")
    return tuple(found.values())


@contextlib.contextmanager
def given_store(certificates: Iterable[Certificate]) -> Iterator[GivenStore]:
    """`certificates` in temporary files, as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="capath-store-") as place:
        store = GivenStore(os.path.join(place, "bundle.pem"), os.path.join(place, "certs"))
        os.mkdir(store.directory)
        slots = Counter[str]()
        with open(store.bundle, "wb") as bundle:
            for certificate in certificates:
                block = encode_pem("CERTIFICATE", certificate.der)
                bundle.write(block)
                name = certificate.subject.subject_hash
                with open(os.path.join(store.directory, f"{name}.{slots[name]}"), "wb") as file:
                    file.write(block)
                slots[name] += 1
        yield store


def write_keystore(store: GivenStore, certificates: Iterable[Certificate]) -> None:
    """Write `store.keystore`, a trust store for Java in PKCS#12, with the password that cacerts has."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    entries = []
    with warnings.catch_warnings():  # what is only discouraged is for Java to judge
        warnings.simplefilter("ignore")
        for certificate in certificates:
            with contextlib.suppress(ValueError):  # one that cryptography does not load
                loaded = x509.load_der_x509_certificate(certificate.der)
                entries.append(pkcs12.PKCS12Certificate(loaded, certificate.sha256.encode()))
    data = pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(KEYSTORE_PASSWORD))
    with open(store.keystore, "wb") as file:
        file.write(data)
