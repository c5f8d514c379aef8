"""Reading many files for what `openssl rehash` sees in them, ten times faster than a scan does.

With next to nothing imported, and by two processes where that helps. A file that is not plainly one certificate
is read by `scan`'s own reader, so that both judge alike.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Iterator, Sequence

from capath.pki.found import NotSingle, Single
from capath.pki.objects import CertificateObject, read_objects
from capath.processors import forkable_processors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    _Ours = TypeVar("_Ours")
    _Childs = TypeVar("_Childs")

_READ_OCTETS = 8192
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_WORTH_A_PROCESS = 4000
Found = Single | NotSingle | None
"""What is in a file; None where the file has gone."""


def read_files(directory: str, descriptor: int, names: Sequence[str]) -> list[Found]:
    """What is in each of `names`. `descriptor` is `directory`, open."""

    def read(some: Sequence[str]) -> list[Found]:
        return [_read(directory, descriptor, name) for name in some]

    half = len(names) // 2
    if len(names) < _WORTH_A_PROCESS:
        return read(names)
    first, second = side_by_side(
        len(names), lambda: read(names[:half]), lambda: [_value_of(found) for found in read(names[half:])]
    )
    return [*first, *_founds(second)]


def side_by_side(size: int, ours: Callable[[], _Ours], childs: Callable[[], _Childs]) -> tuple[_Ours, _Childs]:
    """What both return; of `childs` plain values, for a child process is let to find them where that helps.

    `size` is the number of files that they look at.
    """
    if size < _WORTH_A_PROCESS or forkable_processors() < 2:
        return ours(), childs()
    shared = os.memfd_create("capath")
    try:
        child = os.fork()
        if not child:
            status = 1
            try:
                values: Any = childs()
                with open(shared, "wb", closefd=False) as file:
                    marshal.dump(values, file)
                status = 0
            finally:
                os._exit(status)
        first = ours()
        _, status = os.waitpid(child, 0)
        if status:
            return first, childs()
        os.lseek(shared, 0, os.SEEK_SET)
        with open(shared, "rb", closefd=False) as file:
            second: _Childs = marshal.load(file)  # noqa: S302 - written by our own child
            return first, second
    finally:
        os.close(shared)


def _read(directory: str, descriptor: int, name: str) -> Found:
    try:
        file = os.open(name, _FLAGS, dir_fd=descriptor)
    except OSError:
        return _read_with_care(directory, name)
    try:
        data = os.read(file, _READ_OCTETS)
    except OSError:
        data = b""
    finally:
        os.close(file)
    if len(data) >= _READ_OCTETS:
        return _read_with_care(directory, name)
    objects = read_objects(data)
    # Nothing, or nothing plain: an empty file, a directory, a FIFO …
    if len(objects) != 1 or not isinstance(objects[0], CertificateObject):
        return _read_with_care(directory, name)
    found = objects[0].certificate
    subject = found.subject
    return Single(
        "", subject.subject_hash, subject.old_hash, bytes.fromhex(found.sha256), bytes.fromhex(found.sha1)
    )


def _read_with_care(directory: str, name: str) -> Found:
    from capath.store.scan import read_entry
    from capath.store.single import single_entry

    entry = read_entry(directory, name)
    return None if entry is None else single_entry(entry)


def _value_of(found: Found) -> tuple[str | bytes | bool, ...] | None:
    if found is None:
        return None
    if isinstance(found, NotSingle):
        return found.reason, found.is_error
    return found.letter, found.subject_hash, found.old_hash, found.sha256, found.sha1, found.remark


def _founds(values: Sequence[tuple[Any, ...] | None]) -> Iterator[Found]:
    for value in values:
        match value:
            case None:
                yield None
            case [reason, is_error]:
                yield NotSingle(reason, is_error=is_error)
            case _:
                yield Single(*value)
