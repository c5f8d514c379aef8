"""What a handshake showed, judged: by OpenSSL, the name of the host, a stapled OCSP response, other profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from capath.store import Snapshot
from capath.tls.handshake.context import Observed, SharedContexts
from capath.tls.handshake.host_name import check_host, in_order
from capath.tls.handshake.staple import NoStatus, Staple, read_staple
from capath.tls.handshake.trace import trace
from capath.tls.handshake.verification import Verification, VerifyError
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.offline.in_process import Question
from capath.tls.offline.profiles import judge_by_profiles
from capath.tls.offline.slot_rule import skips_broken_slots, with_stopping
from capath.tls.result import ProfileVerdict
from capath.tls.test_options import HostToTest, Purpose


@dataclass(frozen=True, slots=True)
class Judged:
    """`staple` is None where none was sent; `profiles` are empty where no certificate came."""

    verification: Verification
    staple: Staple | NoStatus | None
    profiles: tuple[ProfileVerdict, ...]


def judge_chain(seen: Observed, host: HostToTest, snapshot: Snapshot, contexts: SharedContexts) -> Judged:
    """Judge the chain that `host` sent. OpenSSL goes on whatever a staple says; here, revoked is an error."""
    host_error = check_host(seen.sent[0], host.checked_host) if seen.sent else None
    errors = in_order(seen.errors, host_error)
    verification = trace(errors, seen.sent, seen.chain, snapshot, steps_over=bool(skips_broken_slots()))
    verification = with_stopping(verification)
    if not verification.sent:
        return Judged(verification, None, ())
    staple = _staple(verification, seen.staple, host.options.at or datetime.now(timezone.utc))
    revokes = isinstance(staple, Staple) and staple.proves_revoked
    if revokes:
        errors = tuple(dict.fromkeys((*errors, VerifyError(VerifyCode.CERT_REVOKED, 0))))
        verification = replace(verification, errors=errors)
    leaf, *others = verification.sent
    options = host.options
    question = Question(
        contexts.argument, leaf, tuple(others), host.checked_host, options.at, options.flags, Purpose.SERVER
    )
    profiles = judge_by_profiles(
        question, verification, is_live=True, staple_revokes=revokes, stores=contexts.profile_stores
    )
    return Judged(verification, staple, profiles)


def _staple(verification: Verification, data: bytes, at: datetime) -> Staple | NoStatus | None:
    others = (*verification.sent, *(element.certificate for element in verification.chain))
    return read_staple(data, verification.sent[0], others, at) if data else None
