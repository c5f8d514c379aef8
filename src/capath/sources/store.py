"""STORE as people name it, opened: one directory that OpenSSL reads as that store.

A directory is read where it is. Any other store (several directories, a bundle, certifi, what this machine or
OpenSSL uses, Mozilla's files, Java's keystores) becomes a temporary CApath: a file for each certificate, hash
links for those that it trusts, ``untrusted/`` for the others. What reads a CApath then reads every store.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from capath.errors import BadInputError
from capath.pki.visible import shell_command, visible
from capath.sources.store_content import (
    StoreContent,
    StoreRoot,
    kind_of,
    of_certifi,
    of_default,
    of_directories,
    of_file,
    of_mozilla,
    of_system,
)
from capath.store.link_name import ASIDE, CONSTRAINTS_FILE
from capath.store.opened import OpenedStore, StoreKind

if TYPE_CHECKING:
    from capath.change.file_names import FileNames
    from capath.sources.item import Password, Source

NAMES = ("certifi", "system", "default", "mozilla")


@contextlib.contextmanager
def open_store(
    text: str,
    root: str = "/",
    *,
    password: Password = lambda _: None,
    fetch: Callable[[], Source] | None = None,
) -> Iterator[OpenedStore]:
    """Open the STORE that `text` names, as long as the block lasts; `root` is where system places are looked for.

    `password` asks for a file's password, and `fetch` fetches Mozilla's list, for ``mozilla``.
    Raises BadInputError, which says what it is, why it cannot be read, and what to do.
    """
    found: OpenedStore | StoreContent
    if several(text):
        found = of_directories(text)
    else:
        match text:
            case "system":
                found = of_system(root, password)
            case "default":
                found = of_default()
            case "certifi":
                found = of_certifi()
            case "mozilla":
                found = of_mozilla(fetch)
            case _ if os.path.isdir(text):
                found = OpenedStore(text, f"{visible(text)} (directory)", StoreKind.DIRECTORY, text)
            case _ if not os.path.lexists(text):
                raise _nothing_there(text)
            case _:
                found = of_file(text, password)
    if isinstance(found, OpenedStore):
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="capath-store-") as place:
        _write(place, found)
        way = shell_command(["capath", "import", "DIR", text])
        read_only = f"{visible(text)} is not one directory, so it is read-only: {way} makes a directory of it"
        yield OpenedStore(text, found.title, found.kind, place, read_only, found.refused)


def several(text: str) -> bool:
    """Whether `text` names several directories, as OpenSSL takes them: ``a:b``."""
    return ":" in text and not os.path.exists(text) and any(map(os.path.isdir, text.split(":")))


def is_store(text: str) -> bool:
    """Whether `text` names a store that is there; files count only where they are keystores or hold a CA."""
    if text in NAMES or os.path.isdir(text) or several(text):
        return True
    if not os.path.isfile(text):
        return False
    from capath.sources.item import Item
    from capath.sources.open_source import open_source

    try:
        source = open_source(text, lambda _: None)
        first = next((found for found in source.read() if isinstance(found, Item)), None)
    except BadInputError:
        return False
    return first is not None and (first.certificate.is_ca or kind_of(source) is not StoreKind.BUNDLE)


def _nothing_there(text: str) -> BadInputError:
    if not text:
        return BadInputError("the name of the directory is empty", hint="name one")
    if ":" in text:
        return BadInputError(f"{visible(text)}: none of these directories is there", hint="name one that is")
    return BadInputError(
        f"{visible(text)}: there is no such directory or file",
        hint="name one, create a directory with mkdir, or name certifi, system or default",
    )


def _write(place: str, found: StoreContent) -> None:
    from capath.change.file_names import FileNames

    os.chmod(place, 0o755)  # noqa: S103 as a CApath is: its modes are no finding
    slots = Counter[str]()
    names = FileNames(())
    for root in found.roots:
        name = _write_file(place, root, names)
        if root.row:
            os.symlink(name, os.path.join(place, f"{root.row}{slots[root.row]}"))
            slots[root.row] += 1
    if found.constraints:
        _write_content(os.path.join(place, CONSTRAINTS_FILE), found.constraints)


def _write_file(place: str, root: StoreRoot, names: FileNames) -> str:
    name = names.choose(root.label.removesuffix(".pem"), root.sha256)
    if root.is_off:
        os.makedirs(os.path.join(place, ASIDE), exist_ok=True)
        place = os.path.join(place, ASIDE)
    if root.target:
        os.symlink(root.target, os.path.join(place, name))
    else:
        _write_content(os.path.join(place, name), root.content)
    return name


def _write_content(path: str, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)
