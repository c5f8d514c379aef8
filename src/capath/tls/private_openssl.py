"""The one place that uses a private name of pyOpenSSL: a session's record has no public way out.

`OpenSSL.SSL.Session` holds an SSL_SESSION and shows nothing of it; `i2d_SSL_SESSION` of the same binding encodes
it. Where a later version has neither, the record is reported as not available; nothing else depends on it.
"""

from __future__ import annotations

from typing import Any

from capath.errors import ParseError
from capath.tls.session import RecordNotAvailable, SessionRecord, read_session_record


def session_record(connection: Any) -> SessionRecord | RecordNotAvailable:
    """Return the record of the session that `connection` (an OpenSSL.SSL.Connection) uses at this moment."""
    session = connection.get_session()
    if session is None:
        return RecordNotAvailable("there is no session")
    try:
        encoded = _encode(session)
    except (AttributeError, ImportError, TypeError) as error:
        return RecordNotAvailable(f"this pyOpenSSL does not give it away ({error})")
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
