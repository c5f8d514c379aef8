"""The review of a plan: every step before it is taken; and the owner's way where the directory has an owner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

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
    Wait,
    describe,
)
from capath.change.plan import Plan
from capath.errors import assert_never
from capath.pki.visible import visible

_SHOWN_OPERATIONS = 2_000
_SHOWN_TITLES = 200


class ReviewScreen(ModalScreen[Plan | None]):
    """Every step of a plan before it is taken. Cancel has the focus; `a` applies the plan that is shown.

    `policy` is the same change as the directory's owner wants it made; `p` turns to it and back. The answer is the
    plan to carry out, None for neither.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "answer(False)", "Cancel"),
        Binding("a", "answer(True)", "Apply"),
        Binding("p", "turn", "The other way"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("home,g", "scroll(-1000000)", show=False),
        Binding("end,G", "scroll(1000000)", show=False),
        Binding("left,h", "other_button(-1)", show=False),
        Binding("right,l", "other_button(1)", show=False),
    ]

    def __init__(
        self,
        plan: Plan,
        titles: Mapping[str, str],
        read_only: str,
        *,
        is_undo: bool = False,
        policy: Plan | None = None,
    ) -> None:
        super().__init__()
        self._is_undo = is_undo
        self._plan = plan
        self._other = policy
        self._shows_policy = False
        self._titles = titles
        self._read_only = read_only

    @property
    def plan(self) -> Plan:
        """The plan that is shown, and would be applied."""
        return self._plan

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(classes="dialog-title", id="plan-title", markup=False)
            with VerticalScroll(id="plan-scroll", can_focus=False):
                yield Static(id="plan-text", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel  Esc", id="cancel", compact=True)
                if self._other is not None:
                    yield Button("", id="turn", compact=True)
                yield Button("Apply  a", id="apply", variant="success", compact=True)

    def on_mount(self) -> None:
        self._show()
        self.query_one("#cancel").focus()

    def action_answer(self, apply: bool) -> None:
        if not apply:
            self.dismiss(None)
        elif self._can_apply:
            self.dismiss(self._plan)

    def action_turn(self) -> None:
        """Show the same change made the other way."""
        if self._other is not None:
            self._plan, self._other = self._other, self._plan
            self._shows_policy = not self._shows_policy
            self._show()
            self.query_one("#plan-scroll").scroll_home(animate=False)

    def action_scroll(self, step: int) -> None:
        self.query_one("#plan-scroll").scroll_relative(y=step, animate=False)

    def action_other_button(self, step: int) -> None:
        if step > 0:
            self.focus_next("Button")
        else:
            self.focus_previous("Button")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "turn":
            self.action_turn()
        else:
            self.action_answer(event.button.id == "apply")

    @property
    def _can_apply(self) -> bool:
        return not self._plan.refusals and not self._read_only and bool(self._plan.operations)

    def _show(self) -> None:
        self.query_one("#plan-title", Static).update(Text(visible(self._plan.summary), "bold"))
        self.query_one("#plan-text", Static).update(self._text())
        self.query_one("#apply", Button).display = self._can_apply
        if self._other is not None:
            label = "Here alone  p" if self._shows_policy else "Debian's way  p"
            self.query_one("#turn", Button).label = label

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
            titles = sorted((self._titles.get(sha256, sha256[:16]) for sha256 in chosen), key=str.casefold)
            for title in titles[:_SHOWN_TITLES]:
                text.append(f"{sign} {title}", style)
                text.append(f"  {words}\n", "dim")
            if len(chosen) > _SHOWN_TITLES:
                text.append(f"{sign} … and {len(chosen) - _SHOWN_TITLES:,} more\n", style)
        if plan.operations:
            _append_steps(text, plan, "" if self._is_undo else ", undone by u")
        else:
            text.append("Nothing to do: the directory is as it should be.\n")
        if self._other is not None:
            text.append_text(_other_way(self._shows_policy))
        return text


def _append_steps(text: Text, plan: Plan, undone: str) -> None:
    steps = [line for operation in plan.operations[:_SHOWN_OPERATIONS] for line in _lines(operation)]
    count = len(plan.operations) + sum(isinstance(operation, EditPolicy) for operation in plan.operations)
    text.append(f"\n{count:,} step{'' if count == 1 else 's'}, in this order{undone}:\n", "dim")
    for line, style in steps:
        text.append(f"{visible(line)}\n", style)
    if len(plan.operations) > _SHOWN_OPERATIONS:
        text.append(f"… and {len(plan.operations) - _SHOWN_OPERATIONS:,} more\n", "dim")
    for note in plan.notes:
        text.append(f"· {visible(note)}\n", "yellow")


def _other_way(shows_policy: bool) -> Text:
    text = Text("\np", "bold")
    if shows_policy:
        text.append(": back to the change of this directory alone, which the next update-ca-certificates undoes\n")
    else:
        text.append(": make it Debian's way: edits ca-certificates.conf and runs update-ca-certificates\n")
    return text


def _lines(operation: Operation) -> Iterator[tuple[str, str]]:
    """What is said of a step, and in which style: one line, or for an edited policy what is edited, and run."""
    match operation:
        case MakeLink() | AddFile():
            yield describe(operation), "green"
        case RemoveLink() | RemoveAddedFile():
            yield describe(operation), "red"
        case RenameFile() | ReplaceFile() | RestoreFile() | Wait():
            yield describe(operation), "cyan"
        case EditPolicy(name=name, before=before, after=after, command=command, effects=effects):
            yield f"edit    {name}", "cyan"
            for line in _changed_lines(before, after):
                yield f"          {line}", "red" if line.startswith("-") else "green"
            yield f"run     {' '.join(command)}", "cyan"
            if effects:
                yield "        which does, as far as lookup can tell:", "dim"
            for step in effects[:_SHOWN_OPERATIONS]:
                yield f"          {describe(step)}", "dim"
        case _:
            assert_never(operation)


def _changed_lines(before: str, after: str) -> Iterator[str]:
    """The lines that go (``- …``) and those that come (``+ …``)."""
    for line in list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield f"{line[0]} {line[1:]}"
