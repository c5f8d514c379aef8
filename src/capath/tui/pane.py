"""What panes are made of: scrolled details, and an input that filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static


class Details(VerticalScroll, can_focus=True):
    """A scrolled text beside a table, or over it on a narrow screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "First", show=False),
        Binding("G", "scroll_end", "Last", show=False),
    ]

    @dataclass
    class Resized(Message):
        """The text has another width now, and wants to be made anew."""

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, text: Text, *, top: bool = True) -> None:
        """Show `text` from its beginning."""
        self.query_one(Static).update(text)
        if top:
            self.scroll_home(animate=False)

    @property
    def text_width(self) -> int:
        return max(24, self.scrollable_content_region.width)


class FilterInput(Input):
    """One line that filters as it is typed into."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "leave", "To the table", show=False)]

    @dataclass
    class Left(Message):
        """The user goes on to the table."""

    def action_leave(self) -> None:
        self.post_message(self.Left())

    async def action_submit(self) -> None:
        """Enter does not submit anything: what was typed acts already."""
        self.action_leave()
