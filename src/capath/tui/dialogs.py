"""The small modal screens: help, copying, asking, leaving. Each returns a value and does nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from capath.tui.actions import ACTIONS, MOVING, help_text, key_text, mode_actions


class HelpScreen(ModalScreen[None]):
    """All keys, searched by typing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Text("Keys", "bold"), classes="dialog-title", markup=False)
            yield Input(placeholder="type to search", id="help-search", compact=True)
            with VerticalScroll(id="help-scroll", can_focus=False):
                yield Static(id="help-text", markup=False)
            yield Static(
                Text("● trusted  ○ off  ◌ not linked  ▲ defect  + − staged\nhold Shift to select text", "dim"),
                markup=False,
            )

    def on_mount(self) -> None:
        self._show("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._show(event.value.lower())

    def _show(self, words: str) -> None:
        rows = [(key_text(action), help_text(action)) for action in (*mode_actions(), *ACTIONS)]
        rows += [(key, text) for key, text in MOVING]
        grid = Table.grid(padding=(0, 2))  # in which a line that is wrapped goes on under its own beginning
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column()
        for key, words_of in rows:
            if words in f"{key} {words_of}".lower():
                grid.add_row(Text(key, "bold"), Text(words_of))
        self.query_one("#help-text", Static).update(grid if grid.row_count else Text("no key does this", "dim"))


@dataclass(frozen=True, slots=True)
class Copyable:
    """Something that can be copied: the key that chooses it, what it is, and the text."""

    key: str
    label: str
    text: str


class CopyScreen(ModalScreen[Copyable | None]):
    """Choose what to copy, by key or with Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "Close")]

    def __init__(self, choices: list[Copyable]) -> None:
        super().__init__()
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text("Copy", "bold"), classes="dialog-title", markup=False)
            options = []
            for choice in self._choices:
                line = Text(f" {choice.key}  ", "bold")
                line.append(choice.label, "")
                options.append(Option(line))
            yield OptionList(*options, compact=True)

    def on_key(self, event: object) -> None:
        character = getattr(event, "character", None)
        for choice in self._choices:
            if character == choice.key:
                self.dismiss(choice)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index])


class AskScreen(ModalScreen[str | None]):
    """A question that is answered by typing; empty for no answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, hint: str) -> None:
        super().__init__()
        self._question, self._hint = question, hint

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Text(self._question, "bold"), classes="dialog-title", markup=False)
            yield Input(placeholder=f"{self._hint}, then Enter; Esc cancels", compact=True)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)


class ConfirmScreen(ModalScreen[bool]):
    """A question whose safe answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Stay")]

    def __init__(self, question: str, key: str, label: str) -> None:
        super().__init__()
        self._question, self._key, self._label = question, key, label

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self._question), markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Stay  Esc", id="cancel", compact=True)
                yield Button(f"{self._label}  {self._key}", id="apply", variant="warning", compact=True)

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()

    def on_key(self, event: object) -> None:
        if getattr(event, "character", None) == self._key:
            self.dismiss(True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "apply")
