"""The one widget that draws everything, and hands every key, click and paste to the explorer in their order.

Nothing else on the screen can have the focus, so there is one queue of keys, and nothing is made or thrown away
when the mode changes or a row is moved: memory stays flat.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from capath.tui.explorer import Explorer
from capath.tui.frame import Frame, Part
from capath.tui.rows import Group
from capath.tui.theme import LOOKS, segments, style_of

_WHEEL_LINES = 3


class Canvas(Widget, can_focus=False):
    """Draws what the frame composes; only the lines that have changed are drawn again."""

    DEFAULT_CSS = "Canvas { width: 1fr; height: 1fr; }"

    def __init__(self, explorer: Explorer) -> None:
        super().__init__(id="canvas")
        self.explorer = explorer
        self.frame = Frame(explorer)
        self._rows: list[tuple[Part, ...]] = []
        self._look = ""

    def paint(self) -> None:
        """Compose the screen again, and draw what differs from what is shown."""
        if not (self.is_mounted and self.size.width and self.size.height):
            return
        look = self.explorer.look
        self.frame.heavy = LOOKS[look].heavy
        rows = self.frame.compose(self.size.width, self.size.height)
        if len(rows) != len(self._rows) or look != self._look:
            self._rows, self._look = rows, look
            self.refresh()
        else:
            changed = [y for y, row in enumerate(rows) if row != self._rows[y]]
            self._rows = rows
            if changed:
                self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))
        overlay = self.explorer.overlay
        if overlay is not None and overlay.view.painted_at_s is None:
            self.call_after_refresh(self._overlay_painted)

    def _overlay_painted(self) -> None:
        overlay = self.explorer.overlay
        if overlay is not None and overlay.view.painted_at_s is None:
            overlay.view.painted_at_s = self.explorer.clock_s()

    def render_line(self, y: int) -> Strip:
        if y >= len(self._rows):
            return Strip.blank(self.size.width)
        pieces = []
        for part in self._rows[y]:
            drawn = segments(part.spans, self._look, part.ground, self.explorer.settings.ascii_only)
            pieces.append(Strip(drawn).adjust_cell_length(part.width, style_of(self._look, "", part.ground)))
        return Strip.join(pieces)

    def on_resize(self) -> None:
        self._rows = []
        self.paint()

    # --- the mouse ---

    def on_click(self, event: events.Click) -> None:
        self.explorer.session.hush()
        key = self._key_at(event.x, event.y)
        if key:
            self._press(key)
        elif self.explorer.overlay is None:
            self._click_panel(event)
        self.paint()

    def _press(self, keys: str) -> None:
        if keys.startswith("sort "):
            self.explorer.sort_by(keys.removeprefix("sort "))
            return
        at_s = self.explorer.clock_s()
        for key in keys.split(" "):
            self.explorer.press(key, key if len(key) == 1 else None, at_s)

    def _key_at(self, x: int, y: int) -> str:
        """The key that the text under the pointer stands for."""
        at = 0
        for part in self._rows[y] if y < len(self._rows) else ():
            start = at
            for span in part.spans:
                start += cell_len(span.text)
                if start - cell_len(span.text) <= x < min(start, at + part.width) and part.ground != "dimmed":
                    return span.key
            at += part.width
        return ""

    def _click_panel(self, event: events.Click) -> None:
        explorer, layout = self.explorer, self.frame.layout
        box = layout.rows
        if box.x <= event.x < box.x + box.width and box.y < event.y < box.y + box.height:
            rows = explorer.pane.rows
            first = box.y + box.height - (1 if layout.framed else 0) - rows.height
            position = rows.top + event.y - first
            if event.y - first >= 0 and position < len(rows.view):
                explorer.in_details = False
                again = position == rows.cursor and event.chain > 1
                rows.move_to(position)
                if isinstance(rows.view[position], Group):
                    explorer.run("unfold" if rows.view[position].key in rows.folded else "fold")
                elif again:
                    explorer.run("open")
        elif layout.framed and event.x >= layout.details.x:
            explorer.in_details = True

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, _WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -_WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, step: int) -> None:
        explorer, box = self.explorer, self.frame.layout.details
        if explorer.overlay is not None:
            explorer.overlay.view.top += step
        elif box.x <= event.x and box.y <= event.y < box.y + box.height:
            explorer.details_top += step
        else:
            explorer.pane.rows.scroll(step)
        self.paint()


class MainScreen(Screen[None], inherit_bindings=False):
    """The screen: a canvas, and the queue of keys."""

    def __init__(self, explorer: Explorer) -> None:
        super().__init__()
        self.explorer = explorer
        self.canvas = Canvas(explorer)

    def compose(self) -> ComposeResult:
        yield self.canvas

    def on_mount(self) -> None:
        self.canvas.paint()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.explorer.begin()
        self.canvas.paint()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self.explorer.press(event.key, event.character, event.time)
        self.canvas.paint()

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.explorer.insert(event.text)
        self.canvas.paint()
