"""Leaving, whatever the terminal does: gone, not reading, or slow.

Textual hands what it draws to a thread over a queue of thirty texts and waits where that is full; a terminal
that does not read then holds up the whole application, signals included. Here no write waits for long, and an
end that takes over `LIMIT_S` is made short.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from textual.driver import Driver

if TYPE_CHECKING:
    from textual.app import App

LIMIT_S = 1.5
_STALLED_S = 0.25
_SIGNALS = tuple(
    number for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if (number := getattr(signal, name, None)) is not None
)


class Leaving:
    """The end of the explorer, begun by a key or a signal. `ends_process`: the process is the explorer's own, and
    is over within `LIMIT_S`, whatever is in the way; the directory `scratch` is gone then."""

    def __init__(self, *, ends_process: bool = False, scratch: str = "") -> None:
        self.begun = threading.Event()
        self.status = 0
        self._ends_process, self._scratch = ends_process, scratch
        self._driver: Driver | None = None

    def watch(self, app: App[None]) -> None:
        """Let signals end `app` as a key would. Handlers run even where the main thread waits for a lock."""

        def handle(number: int, frame: object) -> None:
            self.status = 128 + number
            self.begin()
            with contextlib.suppress(RuntimeError):
                app.call_later(app.exit, None, self.status)

        self._driver = app._driver
        if sys.platform != "win32" and isinstance(self._driver, BoundedDriver):
            self._driver.leaving = self
        if self._ends_process and threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, handle)

    def begin(self) -> None:
        """The end begins: nothing waits for the terminal any more, and a watchdog makes it short."""
        if not self.begun.is_set():
            self.begun.set()
            if self._ends_process:
                threading.Thread(target=self._watchdog, daemon=True).start()

    def _watchdog(self) -> None:
        time.sleep(LIMIT_S)
        _restore_terminal(self._driver)
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(self.status)


def bounded_driver(driver_class: type[Driver]) -> type[Driver]:
    """The driver with writes that never wait for long; another kind than the terminal's stays as it is."""
    try:
        from textual.drivers.linux_driver import LinuxDriver
    except ImportError:  # not a POSIX system
        return driver_class
    return BoundedDriver if driver_class is LinuxDriver else driver_class


if sys.platform != "win32":
    from textual.drivers._writer_thread import WriterThread
    from textual.drivers.linux_driver import LinuxDriver

    class BoundedDriver(LinuxDriver):
        """Drops what a terminal that does not read has no room for, and has all drawn again when it reads."""

        leaving: Leaving | None = None
        _stalled = False

        def write(self, data: str) -> None:
            writer = self._writer_thread
            assert writer is not None
            waits = not (self._stalled or (self.leaving is not None and self.leaving.begun.is_set()))
            try:
                writer._queue.put(data, waits, _STALLED_S if waits else None)
            except queue.Full:
                self._stalled = True
                return
            if self._stalled:
                self._stalled = False
                self._app.call_later(self._app.refresh, layout=True)

        def close(self) -> None:
            """Let the writer come to its end, but not for longer than it may take."""
            writer: WriterThread | None = self._writer_thread
            if writer is None:
                return
            with contextlib.suppress(queue.Full):
                writer._queue.put(None, timeout=_STALLED_S)
            writer.join(timeout=2 * _STALLED_S)


def _restore_terminal(driver: Driver | None) -> None:
    """Give the terminal its old settings without writing to it: it may not be reading."""
    before = getattr(driver, "attrs_before", None)
    if before is not None:
        import termios

        with contextlib.suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, before)  # type: ignore[union-attr]
