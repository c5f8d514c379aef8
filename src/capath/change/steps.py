"""Doing the steps of a change, and settling one that was interrupted.

On Linux a name is replaced or removed by exchanging or moving it (renameat2(2)), looking at what came out, and
putting it back where it is not what the plan says; so a file that somebody else puts there at that moment is not
lost. Where the kernel or the file system has no renameat2, each step looks immediately before it acts: what is put
there between the two, a few microseconds, is lost in `RemoveLink`, `RemoveAddedFile` and a `MakeLink` that
replaces a link.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Sequence

from capath.change.file_system import Directory, changed, taken
from capath.change.operation import (
    Absent,
    AddFile,
    EditPolicy,
    MakeLink,
    Operation,
    RemoveAddedFile,
    RemoveLink,
    RenameFile,
    ReplaceFile,
    RestoreFile,
    Symlink,
    Wait,
    changed_names,
    inverse,
)
from capath.errors import ChangeError, assert_never
from capath.pki.visible import visible
from capath.store.link_name import IN_ASIDE

pause = time.sleep


def carry_out(directory: Directory, operation: Operation, number: int, *, back: bool = False) -> None:
    """Do one operation, the one with `number` of its change, or (`back`) the inverse of that one.

    Raises OSError, or ChangeError where the directory is not as the plan has it; then `settle` puts back what
    the operation holds under its temporary name.
    """
    if type(operation) is MakeLink:
        name, target, replaces, mtime_ns = operation
        # Of these there can be a hundred thousand.
        if type(replaces) is Absent and not mtime_ns and not name.startswith(IN_ASIDE):
            try:
                os.symlink(target, name, dir_fd=directory.descriptor)
            except FileExistsError:
                raise changed(name) from None
            return
    uses_aside = _uses_aside(operation)
    if uses_aside:
        directory.make_aside()
    _carry_out(directory, operation, directory.temporary(operation.name, number, back))
    if uses_aside:
        directory.remove_empty_aside()


def _carry_out(directory: Directory, operation: Operation, temporary: str) -> None:
    match operation:
        case MakeLink(name=name, target=target, replaces=replaces, mtime_ns=mtime_ns):
            directory.make_link(temporary, target, mtime_ns)
            if isinstance(replaces, Absent):
                directory.move(temporary, name)
            else:
                _replace(directory, temporary, name, replaces)
        case RemoveLink(name=name, was=was):
            directory.remove_link(name, was, temporary)
        case RenameFile(name=name, new_name=new_name):
            directory.move(name, new_name)
        case ReplaceFile(name=name, new_name=new_name, target=target, mtime_ns=mtime_ns):
            directory.make_link(temporary, target, mtime_ns)
            _replace_file(directory, name, new_name, temporary)
        case RestoreFile(name=name, file_name=file_name, was=was):
            _restore_file(directory, name, file_name, was, temporary)
        case AddFile(name=name, content=content, mode=mode):
            directory.write(temporary, content, mode)
            directory.move(temporary, name)
        case RemoveAddedFile(name=name, content=content):
            _remove_added(directory, name, content, temporary)
        case EditPolicy():
            from capath.change.policy import edit_policy

            edit_policy(operation)
        case Wait(milliseconds=milliseconds):
            pause(milliseconds / 1000)
        case _:
            assert_never(operation)


def _replace(directory: Directory, temporary: str, name: str, expected: Symlink) -> None:
    """Put the link `temporary` in the place of the link `name`."""
    if directory.exchange(temporary, name):
        directory.drop(temporary, name, expected)
    elif directory.link_text(name) != expected.target:
        raise changed(name)
    else:
        directory.rename(temporary, name)


def _replace_file(directory: Directory, name: str, new_name: str, link: str) -> None:
    if directory.exists(new_name):
        raise taken(new_name)
    if directory.exchange(link, name):
        directory.move(link, new_name)
    else:
        directory.link(name, new_name)
        directory.rename(link, name)


def _restore_file(directory: Directory, name: str, file_name: str, was: Symlink, temporary: str) -> None:
    if directory.link_text(name) != was.target:
        raise changed(name)
    if not directory.exchange(file_name, name):
        directory.rename(file_name, name)
    elif directory.link_text(file_name) == was.target:
        directory.remove_link(file_name, was, temporary)
    else:
        directory.exchange(file_name, name)
        raise changed(name)


def _remove_added(directory: Directory, name: str, content: bytes, temporary: str) -> None:
    is_aside = directory.take(name, temporary)
    if not directory.holds(temporary if is_aside else name, content):
        raise ChangeError(f"{visible(name)}: it has been edited since, so it is left as it is")
    directory.unlink(temporary if is_aside else name)


def settle(directory: Directory, operations: Sequence[Operation]) -> list[str]:
    """Put back, or remove where it is ours, what an interrupted step left under a temporary name.

    Afterwards each operation is either done or not. Returns the names that hold something unknown: these stay.
    """
    unknown = []
    for name in directory.temporaries():
        number = name.rpartition(".")[2].removesuffix("b")
        if not number.isdecimal() or int(number) >= len(operations):
            unknown.append(name)
            continue
        operation = operations[int(number)]
        try:
            _settle(directory, inverse(operation) if name.endswith("b") else operation, name)
        except FileExistsError:
            unknown.append(name)
    for operation in operations:
        _settle_names(directory, operation)
        _settle_names(directory, inverse(operation))
    if any(map(_uses_aside, operations)):
        directory.remove_empty_aside()
    return unknown


def _settle(directory: Directory, operation: Operation, temporary: str) -> None:
    held = directory.link_text(temporary)
    match operation:
        case MakeLink(target=target, replaces=Absent()):
            ours = held == target
        case MakeLink(name=name, target=target, replaces=Symlink(target=old)):
            if held not in (target, old) and directory.link_text(name) == target:
                directory.exchange(temporary, name)
            ours = directory.link_text(temporary) in (target, old)
        case ReplaceFile(name=name, target=target):
            if directory.link_text(name) == target:
                directory.exchange(temporary, name)
            ours = directory.link_text(temporary) == target
        case (
            RemoveLink(name=name, was=Symlink(target=target))
            | RestoreFile(file_name=name, was=Symlink(target=target))
        ):
            ours = held == target or _bring_back(directory, temporary, name)
        case RemoveAddedFile(name=name, content=content):
            ours = directory.holds(temporary, content) or _bring_back(directory, temporary, name)
        case AddFile():
            ours = True  # made by nobody else under this name (O_EXCL)
        case _:
            ours = False
    if not ours:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), temporary)
    with contextlib.suppress(FileNotFoundError):  # it has been brought back
        directory.unlink(temporary)


def _settle_names(directory: Directory, operation: Operation) -> None:
    """Two steps have moments between system calls that no temporary name tells of."""
    match operation:
        case RenameFile(name=name, new_name=new_name) | ReplaceFile(name=name, new_name=new_name):
            if directory.same(name, new_name):  # without renameat2: one file with both names
                directory.unlink(new_name)
        case RestoreFile(name=name, file_name=file_name, was=Symlink(target=target)):
            if directory.link_text(file_name) == target != directory.link_text(name):  # exchanged with the link
                directory.unlink(file_name)
        case _:
            pass


def _bring_back(directory: Directory, temporary: str, name: str) -> bool:
    try:
        directory.move(temporary, name)
    except ChangeError:  # something else has the name by now
        return False
    return True


def _uses_aside(operation: Operation) -> bool:
    return any(name.startswith(IN_ASIDE) for name in changed_names(operation))
