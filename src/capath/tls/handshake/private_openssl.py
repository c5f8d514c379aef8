"""The one place that uses private names of pyOpenSSL, for what has no public way.

`OpenSSL.SSL.Session` holds an SSL_SESSION and shows nothing of it; `i2d_SSL_SESSION` of the same binding encodes
it. Where a later version has neither, the record is reported as not available. A host name to be checked offline
has no public way in either.
"""

from __future__ import annotations

import contextlib
import ipaddress
from typing import Any

from capath.errors import BadInputError, ParseError
from capath.pki.visible import visible
from capath.tls.handshake.session import RecordNotAvailable, SessionRecord, read_session_record
from capath.tls.test_options import Purpose


def session_record(connection: Any) -> SessionRecord | RecordNotAvailable:
    """Return the record of the session that `connection` (an OpenSSL.SSL.Connection) uses at this moment."""
    session = connection.get_session()
    if session is None:
        return RecordNotAvailable("there is no session")
    try:
        encoded = _encode(session)
    except (AttributeError, ImportError, TypeError) as error:
        return RecordNotAvailable(f"this version of pyOpenSSL does not provide it ({error})")
    try:
        return read_session_record(encoded)
    except (ParseError, ValueError, OverflowError) as error:
        return RecordNotAvailable(f"the session's record does not decode: {error}")


def _encode(session: Any) -> bytes:
    from OpenSSL import _util

    binding: Any = _util
    length = binding.lib.i2d_SSL_SESSION(session._session, binding.ffi.NULL)
    if length <= 0:
        raise TypeError("i2d_SSL_SESSION gave nothing")
    buffer = binding.ffi.new("unsigned char[]", length)
    position = binding.ffi.new("unsigned char **", buffer)
    binding.lib.i2d_SSL_SESSION(session._session, position)
    return bytes(binding.ffi.buffer(buffer, length))


def set_host(store: Any, host: str) -> None:
    """Let verifications with `store` (an OpenSSL.crypto.X509Store) check `host`, a name or an IP address.

    As `openssl verify -verify_hostname` and `-verify_ip` do (X509_VERIFY_PARAM_set1_host(3)). Raises
    BadInputError where this pyOpenSSL cannot, or where OpenSSL takes `host` for neither.
    """
    from OpenSSL import _util

    binding: Any = _util
    try:
        parameters = binding.ffi.gc(binding.lib.X509_VERIFY_PARAM_new(), binding.lib.X509_VERIFY_PARAM_free)
        address = _octets(host)
        if address:
            done = binding.lib.X509_VERIFY_PARAM_set1_ip(parameters, address, len(address))
        else:
            name = host.encode("ascii", "strict")
            done = binding.lib.X509_VERIFY_PARAM_set1_host(parameters, name, len(name))
        if not done or not binding.lib.X509_STORE_set1_param(store._store, parameters):
            raise BadInputError(f"{visible(host)}: OpenSSL accepts this as neither a host name nor an address")
    except AttributeError as error:
        raise BadInputError(f"this pyOpenSSL cannot check a host name offline ({error})") from None


def set_purpose(store: Any, purpose: Purpose) -> None:
    """Let verifications with `store` (an OpenSSL.crypto.X509Store) ask for `purpose` and its trust attributes.

    As `openssl verify -purpose` does. Raises BadInputError where this pyOpenSSL cannot.
    """
    from OpenSSL import _util

    lib: Any = _util.lib
    try:
        numbers = {
            Purpose.SERVER: lib.X509_PURPOSE_SSL_SERVER,
            Purpose.CLIENT: lib.X509_PURPOSE_SSL_CLIENT,
            Purpose.ANY: lib.X509_PURPOSE_ANY,
        }
        lib.X509_STORE_set_purpose(store._store, numbers[purpose])
    except AttributeError as error:
        raise BadInputError(f"this pyOpenSSL cannot check a purpose offline ({error})") from None


def chain_of_failure(context: Any) -> tuple[bytes, ...]:
    """Verify with `context` (an OpenSSL.crypto.X509StoreContext) again; the chain that it refused, in DER.

    Leaf first. Empty where it verifies, or where this pyOpenSSL does not give the chain away.
    """
    from OpenSSL import _util, crypto

    binding: Any = _util
    chain: list[bytes] = []

    def keep(store_context: Any) -> Exception:
        stack = binding.lib.X509_STORE_CTX_get1_chain(store_context)
        if stack != binding.ffi.NULL:
            for at in range(binding.lib.sk_X509_num(stack)):
                certificate = crypto.X509._from_raw_x509_ptr(binding.lib.sk_X509_value(stack, at))
                chain.append(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate))
            binding.lib.sk_X509_free(stack)
        return crypto.X509StoreContextError("kept", [], None)  # type: ignore[arg-type]

    context._exception_from_context = keep
    with contextlib.suppress(crypto.Error, crypto.X509StoreContextError, AttributeError, TypeError):
        context.verify_certificate()
    return tuple(chain)


def _octets(host: str) -> bytes:
    try:
        return ipaddress.ip_address(host).packed
    except ValueError:
        return b""
