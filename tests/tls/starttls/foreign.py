"""Real servers from the distribution, started on loopback in a directory of their own by nobody in particular."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from capath.demo.authority import Identity
from capath.demo.server import LOOPBACK, Handler

_START_S = 30.0
_USER = "nobody"


@contextlib.contextmanager
def place(identity: Identity) -> Iterator[Path]:
    """A directory for a server with its certificate and key in ``chain.pem``, owned by who will run it."""
    with tempfile.TemporaryDirectory(prefix="capath-test-") as name:
        path = Path(name)
        (path / "chain.pem").write_bytes(identity.key_pem + identity.pem)
        (path / "chain.pem").chmod(0o600)
        give_away(path)
        yield path


def give_away(path: Path) -> None:
    """Let the unprivileged user own `path` and all in it; nothing to do for who is no root."""
    if os.getuid() == 0:
        user = pwd.getpwnam(_USER)
        for item in (path, *path.rglob("*")):
            os.chown(item, user.pw_uid, user.pw_gid)


def run(arguments: Sequence[str], directory: Path, **streams: object) -> subprocess.Popen[bytes]:
    """Start a program in `directory`, unprivileged."""
    as_user = {"user": _USER, "group": pwd.getpwnam(_USER).pw_gid, "extra_groups": ()} if os.getuid() == 0 else {}
    return subprocess.Popen(arguments, cwd=directory, **{**as_user, **streams})  # type: ignore[call-overload,no-any-return]


def user_and_group() -> tuple[str, str]:
    """Who runs the servers."""
    import grp

    user = pwd.getpwnam(_USER) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    return user.pw_name, grp.getgrgid(user.pw_gid).gr_name


@contextlib.contextmanager
def serving(arguments: Sequence[str], directory: Path, *ports: int) -> Iterator[None]:
    """Run a server as long as the block lasts; it begins when all `ports` answer."""
    with (directory / "output").open("wb") as output:
        process = run(arguments, directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _START_S
        while not all(_answers(port) for port in ports):
            said = (directory / "output").read_text(errors="replace")
            assert process.poll() is None, f"{arguments[0]} ended: {said}"
            assert time.monotonic() < deadline, f"{arguments[0]} does not answer: {said}"
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def program(*names: str) -> str:
    """The path of the first of `names` that is installed, also where only root looks. Skips the test otherwise."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin"
    candidates = [*names, *(str(found) for found in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{names[0]}")))]
    found = next((where for name in candidates if (where := shutil.which(name, path=path))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment."""
    with contextlib.ExitStack() as stack:
        bound = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in bound:
            item.bind((LOOPBACK, 0))
        return [int(item.getsockname()[1]) for item in bound]


def on_streams(arguments: Sequence[str], directory: Path) -> Handler:
    """Let a program that speaks on its standard streams have each connection, as inetd does.

    Between us and it is a local socket: Exim takes none of TCP from a user who could have made the port up.
    """

    def handle(connection: socket.socket) -> None:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, (directory / "output").open("ab") as output:
                process = run(arguments, directory, stdin=theirs, stdout=theirs, stderr=output)
            back = threading.Thread(target=_copy, args=(ours, connection), daemon=True)
            back.start()
            _copy(connection, ours)
            process.wait(10)
            back.join()

    return handle


def on_socket(arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Handler:
    """Let a program have each connection itself as its standard streams: it asks the socket who is there."""

    def handle(connection: socket.socket) -> None:
        connection.setblocking(True)
        with (directory / "output").open("ab") as output:
            settings = {**os.environ, **environment}
            run(arguments, directory, stdin=connection, stdout=connection, stderr=output, env=settings).wait(30)

    return handle


def news_server() -> tuple[Path, dict[str, str]]:
    """INN's ``nnrpd``, installed or as `.ci/run` unpacks it, and what its environment needs. Skips without it.

    INN's package cannot be set up on a machine without a domain; this program of it needs none of that.
    """
    unpacked = Path(__file__).parents[3] / ".ci" / "servers"
    for base in (Path("/"), unpacked):
        found = base / "usr/lib/news/bin/nnrpd"
        if found.exists():
            libraries = [str(found.parent.parent), *map(str, (base / "usr/lib").glob("*-linux-gnu"))]
            environment = {} if base == Path("/") else {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}
            needed = subprocess.run(["ldd", found], env={**os.environ, **environment}, capture_output=True)
            if b"not found" in needed.stdout:
                pytest.skip("a library that nnrpd needs is not installed")
            return found, environment
    pytest.skip("nnrpd is not installed")


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _answers(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
