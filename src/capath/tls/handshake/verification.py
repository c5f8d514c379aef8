"""What verifying a chain met: every error with its depth, the chain with its sources, and how lookup went."""

from __future__ import annotations

from dataclasses import dataclass

from capath.pki.certificate import Certificate
from capath.pki.name import Name
from capath.tls.handshake.verify_codes import VerifyCode


@dataclass(frozen=True, slots=True)
class VerifyError:
    """One error of X509_verify_cert: `code` as in `verify_codes`, `depth` counted from the leaf."""

    code: int
    depth: int

    @property
    def described(self) -> VerifyCode:
        return VerifyCode(self.code)


@dataclass(frozen=True, slots=True)
class FromServer:
    """The server sent it (or, offline, the file of untrusted certificates held it), at `position` from 0."""

    position: int


@dataclass(frozen=True, slots=True)
class FromCapath:
    """Lookup found it at hash link `link`; `file` is where that leads, the link's own name for a regular file."""

    link: str
    file: str


Origin = FromServer | FromCapath


@dataclass(frozen=True, slots=True)
class ChainElement:
    certificate: Certificate
    origin: Origin


@dataclass(frozen=True, slots=True)
class Lookup:
    """One step from leaf to anchor: the names asked for, the links that held a certificate of that subject.

    `found` is the link whose certificate went into the chain, None where none did.
    """

    subject: Name
    tried: tuple[str, ...]
    answered: tuple[str, ...]
    found: str | None

    @property
    def hash(self) -> str:
        return self.subject.subject_hash


@dataclass(frozen=True, slots=True)
class Anchor:
    """The certificate of the directory that the chain ends in."""

    certificate: Certificate
    link: str
    file: str


@dataclass(frozen=True, slots=True)
class Verification:
    """`errors` in the order in which OpenSSL comes to them; none means that the chain verified.

    `sent` is the leaf and what came with it, in that order; `chain` is what OpenSSL built of it, leaf first, as
    far as it came. Both are empty where no certificate arrived. `unreadable` says of certificates that OpenSSL
    took and capath cannot decode why not. `after_broken`: the anchor was found only after a hash link that does
    not load; `stopping` are the other OpenSSLs on this machine that were seen to stop at such a link.
    """

    errors: tuple[VerifyError, ...]
    sent: tuple[Certificate, ...]
    chain: tuple[ChainElement, ...]
    lookups: tuple[Lookup, ...]
    anchor: Anchor | None
    unreadable: tuple[str, ...] = ()
    after_broken: bool = False
    stopping: tuple[str, ...] = ()

    @property
    def verdict(self) -> VerifyError:
        """The first error, which is what Python, requests and curl report; code 0 where there is none."""
        return self.errors[0] if self.errors else VerifyError(0, 0)

    def at(self, depth: int) -> Certificate | None:
        """The certificate at `depth` of the chain that was built."""
        return self.chain[depth].certificate if 0 <= depth < len(self.chain) else None


NOTHING_SEEN = Verification((), (), (), (), None)
