"""The `openssl` binary, asked what it would do. Tests that use it are skipped where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl binary on the PATH")


def openssl(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run it; the caller judges the exit status."""
    return subprocess.run(
        ["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=False, timeout=100
    )


def rehash(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run `openssl rehash`."""
    return openssl("rehash", *arguments)


def links_in(directory: Path) -> dict[str, str]:
    """Every symbolic link of `directory`: name to target."""
    return {
        name: os.readlink(directory / name) for name in os.listdir(directory) if (directory / name).is_symlink()
    }


def linked_by_rehash(root: Path, files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Write `files`, each into a directory of its own below `root`; the hashes that one rehash gives each.

    Empty for a file that OpenSSL does not load.
    """
    directories = {name: root / str(number) for number, name in enumerate(files)}
    for name, directory in directories.items():
        directory.mkdir(parents=True)
        (directory / name).write_bytes(files[name])
    paths = list(directories.values())
    for at in range(0, len(paths), 2000):
        rehash("-compat", *paths[at : at + 2000])
    return {name: {link[:8] for link in links_in(directory)} for name, directory in directories.items()}


def trusts(directory: Path | str, certificate: Path, *options: str) -> bool:
    """Whether a fresh `openssl verify`, trusting `directory` alone, takes `certificate` itself as an anchor."""
    verify = ["verify", "-no-CAfile", "-no-CAstore", "-CApath", directory]
    done = openssl(*verify, "-partial_chain", "-no_check_time", *options, certificate)
    return done.returncode == 0


def trusted_of(directory: Path | str, certificates: Iterable[Path]) -> set[Path]:
    """Those of `certificates` that lookup finds, each asked for in a process of its own."""
    return {path for path in certificates if trusts(directory, path)}
