"""Leaving is bounded: real processes on a pseudo-terminal whose other end does not read, or is gone."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.tui.explorer import make_store

LIMIT_S = 15.0
"""Far above the two seconds that leaving may take: a machine under load must not fail the test."""


class Terminal:
    """The other end of a pseudo-terminal, and the explorer on it."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, slave: int) -> None:
        self.process, self.master, self.slave = process, master, slave
        self.seen = b""

    def read_until(self, text: bytes) -> None:
        """Read what is drawn until `text` is in it."""
        deadline_s = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < deadline_s, self.seen[-2000:]
            self.read_some()

    def read_some(self) -> None:
        """Read what is drawn within a moment."""
        if select.select([self.master], [], [], 0.1)[0]:
            self.seen += os.read(self.master, 65536)

    def fill(self) -> None:
        """Have it draw screen after screen without reading, until the terminal takes no more and, behind it, the
        queue of thirty texts is full."""
        for number in range(200):
            os.write(self.master, b"12"[number % 2 : number % 2 + 1])
            time.sleep(0.02)  # a screen each, and not one for all

    def ended(self) -> int:
        """Wait for the end; return the status."""
        return self.process.wait(timeout=LIMIT_S)


@contextmanager
def explorer(tmp_path: Path, *arguments: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = os.environ | {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "TMPDIR": str(tmp_path),
        "TERM": "xterm-256color",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "capath", *arguments],
        stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
    )  # fmt: skip
    try:
        yield Terminal(process, master, slave)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for descriptor in (master, slave):
            with suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def crts(tmp_path: Path) -> Path:
    return make_store(tmp_path / "crts")


@pytest.mark.parametrize("opener", [b"/", b"t", b"c", b"I", b"?"])
def test_a_burst_goes_into_the_field_on_a_real_terminal(tmp_path: Path, crts: Path, opener: bytes) -> None:
    """What a paste or a slow line delivers at once: every letter is text, and the explorer is still there."""
    with explorer(tmp_path, str(crts)) as terminal:
        terminal.read_until(b"Aurora Root")
        os.write(terminal.master, opener + b"AmaqX w")
        terminal.read_until(b"AmaqX w")
        assert b"staged" not in terminal.seen
        os.write(terminal.master, b"\x1b")
        terminal.read_until(b"Space")
        assert terminal.process.poll() is None


def test_after_being_stopped_the_whole_screen_is_drawn_again(tmp_path: Path, crts: Path) -> None:
    """Ctrl-Z gives the terminal back and stops the process; once it goes on, it draws."""
    with explorer(tmp_path, str(crts)) as terminal:
        before = termios.tcgetattr(terminal.slave)
        terminal.read_until(b"Aurora Root")
        terminal.seen = b""
        os.write(terminal.master, b"\x1a")
        terminal.read_until(b"\x1b[?1049l")
        deadline_s = time.monotonic() + 60
        while os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG) is None:
            assert time.monotonic() < deadline_s
        assert termios.tcgetattr(terminal.slave)[3] == before[3]
        terminal.seen = b""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.read_until(b"Aurora Root")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("deaf", [False, True], ids=["reading", "not-reading"])
def test_a_signal_ends_it_and_gives_the_terminal_back(
    tmp_path: Path, crts: Path, number: signal.Signals, deaf: bool
) -> None:
    with explorer(tmp_path, str(crts)) as terminal:
        before = termios.tcgetattr(terminal.slave)
        terminal.read_until(b"Aurora Root")
        assert termios.tcgetattr(terminal.slave) != before
        if deaf:
            terminal.fill()
        started_s = time.monotonic()
        terminal.process.send_signal(number)
        if not deaf:
            terminal.read_until(b"\x1b[?1049l")
        assert terminal.ended() == 128 + number
        assert time.monotonic() - started_s < LIMIT_S
        assert termios.tcgetattr(terminal.slave)[3] == before[3]


def test_q_ends_it_while_the_terminal_does_not_read(tmp_path: Path, crts: Path) -> None:
    with explorer(tmp_path, str(crts)) as terminal:
        terminal.read_until(b"Aurora Root")
        terminal.fill()
        os.write(terminal.master, b"q")
        assert terminal.ended() == 0


def test_a_terminal_that_is_gone_ends_it(tmp_path: Path, crts: Path) -> None:
    with explorer(tmp_path, str(crts)) as terminal:
        terminal.read_until(b"Aurora Root")
        terminal.fill()
        os.close(terminal.master)
        terminal.process.send_signal(signal.SIGHUP)  # what the kernel sends to whose controlling terminal it was
        assert terminal.ended() == 128 + signal.SIGHUP


def test_programs_that_hang_are_ended_with_it(tmp_path: Path, crts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not answer is stopped, and its temporary directory goes."""
    pid = tmp_path / "pid"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/curl").write_text(f"#!/bin/sh\necho $$ > {pid}\nexec /bin/sleep 600\n")
    (tmp_path / "bin/curl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    with explorer(tmp_path, str(crts)) as terminal:
        terminal.read_until(b"Aurora Root")
        os.write(terminal.master, b"7")
        terminal.read_until(b"asking")
        while not (pid.exists() and pid.read_text()):
            terminal.read_some()
        assert list(tmp_path.glob("capath-doctor-*"))
        os.write(terminal.master, b"q")
        terminal.read_until(b"\x1b[?1049l")
        assert terminal.ended() == 0
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()
    assert not list(tmp_path.glob("capath-doctor-*"))


@pytest.mark.parametrize("deaf", [False, True], ids=["reading", "not-reading"])
def test_the_demo_leaves_no_directory_behind(tmp_path: Path, deaf: bool) -> None:
    with explorer(tmp_path, "demo") as terminal:
        terminal.read_until(b"AC RAIZ")
        assert list(tmp_path.glob("capath-demo-*"))
        if deaf:
            terminal.fill()
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
    assert not list(tmp_path.glob("capath-demo-*"))


def test_a_slow_terminal_is_drawn_for_again(tmp_path: Path, crts: Path) -> None:
    """What was dropped while nobody read is drawn once somebody reads."""
    with explorer(tmp_path, str(crts)) as terminal:
        terminal.read_until(b"Aurora Root")
        terminal.fill()
        terminal.seen = b""
        os.write(terminal.master, b"1/zzzz")
        terminal.read_until(b"excludes the most")
        os.write(terminal.master, b"\x15\rq")
        while terminal.process.poll() is None:
            if select.select([terminal.master], [], [], 0.1)[0]:
                with suppress(OSError):
                    os.read(terminal.master, 65536)
        assert terminal.process.returncode == 0
