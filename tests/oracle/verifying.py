"""One question of verification, put to `openssl verify` and to capath."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from capath.change.rehash import plan_rehash
from capath.store import Snapshot, scan
from capath.tls.offline.verify import read_certificates, verify_offline
from capath.tls.result import OfflineResult
from capath.tls.test_options import CrlCheck, VerifyFlags
from tests.minting import pem
from tests.oracle.chains import World, make, make_list
from tests.oracle.openssl import openssl

Verdict = tuple[int, int]
_ERROR = re.compile(rb"^error (\d+) at (-?\d+) depth", re.MULTILINE)


def binary_verdict(
    directory: Path, leaf: Path, untrusted: Path | None, host: str, at: datetime, options: Sequence[str]
) -> Verdict:
    """The first error that `openssl verify` prints, trusting `directory` alone; (0, 0) where it verifies."""
    arguments: list[str | Path] = ["verify", "-no-CAfile", "-no-CAstore", "-CApath", directory]
    if untrusted is not None:
        arguments += ["-untrusted", untrusted]
    if host:
        is_address = ":" in host or host.replace(".", "").isdigit()
        arguments += ["-verify_ip" if is_address else "-verify_hostname", host]
    done = openssl(*arguments, "-attime", str(int(at.timestamp())), *options, leaf)
    first = _ERROR.search(done.stdout + done.stderr)
    if first is not None:
        return int(first[1]), int(first[2])
    # A key that does not decode ends verification before it comes to any error of its own.
    assert done.returncode == 0 or b": verification failed" in done.stderr, done.stderr
    return (1, 0) if done.returncode else (0, 0)


def write_world(world: World, place: Path) -> tuple[Path, Path, Path | None]:
    """The directory, the leaf and what is sent beside it, as files in `place`."""
    directory = place / "crts"
    directory.mkdir(parents=True)
    for number, part in enumerate(world.trusted):
        (directory / f"certificate{number}.pem").write_bytes(pem("CERTIFICATE", make(part)))
    for number, revocations in enumerate(world.lists):
        (directory / f"list{number}.crl").write_bytes(pem("X509 CRL", make_list(revocations)))
    for name, target in plan_rehash(scan(str(directory))).links:
        os.symlink(target, directory / name)
    leaf, untrusted = place / "leaf.pem", place / "untrusted.pem"
    leaf.write_bytes(pem("CERTIFICATE", make(world.leaf)))
    untrusted.write_bytes(b"".join(pem("CERTIFICATE", make(part)) for part in world.sent))
    return directory, leaf, untrusted if world.sent else None


def flags_of(options: Sequence[str]) -> VerifyFlags:
    """The options of `openssl verify` as capath has them."""
    check = CrlCheck.LEAF if "-crl_check" in options else CrlCheck.NONE
    if "-crl_check_all" in options:
        check = CrlCheck.ALL
    return VerifyFlags("-x509_strict" in options, "-partial_chain" in options, check)


def ask_capath(
    directory: Path,
    leaf: Path,
    untrusted: Path | None,
    host: str,
    at: datetime,
    options: Sequence[str],
    snapshot: Snapshot | None = None,
) -> OfflineResult:
    """As ``capath verify`` does."""
    others = () if untrusted is None else read_certificates(untrusted.read_bytes(), "untrusted")
    return verify_offline(
        read_certificates(leaf.read_bytes(), "leaf")[0],
        str(directory),
        untrusted=others,
        host=host,
        at=at,
        flags=flags_of(options),
        snapshot=snapshot,
        ask_installed=True,
    )


def capath_verdict(result: OfflineResult) -> Verdict:
    verdict = result.verification.verdict
    return verdict.code, verdict.depth
