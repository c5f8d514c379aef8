"""This machine as a client sees it: its environment, its programs and its settings files.

Programs are somebody else's. Each runs without a shell, in a session of its own (so it has no terminal to wait
for), in an empty directory, with limits on its time and its output, and is stopped with all that it started.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from capath.pki.visible import visible
from capath.tls.network.deadline import SLICE_S, CancelledError, Deadline, DeadlinePassedError, never

_HELLO_WAIT_S = 10.0
_OUTPUT_LIMIT = 4 << 20
_SETTINGS_LIMIT = 1 << 20
_SAID_LIMIT = 240
_SECTION = re.compile(r"\[(.*)\]\s*")
_SETTING = re.compile(r"([A-Za-z_][\w.-]*)(?:\s*[=:]\s*|\s+)(.*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ended:
    """The program ended by itself. `status` is negative for the signal that ended it."""

    status: int
    output: str

    def said(self, pattern: str = "") -> str:
        """The first line that matches `pattern`, else the last one; safe to show."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        matching = [line for line in lines if pattern and re.search(pattern, line)]
        line = matching[0] if matching else (lines[-1] if lines else "nothing")
        return visible(line if len(line) <= _SAID_LIMIT else f"{line[:_SAID_LIMIT]}…")


@dataclass(frozen=True, slots=True)
class Stopped:
    """The program did not start, or it was stopped; `reason` is for people."""

    reason: str


Answer = Ended | Stopped


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of a settings file. `section` is empty before the first section."""

    file: str
    line: int
    section: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Machine:
    """`environment` is the user's own; a program gets nothing else but LC_ALL=C and what its question needs.

    With `may_run` off no program is started. `pythons` are interpreters that are asked besides those on the PATH.
    `timeout_s` holds for each program, `directory` is where the user's programs would be started.
    """

    environment: Mapping[str, str]
    directory: str
    may_run: bool = True
    pythons: tuple[str, ...] = ()
    timeout_s: float = 10.0
    cancelled: Callable[[], bool] = never
    asked: dict[object, Answer] = field(default_factory=dict, compare=False)
    """Answers of `ask_once`."""

    def get(self, variable: str) -> str:
        return self.environment.get(variable, "")

    def changed(self, changes: Mapping[str, str | None]) -> Machine:
        """The same machine with these variables set, or unset where None."""
        kept = {name: value for name, value in self.environment.items() if name not in changes}
        return replace(
            self, environment={**kept, **{name: value for name, value in changes.items() if value is not None}}
        )

    def which(self, name: str) -> str | None:
        """The program's path. Relative parts of PATH are left out: they name whatever is in a directory."""
        places = [
            place for place in self.environment.get("PATH", os.defpath).split(os.pathsep) if place[:1] == "/"
        ]
        return shutil.which(name, path=os.pathsep.join(places))

    def path(self, text: str) -> str:
        """`text` as an absolute path, from where the user's programs would be started."""
        return os.path.normpath(os.path.join(self.directory, text))

    def home(self, *names: str) -> str:
        return os.path.join(self.environment.get("HOME") or os.path.expanduser("~"), *names)

    def ask_once(self, arguments: Sequence[str]) -> Answer:
        """`ask`, whose answer is kept for the next time in the same environment."""
        key = (tuple(arguments), tuple(sorted(self.environment.items())))
        if key not in self.asked:
            self.asked[key] = self.ask(arguments)
        return self.asked[key]

    def ask(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Answer:
        """Run a program and return what it printed on both streams. Raises CancelledError."""
        with tempfile.TemporaryDirectory(prefix="capath-doctor-") as place:
            own = {**self.environment, "LC_ALL": "C", **(environment or {})}
            try:
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={name: value.replace(PRIVATE, place) for name, value in own.items()},
                    cwd=place,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                return Stopped(f"it cannot be started: {getattr(error, 'strerror', None) or error}")
            try:
                return _read(process, Deadline.after(self.timeout_s, self.cancelled), self.timeout_s)
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                assert process.stdout is not None
                process.stdout.close()


PRIVATE = "{capath-private-directory}"
"""In a variable's value: an empty directory that exists as long as the program runs."""


def _read(process: subprocess.Popen[bytes], deadline: Deadline, timeout_s: float) -> Answer:
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    output, open_ended, status = b"", True, None
    while True:
        try:
            wait_s = 0.0 if status is not None else min(deadline.remaining_s(), SLICE_S)
        except DeadlinePassedError:
            return Stopped(f"it did not end within {timeout_s:g} s")
        if poll.poll(wait_s * 1000) and open_ended:
            part = os.read(descriptor, 65536)
            output += part
            if len(output) > _OUTPUT_LIMIT:
                return Stopped(f"it printed more than {_OUTPUT_LIMIT >> 20} MiB")
            if part:
                continue
            poll.unregister(descriptor)
            open_ended = False
        if status is not None:
            return Ended(status, output.decode("utf-8", "replace"))
        status = process.poll()  # what it printed before its end is read in the next round


@contextlib.contextmanager
def closing_server() -> Iterator[str]:
    """``127.0.0.1:PORT`` of a server that closes every connection: some clients name their store on connecting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(_HELLO_WAIT_S)
                        connection.recv(1)  # closed before it says hello, it would be a failure to connect

        thread = threading.Thread(target=serve, name="doctor closing server", daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def read_settings(path: str) -> tuple[Setting, ...]:
    """The settings of a file of lines ``key = value``, ``key: value`` or ``key value``, with ``[sections]``.

    curl, wget, git, pip, npm and PHP have that in common, as far as one value on a line goes. A file that is not
    there or cannot be read has no settings.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            text = file.read(_SETTINGS_LIMIT).decode("utf-8", "surrogateescape")
    except OSError:
        return ()
    found, section = [], ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        head = _SECTION.fullmatch(line)
        setting = _SETTING.fullmatch(line.removeprefix("--"))
        if head:
            section = head[1].strip()
        elif setting and line[0] not in "#;":
            value = setting[2].strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            found.append(Setting(path, number, section, setting[1], value))
    return tuple(found)


__all__ = ["PRIVATE", "Answer", "CancelledError", "Ended", "Machine", "Setting", "Stopped", "closing_server"]
