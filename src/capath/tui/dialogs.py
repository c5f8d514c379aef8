"""The modal screens: reviewing a plan, help, copying, leaving. Each returns a value and does nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option
from typing_extensions import assert_never

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
    describe,
)
from capath.change.plan import Plan
from capath.pki.visible import visible
from capath.tui.actions import ACTIONS, MOVING, help_text, key_text, mode_actions

_SHOWN_OPERATIONS = 2_000


class ReviewScreen(ModalScreen[bool]):
    """Every step of a plan before it is taken. Cancel has the focus; `a` applies."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "answer(False)", "Cancel"),
        Binding("a", "answer(True)", "Apply"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("home,g", "scroll(-1000000)", show=False),
        Binding("end,G", "scroll(1000000)", show=False),
        Binding("left,right,h,l", "other_button", show=False),
    ]

    def __init__(self, plan: Plan, titles: dict[str, str], read_only: str, *, is_undo: bool) -> None:
        super().__init__()
        self._is_undo = is_undo
        self._plan = plan
        self._titles = titles
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        can_apply = not self._plan.refusals and not self._read_only and bool(self._plan.operations)
        with Vertical(classes="dialog wide"):
            yield Static(Text(visible(self._plan.summary), "bold"), classes="dialog-title", markup=False)
            with VerticalScroll(id="plan-scroll", can_focus=False):
                yield Static(self._text(), markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel  Esc", id="cancel", compact=True)
                if can_apply:
                    yield Button("Apply  a", id="apply", variant="success", compact=True)

    def on_mount(self) -> None:
        self.query_one("#cancel").focus()

    def action_answer(self, apply: bool) -> None:
        if apply and not self.query("#apply"):
            return
        self.dismiss(apply)

    def action_scroll(self, step: int) -> None:
        self.query_one("#plan-scroll").scroll_relative(y=step, animate=False)

    def action_other_button(self) -> None:
        self.focus_next("Button")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id == "apply")

    def _text(self) -> Text:
        plan = self._plan
        text = Text()
        text.append(f"in {visible(plan.before.directory)}\n\n", "dim")
        for refusal in plan.refusals:
            text.append(f"✗ {visible(refusal.name)}: {visible(refusal.reason)}\n", "bold red")
            text.append(f"  {visible(refusal.remedy)}\n", "yellow")
        if self._read_only:
            text.append(f"✗ {self._read_only}: this can be looked at, not applied\n", "bold red")
        for sign, style, chosen, words in (
            ("+", "green", plan.gained, "will be trusted"),
            ("−", "red", plan.lost, "will no longer be trusted"),
        ):
            for title in sorted((self._titles.get(sha, sha[:16]) for sha in chosen), key=str.casefold)[:200]:
                text.append(f"{sign} {title}", style)
                text.append(f"  {words}\n", "dim")
            if len(chosen) > 200:
                text.append(f"{sign} … and {len(chosen) - 200} more\n", style)
        if not plan.operations:
            text.append("Nothing to do: the directory is as it should be.\n")
            return text
        undone = "" if self._is_undo else ", undone by u"
        text.append(f"\n{len(plan.operations):,} steps, in this order{undone}:\n", "dim")
        for operation in plan.operations[:_SHOWN_OPERATIONS]:
            text.append(f"{visible(describe(operation))}\n", _operation_style(operation))
        if len(plan.operations) > _SHOWN_OPERATIONS:
            text.append(f"… and {len(plan.operations) - _SHOWN_OPERATIONS:,} more\n", "dim")
        for note in plan.notes:
            text.append(f"· {visible(note)}\n", "yellow")
        return text


def _operation_style(operation: Operation) -> str:
    match operation:
        case MakeLink() | AddFile():
            return "green"
        case RemoveLink() | RemoveAddedFile():
            return "red"
        case RenameFile() | ReplaceFile() | RestoreFile() | EditPolicy():
            return "cyan"
        case _:
            assert_never(operation)


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
                Text("● trusted  ○ off  ▲ a defect  + − staged     hold Shift to select text"), markup=False
            )

    def on_mount(self) -> None:
        self._show("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._show(event.value.lower())

    def _show(self, words: str) -> None:
        rows = [(key_text(action), help_text(action)) for action in (*mode_actions(), *ACTIONS)]
        rows += [(key, text) for key, text in MOVING]
        text = Text()
        for key, words_of in rows:
            if words in f"{key} {words_of}".lower():
                text.append(f"{key:>16}  ", "bold")
                text.append(f"{words_of}\n")
        self.query_one("#help-text", Static).update(text if text else Text("no key does this", "dim"))


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
