"""The frame: where everything is on the screen, as rows of parts. Arithmetic on values, no Textual.

From 100 columns and 30 rows two rounded panels stand side by side; below, open panels stand one above the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from capath.tui.actions import BY_NAME, Mode, key_text
from capath.tui.bench import Finished, Outlook, Running
from capath.tui.explorer import Explorer
from capath.tui.overlays import Overlay
from capath.tui.rows import Column, Group, header, row_line
from capath.tui.session import Tone
from capath.tui.text import EMPTY, Line, Span, between, clip, hint, line, pad, width_of, wrap

WIDE = (100, 30)
TINY_WIDTH = 60
_ROUND = "╭╮╰╯│─"
_HEAVY = "┏┓┗┛┃━"
_TONES = {
    Tone.INFO: "muted",
    Tone.DONE: "good!",
    Tone.WARNING: "warn!",
    Tone.FAILED: "bad!",
    Tone.RUNNING: "muted",
}


class Part(NamedTuple):
    """A piece of a screen row: spans in exactly `width` cells, on a ground."""

    spans: Line
    width: int
    ground: str = "back"


Row = tuple[Part, ...]


class Box(NamedTuple):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


class Layout(NamedTuple):
    """Where the panels are. In a frame the text is within its sides; an open panel has a rule above it alone."""

    rows: Box
    details: Box
    framed: bool


def layout_of(explorer: Explorer, width: int, height: int, message_height: int) -> Layout:
    """Where the panels are on a screen of that size."""
    top, room = 2, max(2, height - 3 - message_height)
    if width >= WIDE[0] and height >= WIDE[1]:
        share = explorer.pane.share
        left = int(width * share)
        return Layout(Box(0, top, left, room), Box(left, top, width - left, room), True)
    if explorer.in_details:
        return Layout(Box(0, top, width, 0), Box(0, top, width, room), False)
    below = explorer.pane.summary_height + 1 if room >= 9 else 0
    below = min(below, room // 2)
    return Layout(Box(0, top, width, room - below), Box(0, top + room - below, width, below), False)


class Frame:
    """Composes the screen row by row. Equal rows of two compositions are equal values, so that only what has
    changed is drawn."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        self._lines: dict[object, Line] = {}
        self._lines_key: tuple[object, ...] = ()
        self.layout = Layout(Box(0, 0, 0, 0), Box(0, 0, 0, 0), False)
        self.overlay_box = Box(0, 0, 0, 0)
        self.heavy = False

    def compose(self, width: int, height: int) -> list[Row]:
        """Every row of the screen."""
        explorer = self._explorer
        message = self._message(width)
        self.layout = layout = layout_of(explorer, width, height, len(message))
        rows_box, details_box = layout.rows, layout.details
        edge = 2 if layout.framed else 0
        has_header = any(column.title for column in explorer.pane.columns()) and rows_box.height > 5
        explorer.pane.rows.height = max(1, rows_box.height - (edge or 1) - has_header)
        explorer.page_height = max(1, explorer.pane.rows.height - 1)
        explorer.pane.rows.clamp()
        explorer.details_width = max(20, details_box.width - (4 if layout.framed else 2))
        explorer.details_height = max(1, details_box.height - (edge or 1))
        explorer.show_details()
        left = self._rows_panel(rows_box, layout.framed, has_header)
        right = self._details_panel(details_box, layout.framed)
        screen: list[Row] = [(Part(self._top_line(width), width, "bar"),), (Part(self._mode_line(width), width),)]
        if layout.framed:
            screen += [a + b for a, b in zip(left, right, strict=True)]
        else:
            screen += left + right
        screen += [(Part(EMPTY, width),)] * (height - 1 - len(message) - len(screen))
        screen += [(Part(spans, width),) for spans in message]
        screen.append((Part(self._footer(width), width, "bar"),))
        screen = screen[:height]
        if explorer.overlay is not None:
            self._draw_overlay(screen, explorer.overlay, width, height)
        return screen

    # --- bars ---

    def _top_line(self, width: int) -> Line:
        explorer, session = self._explorer, self._explorer.session
        store, staged = session.store, session.staged
        right: Line = EMPTY
        if session.exploration.read_only:
            right = line(("read-only  ", "warn!"))
        if staged:
            broken = len(session.broken())
            harm = line((f"✗ breaks {broken}  ", "bad!")) if broken else EMPTY
            word = " review " if width >= 70 else " "
            right = (
                *right,
                *harm,
                Span(f"staged {staged.text}  ", "staged!"),
                *hint("w", word.strip(), "w", "muted"),
                Span(" "),
            )
        counts: Line = line(("reading …", "muted"))
        if store is not None:
            trusted, total = store.trusted_count, len(store.items)
            defects, skipped = len(store.listing.defects), store.skipped_count
            long = width >= 100
            facts = [(f"● {trusted:,} trusted" if long else f"●{trusted:,}", "good")]
            facts.append((f"○ {total - trusted:,} off" if long else f"○{total - trusted:,}", "muted"))
            if defects:
                word = "defect" if defects == 1 else "defects"
                facts.append((f"▲ {defects:,} {word}" if long else f"▲{defects:,}", "warn"))
            if skipped:
                facts.append((f"⊘ {skipped:,} skipped" if long else f"⊘{skipped:,}", "muted"))
            counts = tuple(Span(f"{text}{'   ' if long else ' '}", role) for text, role in facts)
        name = line((" capath  ", "key!")) if width >= TINY_WIDTH else line(" ")
        room = width - width_of(name) - width_of(counts) - width_of(right) - 5
        path = explorer.path
        if len(path) > room:
            path = "…" + path[-(room - 1) :] if room > 3 else ""
        return between(
            (*name, Span(path, "strong!"), Span("    " if width >= 100 else "  "), *counts), right, width
        )

    def _trouble(self) -> dict[Mode, Line]:
        """What each mode's tab counts."""
        session = self._explorer.session
        store = session.store
        trouble: dict[Mode, Line] = {}
        if store is not None and store.listing.defects:
            trouble[Mode.LINKS] = line((f"▲{len(store.listing.defects):,}", "warn"))
        latest = [test.latest for test in session.bench.tests]
        failed = sum(isinstance(state, Finished) and not state.verified for state in latest)
        if session.staged and (broken := len(session.bench.with_outlook(Outlook.BREAKS))):
            trouble[Mode.CONNECTIONS] = line((f"✓→✗{broken:,}", "bad!"))
        elif failed:
            trouble[Mode.CONNECTIONS] = line((f"✗{failed:,}", "bad"))
        elif any(isinstance(state, Running) for state in latest):
            trouble[Mode.CONNECTIONS] = line(("…", "muted"))
        if store is not None and store.error_count:
            trouble[Mode.FINDINGS] = line((f"✗{store.error_count:,}", "bad"))
        return trouble

    def _mode_line(self, width: int) -> Line:
        explorer, trouble = self._explorer, self._trouble()
        names = {mode: mode.value for mode in Mode}
        if width < WIDE[0]:
            names |= {Mode.CERTIFICATES: "Certs", Mode.CONNECTIONS: "Hosts", Mode.PROGRAMS: "Progs"}
        spans: list[Span] = [Span(" ")]
        for mode in Mode:
            is_on, press = mode is explorer.mode, mode.key
            told = trouble.get(mode, EMPTY)
            if is_on:
                words = "".join(f" {span.text}" for span in told)
                spans.append(Span(f" {mode.key} {names[mode]}{words} ", "current:", press))
            elif width < TINY_WIDTH:
                spans.append(Span(f" {mode.key} ", "key", press))
            else:
                spans += [Span(f" {mode.key} ", "key", press), Span(names[mode], "muted", press)]
                spans += [Span(f" {span.text}", span.role, press) for span in told]
                spans.append(Span(" "))
            spans.append(Span(" " if width >= 90 else ""))
        return clip(tuple(spans), width)

    def _message(self, width: int) -> list[Line]:
        """The message line; a warning that is longer takes as many as it needs, so that it can be read."""
        explorer, session = self._explorer, self._explorer.session
        if explorer.typing is not None:
            tone, words = session.message
            wrong = (
                (Span(f"   {tone.value} ", _TONES[tone]), *words) if tone in (Tone.WARNING, Tone.FAILED) else EMPTY
            )
            return [pad((Span(" "), *explorer.typing.field.draw(width - 2), *wrong), width)]
        if explorer.prefix:
            return [clip((Span(" "), *explorer.prefix_line()), width)]
        tone, words = session.message
        testing = session.testing
        if not words and testing.asked:
            told = f" … testing   {testing.done:,} of {testing.asked:,}   "
            return [(Span(told, "muted"), *hint("Esc", "stops", "escape"))]
        if not words:
            return [EMPTY]
        lead = Span(f" {tone.value} ", _TONES[tone])
        if tone in (Tone.WARNING, Tone.FAILED) and width_of(words) > width - 4 and len(words) == 1:
            pieces = wrap(words[0].text, width - 4)[:6]
            return [(lead if number == 0 else Span("   "), Span(piece)) for number, piece in enumerate(pieces)]
        return [clip((lead, *words), width)]

    def _footer(self, width: int) -> Line:
        explorer = self._explorer
        right = hint("?", "keys ", "question_mark")
        if explorer.overlay is not None:
            does = (
                hint("Enter", "do it", "enter")
                if hasattr(explorer.overlay, "field")
                else hint("j k", "scroll", "j")
            )
            return (Span(" "), *does, Span("   "), *hint("Esc", "back", "escape"))
        if explorer.typing is not None:
            kept = "keep" if explorer.typing.kind == "filter" else "do it"
            typed = (Span(" "), *hint("Enter", kept, "enter"), Span("   "), *hint("Esc", "clear", "escape"))
            more = "rows" if explorer.typing.kind == "filter" else "earlier"
            return (
                *typed,
                Span("   "),
                *hint("↓" if more == "rows" else "↑", more, "down" if more == "rows" else "up"),
            )
        spans: Line = ()
        gap = Span("   " if width >= 100 else "  ")
        room = width - width_of(right) - 2
        if explorer.in_details:
            keys = [("j k", "scroll", "j"), ("Esc", "back", "escape"), ("y", "copy", "y")]
            return between(
                (Span(" "), *(s for k, w, p in keys for s in (*hint(k, w, p), Span("   ")))), right, width
            )
        for wanted in explorer.pane.hints()[: 8 if width >= 100 else 7]:
            shown = self._hint(wanted.action, wanted.verb)
            if width_of(spans) + width_of((gap, *shown)) > room:
                break
            spans += (gap if spans else Span(" "), *shown)
        if not self.layout.framed and explorer.pane.rows.view:
            shown = hint("Enter", "details", "enter")
            if width_of(spans) + width_of((gap, *shown)) <= room:
                spans += (gap, *shown)
        return between(spans, right, width)

    def _hint(self, name: str, verb: str) -> Line:
        if name == "go":
            return hint("g", verb or "go to…", "g")
        keys = self._explorer.keymap.keys_of(name)
        if not keys:
            return EMPTY
        role = "staged" if name == "review" else "good" if name in ("fix", "fix_all") else "muted"
        return hint(key_text(keys[0]), verb or BY_NAME[name].label, keys[0], role)

    # --- panels ---

    def _edge(
        self, title: Line, corner: Line, width: int, framed: bool, focused: bool, *, low: bool = False
    ) -> Line:
        """A rule with a title in it and something at its end; the upper or lower edge of a frame."""
        marks = _HEAVY if self.heavy and focused else _ROUND
        role = "focus" if focused else "line"
        title = tuple(span if span.role else span._replace(role="strong!") for span in title)
        title = (Span(" "), *clip(title, width - 8), Span(" ")) if title else EMPTY
        sides = 4 if framed else 2
        room = width - width_of(title) - sides - 2
        corner = (Span(" "), *clip(corner, room - 2), Span(" ")) if corner and room > 6 else EMPTY
        rule = marks[5] * (width - sides - width_of(title) - width_of(corner))
        left, right = (marks[2 if low else 0], marks[3 if low else 1]) if framed else ("", "")
        if low:
            return (Span(left + marks[5] + rule, role), *title, *corner, Span(marks[5] + right, role))
        return (Span(left + marks[5], role), *title, Span(rule, role), *corner, Span(marks[5] + right, role))

    def _rows_panel(self, box: Box, framed: bool, has_header: bool) -> list[Row]:
        explorer, pane = self._explorer, self._explorer.pane
        if box.height < 1:
            return []
        rows, width = pane.rows, box.width
        focused = not explorer.in_details
        inner = width - (2 if framed else 0)
        count = len(rows.view)
        # The titles of groups are not counted. On one, the row after it has the place.
        counted = count - len(rows.group_titles)
        at = min(rows.cursor - bisect_left(rows.group_titles, rows.cursor) + 1, counted)
        place = f"{at:,} of {counted:,}" if counted else ""
        corner = line((place, "muted"))
        if framed:
            query = (*hint("/", rows.query, "slash", "strong"), Span("  "), *hint("Esc", "clears", "escape"))
            corner = query if rows.query else pane.corner()
        panel: list[Row] = [(Part(self._edge(pane.title(), corner, width, framed, focused), width),)]
        body: list[Part] = []
        columns = pane.columns()
        if has_header:
            first = next((row for row in rows.view[:50] if not isinstance(row, Group)), None)
            lead = 4 if first is None else 1 + width_of(pane.lead(first))
            body.append(Part(pad(header(columns, inner, lead, rows.sort, rows.reverse), inner), inner))
        if not count:
            body.append(Part(EMPTY, inner))
            empty = pane.empty()
            if rows.query and explorer.mode is not Mode.CERTIFICATES:
                empty = (*line("Nothing matches.  "), *hint("Esc", "clears the filter", "escape"))
            pieces = [(Span("  "), *empty)] if width_of(empty) <= inner - 4 else _flowed(empty, inner - 4)
            body += [Part(pad(piece, inner), inner) for piece in pieces]
        key = (explorer.mode, rows.version, inner, rows.view)
        if self._lines_key[:3] != key[:3] or self._lines_key[3] is not rows.view:
            self._lines, self._lines_key = {}, key
        room = box.height - (2 if framed else 1)
        for position in range(rows.top, min(count, rows.top + room - len(body))):
            body.append(self._row(position, columns, inner, focused))
        body += [Part(EMPTY, inner)] * (room - len(body))
        body = body[:room]
        if not framed:
            return [*panel, *((part,) for part in body)]
        first = 1 if has_header else 0
        thumb = _thumb(rows.top, rows.height, count)
        for number, part in enumerate(body):
            panel.append(_within(part, focused, number - first in thumb))
        low = self._edge(EMPTY, line((place, "muted")), width, framed, focused, low=True)
        panel.append((Part(low, width),))
        return panel

    def _row(self, position: int, columns: Sequence[Column], width: int, focused: bool) -> Part:
        pane = self._explorer.pane
        rows = pane.rows
        row = rows.view[position]
        if position not in self._lines:
            if isinstance(row, Group):
                spans: Line = (Span(" "), *row.draw(row.key in rows.folded, width - 1))
            else:
                spans = (Span(" "), *row_line(pane.lead(row), pane.cells(row), columns, width - 1))
            self._lines[position] = pad(spans, width)
        spans = self._lines[position]
        if position != rows.cursor:
            return Part(spans, width)
        return Part((Span("▌", "key"), *spans[1:]), width, "cursor" if focused else "blurred")

    def _details_panel(self, box: Box, framed: bool) -> list[Row]:
        explorer = self._explorer
        if box.height < 1:
            return []
        details, width = explorer.details(), box.width
        focused = explorer.in_details
        corner = details.corner
        if not framed:
            corner = hint("Esc", "back", "escape") if focused else hint("Enter", "all", "enter")
        elif not corner:
            corner = (Span("Tab", "key!", "tab"),)
        panel: list[Row] = [(Part(self._edge(details.title, corner, width, framed, focused), width),)]
        inner = width - (2 if framed else 0)
        room = box.height - (2 if framed else 1)
        top = explorer.details_top = max(0, min(explorer.details_top, len(details.lines) - room))
        shown = details.lines[top : top + room]
        body = [Part(pad((Span(" "), *spans), inner), inner) for spans in shown]
        body += [Part(EMPTY, inner)] * (room - len(body))
        if not framed:
            return [*panel, *((part,) for part in body)]
        thumb = _thumb(top, room, len(details.lines))
        panel += [_within(part, focused, number in thumb) for number, part in enumerate(body)]
        more = len(details.lines) - top - room
        told = line((f"{more} more ▾", "muted")) if more > 0 else EMPTY
        panel.append((Part(self._edge(EMPTY, told, width, framed, focused, low=True), width),))
        return panel

    # --- overlays ---

    def _draw_overlay(self, screen: list[Row], overlay: Overlay, width: int, height: int) -> None:
        """Dim what is behind, and draw the overlay over it."""
        most = min(width - 2, 112) if overlay.view.wide else min(width - 2, 72)
        lines = overlay.lines(most - 4)
        buttons = overlay.buttons()
        extra = 2 + (2 if buttons else 0)
        tall = max(3 + extra, min(height - (2 if height < WIDE[1] else 4), len(lines) + extra))
        x, y = (width - most) // 2, max(0, (height - tall) // 2)
        self.overlay_box = Box(x, y, most, tall)
        room = tall - extra
        at, view = overlay.cursor(), overlay.view
        if at is not None:
            view.top = max(min(view.top, at), at - room + 1)
        view.top = max(0, min(view.top, len(lines) - room))
        inner = most - 2
        body = []
        for number in range(view.top, view.top + room):
            spans = lines[number] if number < len(lines) else EMPTY
            ground = "cursor" if number == at else "panel"
            body.append(Part(pad((Span(" "), *spans), inner), inner, ground))
        if buttons:
            body += [
                Part(EMPTY, inner, "panel"),
                Part(between(EMPTY, (*buttons, Span(" ")), inner), inner, "panel"),
            ]
        box = [Part(self._edge(overlay.title(), overlay.corner(), most, True, True), most, "panel")]
        rows: list[Row] = [(box[0],), *(_within(part, True, False, "panel") for part in body)]
        more = len(lines) - view.top - room
        told = line((f"{more} more ▾", "muted")) if more > 0 else EMPTY
        rows.append((Part(self._edge(EMPTY, told, most, True, True, low=True), most, "panel"),))
        for number in range(height - 1):
            behind = tuple(part._replace(ground="dimmed") for part in screen[number])
            if y <= number < y + tall:
                screen[number] = (*_cut(behind, 0, x), *rows[number - y], *_cut(behind, x + most, width))
            else:
                screen[number] = behind


def _within(part: Part, focused: bool, thumb: bool, ground: str = "back") -> tuple[Part, ...]:
    """A row between the sides of a frame; the right side shows where a scrolled text is."""
    side = Part((Span("│", "focus" if focused else "line"),), 1, ground)
    return (side, part, Part((Span("┃", "muted"),), 1, ground) if thumb else side)


def _thumb(top: int, height: int, count: int) -> range:
    """Which rows of the side are the scroll bar's thumb; none where all is in sight."""
    if count <= height:
        return range(0)
    size = max(1, height * height // count)
    start = top * (height - size) // max(1, count - height)
    return range(start, start + size)


def _cut(parts: tuple[Part, ...], start: int, end: int) -> tuple[Part, ...]:
    """The cells from `start` to `end` of a row, one character a cell where a wide one is cut in two."""
    cells: list[tuple[str, str]] = []
    for part in parts:
        for span in pad(part.spans, part.width):
            for character in span.text:
                wide = cell_len(character)
                cells += [(character, part.ground)] if wide == 1 else [(" ", part.ground)] * wide
    spans = "".join(character for character, _ in cells[start:end])
    return (Part((Span(spans),), end - start, "dimmed"),) if end > start else ()


def _flowed(spans: Line, width: int) -> list[Line]:
    """Spans in several lines, broken between them."""
    lines: list[Line] = []
    current: Line = (Span("  "),)
    for span in spans:
        for number, piece in enumerate(wrap(span.text, width) if width_of((span,)) > width else [span.text]):
            if number or width_of(current) + width_of((Span(piece),)) > width:
                lines.append(current)
                current = (Span("  "),)
            current = (*current, span._replace(text=piece))
    return [*lines, current]
