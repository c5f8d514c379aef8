"""The OpenSSL context of a test, made from its options."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timezone
from typing import TYPE_CHECKING

from capath.tls.capath_argument import capath_argument
from capath.tls.handshake.alerts import FATAL
from capath.tls.handshake.verification import VerifyError
from capath.tls.option_table import TEST_OPTIONS
from capath.tls.test_options import ProbeOptions, VerifyFlags
from capath.tls.verify_flags import store_flags

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

_READ_ALERT = 0x4004  # SSL_CB_READ_ALERT
_LOOP = 0x1001  # SSL_CB_CONNECT_LOOP
_ERRORS_LIMIT = 200


@dataclass(slots=True)
class Observed:
    """What the callbacks saw. It fills while the handshake runs; read it when that has ended."""

    errors: list[VerifyError] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    chain: list[bytes] = field(default_factory=list)
    certificate_requested: bool = False
    staple: bytes = b""
    alert: int | None = None


class SharedContexts:
    """Contexts for many tests of one state of a directory, one for each set of options.

    A context remembers every certificate that it found, so a root that is removed meanwhile stays trusted: this is
    for one run that tells of one state. Build it with `sharing_contexts`.
    """

    def __init__(self, argument: str) -> None:
        self.argument = argument
        """The directory, as OpenSSL takes it (`capath_argument`)."""
        self.profile_stores: dict[VerifyFlags, crypto.X509Store] = {}
        """For `capath.tls.offline.profiles`: they too tell of one state."""
        self._lock = threading.Lock()
        self._made: dict[tuple[object, ...], SSL.Context] = {}

    def get(self, options: ProbeOptions) -> SSL.Context:
        """The context for `options`, made where there is none yet."""
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
    """Contexts that trust only `directory`, as long as the block lasts."""
    with capath_argument(directory) as argument:
        yield SharedContexts(argument)


def make_context(directory: str, options: ProbeOptions) -> SSL.Context:
    """A client's context that trusts only `directory`, new: one that was used remembers what it found there."""
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.load_verify_locations(None, os.fsencode(directory))
    store = context.get_cert_store()
    assert store is not None
    if bits := store_flags(options.flags):
        store.set_flags(bits)
    if options.at is not None:
        store.set_time(options.at.astimezone(timezone.utc))
    for option in TEST_OPTIONS:
        if option.apply is not None:
            option.apply(context, options)
    return context


def observing_context(directory: str, options: ProbeOptions) -> SSL.Context:
    """A context, as `make_context` has it, that lets every error pass and notes it for its handshake."""
    from OpenSSL import SSL

    context = make_context(directory, options)
    context.set_verify(SSL.VERIFY_PEER, _on_verify)
    context.set_ocsp_client_callback(_on_staple)
    context.set_info_callback(_on_info)
    return context


def _observed(connection: SSL.Connection) -> Observed:
    observed = connection.get_app_data()
    assert isinstance(observed, Observed)
    return observed


def _on_verify(connection: SSL.Connection, _: object, code: int, depth: int, ok: int) -> bool:
    if not ok:
        errors = _observed(connection).errors
        error = VerifyError(code, depth)
        if error not in errors and len(errors) < _ERRORS_LIMIT:
            errors.append(error)
    return True


def _on_staple(connection: SSL.Connection, staple: bytes, _: object) -> bool:
    _observed(connection).staple = staple
    return True


def _on_info(connection: SSL.Connection, where: int, value: int) -> None:
    if where == _READ_ALERT and value >> 8 == FATAL:
        _observed(connection).alert = value & 0xFF
    elif where == _LOOP and b"certificate request" in connection.get_state_string():
        _observed(connection).certificate_requested = True
