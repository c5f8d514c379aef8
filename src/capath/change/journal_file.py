"""The file behind the journal: lines of JSON, appended and on the disk before anything they are about is done.

A change is two lines: its operations, which may be long, and the rest; then one more says how it ended. A line
without its end (a crash, a full disk) is skipped; anything else that capath does not write there stops the use of
the file, for what is in it is carried out. As ssh(1) does, it uses no file or directory of another user, or that
others can write.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping, Sequence

from capath.change.journal_schema import BEGUN, SCHEMA_VERSION, record_fault
from capath.errors import ChangeError
from capath.files import read_descriptor, state_directory
from capath.pki.visible import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OPERATIONS = re.compile(rb'\{"operations_of": ([0-9]{1,9}), ')
_BYTES_LIMIT = 256 * 1024 * 1024
_WITHOUT = "--no-history makes a change that cannot be undone"


class JournalFile:
    """The lines of one directory's journal. Reading them changes nothing; a missing file is an empty one."""

    __slots__ = ("_name", "_place", "directory", "path")

    def __init__(self, directory: str) -> None:
        self.directory = os.path.realpath(directory)
        self._place = os.path.join(state_directory(), "journal")
        self._name = f"{hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:24]}.jsonl"
        self.path = os.path.join(self._place, self._name)

    def records(self) -> tuple[list[dict[str, Any]], dict[int, bytes]]:
        """The lines that are whole and right, oldest first; those of operations, unread, by their number.

        Raises ChangeError where the file cannot be used, with what is wrong and what to do.
        """
        import json

        records: list[dict[str, Any]] = []
        operations: dict[int, bytes] = {}
        known: set[int] = set()
        for line_number, line in enumerate(self._read().split(b"\n"), 1):
            if not line or (line.startswith(b'{"') and not line.endswith(b"}")):  # a crash has cut it short
                continue
            if match := _OPERATIONS.match(line):
                operations[int(match[1])] = line
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                raise self.fault(f"line {line_number} is not JSON") from None
            if fault := record_fault(record, self.directory, known, operations):
                raise self.fault(f"line {line_number}: {fault}")
            known.add(record["number"])
            records.append(record)
        return records, operations

    def unfinished(self) -> bool:
        """Whether a change was begun and its end is not told."""
        state: dict[object, object] = {}
        for record in self.records()[0]:
            state[record["number"]] = record.get("progress", BEGUN)
        return BEGUN in state.values()

    def begin(
        self,
        summary: str,
        operations: Sequence[Mapping[str, Any]],
        rows: Mapping[str, Sequence[str]],
        undoes: int = 0,
        at: str = "",
        temporary: str = "",
    ) -> tuple[int, str]:
        """Write down what is about to be done; return its number, and when. Raises ChangeError."""
        number = max((record["number"] for record in self.records()[0]), default=0) + 1
        at = at or time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        self._append(
            {"operations_of": number, "operations": operations},
            {
                "schema_version": SCHEMA_VERSION,
                "number": number,
                "at": at,
                "directory": self.directory,
                "summary": summary,
                "undoes": undoes,
                "temporary": temporary,
                "rows": rows,
            },
        )
        return number, at

    def mark(self, number: int, progress: str) -> None:
        """Write down how the change `number` ended. Raises ChangeError."""
        self._append({"number": number, "progress": progress})

    def discard(self) -> str:
        """Move the file aside, whatever it is; return its new path, empty where there was none."""
        with self._opened_place() as place:
            if place is None:
                return ""
            number = 1
            while True:
                name = f"{self._name}.discarded-{number}"
                try:
                    os.stat(name, dir_fd=place, follow_symlinks=False)
                except FileNotFoundError:
                    break
                number += 1
            try:
                os.rename(self._name, name, src_dir_fd=place, dst_dir_fd=place)
            except FileNotFoundError:
                return ""
            except OSError as error:
                raise ChangeError(f"{visible(self.path)}: it cannot be moved aside: {error.strerror}") from None
        return os.path.join(self._place, name)

    def fault(self, why: str) -> ChangeError:
        """The error for a journal that cannot be used, with the way out."""
        return ChangeError(
            f"{visible(self.path)}: {why}, so this history is not used, and nothing is changed",
            hint=f"capath history {visible(self.directory)} --discard-journal moves the file aside; {_WITHOUT}",
        )

    def _read(self) -> bytes:
        with self._opened_place() as place:
            if place is None:
                return b""
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            try:
                descriptor = os.open(self._name, flags, dir_fd=place)
            except FileNotFoundError:
                return b""
            except OSError as error:
                reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
                raise self.fault(f"it cannot be read: {reason}") from None
            try:
                self._check(descriptor)
                return read_descriptor(descriptor, _BYTES_LIMIT)
            except OSError as error:
                raise self.fault(f"it cannot be read: {error.strerror}") from None
            finally:
                os.close(descriptor)

    def _check(self, descriptor: int) -> None:
        """Raise ChangeError where the open file is not one to be trusted."""
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise self.fault("it is not a regular file")
        if status.st_size > _BYTES_LIMIT:
            raise self.fault(f"it is larger than {_BYTES_LIMIT // 2**20} MiB")
        if fault := owner_fault(status):
            raise self.fault(fault)

    def _append(self, *records: Mapping[str, Any]) -> None:
        import json

        # Lines of their own, even after one that a crash cut short.
        content = b"\n" + b"".join(json.dumps(record).encode() + b"\n" for record in records)
        try:
            os.makedirs(os.path.dirname(os.path.dirname(self._place)), exist_ok=True)
            for path in (os.path.dirname(self._place), self._place):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(path, 0o700)
            with self._opened_place() as place:
                if place is None:
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
                self._write(place, content)
        except OSError as error:
            room = "make room there, or " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
            raise ChangeError(
                f"{visible(self.path)}: the history cannot be written ({error.strerror}), so nothing is changed",
                hint=f"{room}set CAPATH_STATE_DIR to a directory that can be written; {_WITHOUT}",
            ) from None

    def _write(self, place: int, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self._name, flags, 0o600, dir_fd=place)
        with open(descriptor, "ab", buffering=0) as file:
            self._check(descriptor)
            size = os.fstat(descriptor).st_size
            try:
                view = memoryview(content)
                while view:
                    view = view[file.write(view) :]
                os.fsync(descriptor)
                if not size:
                    os.fsync(place)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise

    @contextlib.contextmanager
    def _opened_place(self) -> Iterator[int | None]:
        """The directory of the journals, open; None where there is none. Raises ChangeError: it is not safe."""
        with contextlib.ExitStack() as stack:
            descriptor: int | None = None
            for path in (os.path.dirname(self._place), self._place):
                try:
                    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                except (FileNotFoundError, NotADirectoryError):
                    descriptor = None
                    break
                except OSError as error:
                    raise self._place_fault(path, f"it cannot be opened ({error.strerror})") from None
                stack.callback(os.close, descriptor)
                if fault := owner_fault(os.fstat(descriptor)):
                    raise self._place_fault(path, fault)
            yield descriptor

    @staticmethod
    def _place_fault(path: str, why: str) -> ChangeError:
        return ChangeError(
            f"{visible(path)}: {why}, so no history is read or written there, and nothing is changed",
            hint=f"set CAPATH_STATE_DIR to a directory of your own; {_WITHOUT}",
        )


def owner_fault(status: os.stat_result) -> str:
    """Why what is in a file or directory may be somebody else's word; empty where it is the user's own."""
    if status.st_uid != os.geteuid():
        return f"it belongs to another user ({status.st_uid})"
    if status.st_mode & 0o022:
        return f"other users can write to it (mode {stat.S_IMODE(status.st_mode):04o}; chmod go-w)"
    return ""
