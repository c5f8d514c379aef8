"""The two lines at the top: what is open and staged, and the modes."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from capath.tui.actions import Mode
from capath.tui.model import Staged, Store


class TopBar(Static):
    """The directory, its counts, and what is staged: always in sight."""

    def __init__(self, path: str, read_only: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._path, self._read_only = path, read_only
        self._store: Store | None = None
        self._staged = Staged()

    def show(self, store: Store | None, staged: Staged) -> None:
        """Show the counts of `store` and what is staged."""
        self._store, self._staged = store, staged
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        path, store, staged, read_only = self._path, self._store, self._staged, self._read_only
        width = max(20, self.size.width or 80)
        right = Text()
        if read_only:
            right.append("read-only  ", "bold yellow")
        if staged:
            right.append(f"staged {staged.text}", "bold")
            right.append("  w review")
        counts = Text()
        if store is None:
            counts.append("reading …", "dim")
        else:
            total, trusted = len(store.items), store.listing.trusted_count
            defects = len(store.listing.defects)
            if width >= 100:
                counts.append(f"{total:,} certificates")
                counts.append(f"  {trusted:,} trusted", "green")
                counts.append(f"  {total - trusted:,} not", "dim")
                counts.append(
                    f"  ▲ {defects:,} defect{'s' if defects > 1 else ''}" if defects else "", "bold yellow"
                )
            else:
                counts.append(f"{trusted:,} trusted", "green")
                counts.append(f" of {total:,}", "dim")
                counts.append(f" ▲ {defects:,}" if defects else "", "bold yellow")
        room = width - counts.cell_len - right.cell_len - 6
        text = Text(no_wrap=True, overflow="ellipsis")
        if room >= 8:
            shown = path if len(path) <= room else "…" + path[-(room - 1) :]
            text.append(f"{shown}   ", "bold")
        text.append_text(counts)
        gap = width - text.cell_len - right.cell_len
        text.append(" " * max(2, gap))
        text.append_text(right)
        self.update(text)


class ModeBar(Static):
    """The modes with their keys; a click goes there."""

    @dataclass
    class Chosen(Message):
        mode: Mode

    def on_mount(self) -> None:
        self.show(Mode.CERTIFICATES)

    def show(self, current: Mode) -> None:
        """Show which mode is on."""
        text = Text(no_wrap=True)
        for mode in Mode:
            text.append(f" {mode.key} {mode.value} ", "bold reverse" if mode is current else "dim")
            text.append(" ")
        self.update(text)

    def on_click(self, event: events.Click) -> None:
        at = 0
        for mode in Mode:
            at += len(mode.value) + 5
            if event.x < at:
                self.post_message(self.Chosen(mode))
                return
