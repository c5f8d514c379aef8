"""The OpenSSL context of a test, made from its options."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from datetime import timezone
from typing import TYPE_CHECKING

from capath.errors import assert_never
from capath.tls.capath_argument import capath_argument
from capath.tls.test_options import CrlCheck, ProbeOptions, Protocol, VerifyFlags

if TYPE_CHECKING:
    from OpenSSL import SSL


class SharedContexts:
    """Contexts for many tests of one state of a directory, one for each set of options.

    A context remembers every certificate that it found, so a root that is removed meanwhile stays trusted: this is
    for one run that tells of one state. Build it with `sharing_contexts`.
    """

    def __init__(self, argument: str) -> None:
        self.argument = argument
        """The directory, as OpenSSL takes it (`capath_argument`)."""
        self._lock = threading.Lock()
        self._made: dict[tuple[object, ...], SSL.Context] = {}

    def get(self, options: ProbeOptions) -> SSL.Context:
        """The context for `options`, made where there is none yet."""
        from capath.tls.handshake.shake_hands import observing_context

        identity = options.identity
        limits = (options.min_protocol, options.max_protocol)
        key = (options.flags, options.at, options.alpn, *limits, id(identity))
        with self._lock:
            context = self._made.get(key)
            if context is None:
                context = self._made[key] = observing_context(self.argument, options)
            return context


@contextlib.contextmanager
def sharing_contexts(directory: str) -> Iterator[SharedContexts]:
    """Contexts that trust `directory` alone, as long as the block lasts."""
    with capath_argument(directory) as argument:
        yield SharedContexts(argument)


def store_flags(flags: VerifyFlags) -> int:
    """Return `flags` as X509_V_FLAG_* (X509_VERIFY_PARAM_set_flags(3))."""
    from OpenSSL.crypto import X509StoreFlags

    bits = X509StoreFlags.X509_STRICT if flags.strict else 0
    if flags.partial_chain:
        bits |= X509StoreFlags.PARTIAL_CHAIN
    match flags.crl_check:
        case CrlCheck.NONE:
            return bits
        case CrlCheck.LEAF:
            return bits | X509StoreFlags.CRL_CHECK
        case CrlCheck.ALL:
            return bits | X509StoreFlags.CRL_CHECK | X509StoreFlags.CRL_CHECK_ALL
        case _:
            assert_never(flags.crl_check)


def make_context(directory: str, options: ProbeOptions) -> SSL.Context:
    """A client's context that trusts `directory` alone, new: one that was used remembers what it found there."""
    from OpenSSL import SSL

    versions = {
        Protocol.TLS_1_0: SSL.TLS1_VERSION,
        Protocol.TLS_1_1: SSL.TLS1_1_VERSION,
        Protocol.TLS_1_2: SSL.TLS1_2_VERSION,
        Protocol.TLS_1_3: SSL.TLS1_3_VERSION,
    }
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.load_verify_locations(None, os.fsencode(directory))
    store = context.get_cert_store()
    assert store is not None
    if bits := store_flags(options.flags):
        store.set_flags(bits)
    if options.at is not None:
        store.set_time(options.at.astimezone(timezone.utc))
    if options.min_protocol is not None:
        context.set_min_proto_version(versions[options.min_protocol])
    if options.max_protocol is not None:
        context.set_max_proto_version(versions[options.max_protocol])
    if not {options.min_protocol, options.max_protocol}.isdisjoint({Protocol.TLS_1_0, Protocol.TLS_1_1}):
        context.set_cipher_list(b"DEFAULT@SECLEVEL=0")  # above level 0 OpenSSL has no TLS before 1.2
    if options.identity is not None:
        context.use_certificate(options.identity.chain[0])
        for certificate in options.identity.chain[1:]:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(options.identity.key)
    if options.alpn:
        context.set_alpn_protos([name.encode("ascii") for name in options.alpn])
    return context
