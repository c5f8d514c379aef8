"""What a directory would be after some operations: on values, nothing is touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from capath.change.operation import (
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
)
from capath.errors import assert_never
from capath.store.entry import (
    DanglingEntry,
    Entry,
    File,
    FileEntry,
    FileStat,
    LinkEntry,
    OtherEntry,
    symlink_target,
)
from capath.store.link_name import LinkName, Row
from capath.store.snapshot import Snapshot


class Simulated(NamedTuple):
    """The directory as it would be, and the rows in which it would not be as it is."""

    snapshot: Snapshot
    rows: frozenset[Row]


def simulate(snapshot: Snapshot, operations: Iterable[Operation]) -> Snapshot:
    """Return `snapshot` as it would be after `operations`, links followed as the file system would."""
    return simulate_rows(snapshot, operations).snapshot


def simulate_rows(snapshot: Snapshot, operations: Iterable[Operation]) -> Simulated:
    """As `simulate`, and tell the rows that change."""
    simulation = Simulation(snapshot)
    for operation in operations:
        simulation.step(operation)
    after = Snapshot(snapshot.directory, simulation.entries, snapshot.writable, snapshot.title)
    touched: dict[Row, list[LinkName]] = {}
    for name in simulation.touched:
        if (link := LinkName.parse(name)) is not None:
            touched.setdefault(link.row, []).append(link)
    rows = dict(snapshot.rows)
    for row, links in touched.items():
        slots = dict(rows.get(row, {}))
        for link in links:
            slots.pop(link.slot, None)
            if (entry := after.entries.get(str(link))) is not None:
                slots[link.slot] = entry
        rows[row] = dict(sorted(slots.items()))
        if not slots:
            del rows[row]
    # All other rows are as they are: reading them again would cost what the whole directory costs.
    after.__dict__["rows"] = rows
    return Simulated(after, frozenset(touched))


class Simulation:
    """A copy of a snapshot's entries that operations change one by one. `touched` are the names they changed."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.entries: dict[str, Entry] = dict(snapshot.entries)
        self.touched: set[str] = set()
        self._before = snapshot
        self._links_to: dict[str, set[str]] = {}

    def step(self, operation: Operation) -> None:
        """Apply one operation."""
        match operation:
            case MakeLink(name=name, target=target, mtime_ns=mtime_ns):
                self._remove(name)
                self._put(self._link(name, target, mtime_ns))
            case RemoveLink(name=name) | RemoveAddedFile(name=name):
                self._remove(name)
            case RenameFile(name=name, new_name=new_name):
                self._rename(name, new_name)
            case ReplaceFile(name=name, new_name=new_name, target=target, mtime_ns=mtime_ns):
                self._rename(name, new_name)
                self._put(self._link(name, target, mtime_ns))
            case RestoreFile(name=name, file_name=file_name, was=Symlink()):
                self._remove(name)
                self._rename(file_name, name)
            case AddFile(name=name, content=content, mode=mode):
                self._put(FileEntry(name, _new_file(name, content, mode)))
            case EditPolicy(effects=effects):
                for effect in effects:
                    self.step(effect)
            case Wait():
                pass
            case _:
                assert_never(operation)

    def _names_to(self, target: str) -> set[str]:
        """The links with this target, as they are by now."""
        if target not in self._links_to:
            self._links_to[target] = set(self._before.links_to.get(target, ()))
        return self._links_to[target]

    def _rename(self, name: str, new_name: str) -> None:
        entry = self.entries[name]
        self._remove(name)
        match entry:
            case FileEntry(file=file):
                self._put(FileEntry(new_name, file))
            case LinkEntry(target=target, mtime_ns=mtime_ns) | DanglingEntry(target=target, mtime_ns=mtime_ns):
                self._put(self._link(new_name, target, mtime_ns))
            case OtherEntry(kind=kind, target=target, mtime_ns=mtime_ns):
                self._put(OtherEntry(new_name, kind, target, mtime_ns))
            case _:
                assert_never(entry)

    def _remove(self, name: str) -> None:
        entry = self.entries.pop(name, None)
        self.touched.add(name)
        if entry is not None:
            if (target := symlink_target(entry)) is not None:
                self._names_to(self._before.place(name, target)).discard(name)
            self._follow_again(name)

    def _put(self, entry: Entry) -> None:
        self.entries[entry.name] = entry
        self.touched.add(entry.name)
        if (target := symlink_target(entry)) is not None:
            self._names_to(self._before.place(entry.name, target)).add(entry.name)
        self._follow_again(entry.name)

    def _follow_again(self, changed: str) -> None:
        """Links that lead to a changed name lead elsewhere now, and so do the links to them."""
        seen, waiting = {changed}, [changed]
        while waiting:
            for name in self._names_to(waiting.pop()):
                entry = self.entries[name]
                if name not in seen and not isinstance(entry, FileEntry):
                    seen.add(name)
                    waiting.append(name)
                    self.entries[name] = self._link(name, entry.target, entry.mtime_ns)
                    self.touched.add(name)

    def _link(self, name: str, target: str, mtime_ns: int) -> Entry:
        place = self._before.place(name, target)
        match self.entries.get(place):
            case FileEntry(file=file) | LinkEntry(file=file):
                return LinkEntry(name, target, file, mtime_ns)
            case OtherEntry(kind=kind):
                return OtherEntry(name, kind, target, mtime_ns)
            case DanglingEntry(reason=reason, is_unknown=unknown):
                return DanglingEntry(name, target, mtime_ns, reason, is_unknown=unknown)
            case None:
                if place not in self._before.entries and (others := self._before.links_to.get(place)):
                    # Out of what was looked at, where nothing changes: it leads to what it led to.
                    return _with_text(self._before.entries[others[0]], name, target, mtime_ns)
                return DanglingEntry(name, target, mtime_ns, f"it leads to {target}, which is not there")
            case entry:
                assert_never(entry)


def _new_file(name: str, content: bytes, mode: int) -> File:
    from capath.store.content import content_of

    readable = content_of(content)
    return File(FileStat(-1, hash(name), mode, len(content), 0), readable.held, readable)


def _with_text(entry: Entry, name: str, target: str, mtime_ns: int) -> Entry:
    """A link `name` with the text `target` that leads to where the link `entry` does."""
    match entry:
        case LinkEntry(file=file):
            return LinkEntry(name, target, file, mtime_ns)
        case DanglingEntry(reason=reason, is_unknown=unknown):
            return DanglingEntry(name, target, mtime_ns, reason, is_unknown=unknown)
        case OtherEntry(kind=kind):
            return OtherEntry(name, kind, target, mtime_ns)
        case FileEntry():
            raise AssertionError(f"{name} is not a link")
        case _:
            assert_never(entry)
