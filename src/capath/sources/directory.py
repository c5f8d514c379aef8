"""A directory as a source: another CApath (Android's, FreeBSD's), or just a place with certificate files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.sources.detect import source_of_bytes
from capath.sources.files import read_file
from capath.sources.item import Claims, Item, Reading, Refused, ServerTrust
from capath.store.constraints import Kept, read_constraints_file
from capath.store.link_name import ASIDE, CONSTRAINTS_FILE, IN_ASIDE
from capath.store.standing import UNTRUSTED_SUFFIX

_QUIET = ("readme", "makefile", "changelog", "license", "copying")


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """The certificates of all files in `path`, each file once, whatever it is called. Not of directories in it."""

    path: str

    @property
    def title(self) -> str:
        return self.path

    def read(self) -> Reading:
        kept = read_constraints_file(self.path)
        for name, path in _files_once(self.path):
            try:
                data = read_file(path)
            except BadInputError as error:
                yield Refused(name, str(error))
                continue
            for found in source_of_bytes(name, data, lambda _: None).read():
                yield _with_what_is_kept(found, name, kept.by_sha256) if isinstance(found, Item) else found


def _files_once(directory: str) -> Iterator[tuple[str, str]]:
    """Each regular file once, under a name that is not a symbolic link where it has one."""
    try:
        listed = [("", entry) for entry in os.scandir(directory)]
    except OSError as error:
        raise BadInputError(f"{visible(directory)}: it cannot be read: {error.strerror}") from None
    with contextlib.suppress(OSError):  # none of capath's
        listed += [(IN_ASIDE, entry) for entry in os.scandir(os.path.join(directory, ASIDE))]
    listed.sort(key=lambda item: (item[1].is_symlink(), os.fsencode(item[0] + item[1].name)))
    seen = set()
    for folder, entry in listed:
        if entry.name == CONSTRAINTS_FILE or entry.name.lower().startswith((".", *_QUIET)):
            continue
        try:
            status = entry.stat()
            if not entry.is_file() or (status.st_dev, status.st_ino) in seen:
                continue
        except OSError:
            continue  # a dangling link
        seen.add((status.st_dev, status.st_ino))
        yield folder + entry.name, entry.path


def _with_what_is_kept(item: Item, name: str, kept: dict[str, Kept]) -> Item:
    claims, notes = item.claims, item.notes
    known = kept.get(item.certificate.sha256)
    if known is not None:
        claims = Claims(known.label, claims.servers, known.distrust_after, known.constraints)
    if name.startswith(IN_ASIDE) or name.endswith(UNTRUSTED_SUFFIX):
        claims = replace(claims, servers=ServerTrust.NO)
        notes = (*notes, "it is distrusted in its source")
    return replace(item, claims=claims, notes=notes)
