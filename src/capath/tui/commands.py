"""What actions do that mean the same in every mode: a function each, by the action's name. No Textual here.

A pane is asked first; what it does not take comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from capath.tui.actions import Mode
from capath.tui.field import Field, Typing
from capath.tui.overlays import AskOverlay, Choice, HelpOverlay, MenuOverlay
from capath.tui.rows import Group
from capath.tui.session import Tone
from capath.tui.text import hint
from capath.tui.theme import LOOKS

_FAR = 1_000_000_000

if TYPE_CHECKING:
    from capath.tui.explorer import Explorer


def _move(explorer: Explorer, step: int) -> None:
    if explorer.in_details:
        last = max(0, len(explorer.details().lines) - explorer.details_height)
        explorer.details_top = max(0, min(last, explorer.details_top + step))
    else:
        rows = explorer.pane.rows
        rows.move_to(rows.cursor + step)


def _next(explorer: Explorer, step: int = 1) -> None:
    pane, rows = explorer.pane, explorer.pane.rows
    count = len(rows.view)
    for distance in range(1, count):
        position = (rows.cursor + step * distance) % count
        if pane.is_notable(rows.view[position]):
            rows.move_to(position, far=True)
            return
    explorer.session.say(Tone.INFO, "No other row here is changed, failed or defective.")


def _fold(explorer: Explorer, folded: bool = True) -> None:
    pane, rows = explorer.pane, explorer.pane.rows
    position = rows.cursor
    while position > 0 and not isinstance(rows.view[position], Group):
        position -= 1
    group = rows.view[position] if rows.view else None
    if isinstance(group, Group) and rows.fold(group.key, folded):
        rows.move_to(position)
        pane.refill()


def _open(explorer: Explorer) -> None:
    item = explorer.pane.item()
    if explorer.in_details and item is not None and explorer.mode is not Mode.CERTIFICATES:
        explorer.jumps.to(Mode.CERTIFICATES, item.sha256)
        return
    explorer.in_details, explorer.details_top = True, 0
    explorer.show_details(now=True)


def _panel(explorer: Explorer) -> None:
    explorer.in_details = not explorer.in_details
    explorer.show_details(now=True)


def _escape(explorer: Explorer) -> None:
    """One step out, the innermost first."""
    pane = explorer.pane
    if explorer.session.stop_tests():
        return
    if explorer.session.message.tone is not Tone.INFO:
        explorer.session.hush(all_of_it=True)
    elif explorer.in_details:
        explorer.in_details = False
    elif pane.rows.query:
        pane.rows.query = ""
    elif pane.rows.marks:
        pane.rows.toggle_mark(set(pane.rows.marks))


def _filter(explorer: Explorer) -> None:
    pane = explorer.pane

    def changed(text: str) -> None:
        pane.rows.query = text

    def escape() -> None:
        pane.rows.query = ""

    explorer.in_details = False
    field = Field("/", "words, is:off, org:x, expires<90d, -not", text=pane.rows.query, changed=changed)
    # Enter means the row that was found: it is not gone back from when the filter is cleared later.
    explorer.typing = Typing("filter", field, lambda _: pane.rows.move_to(pane.rows.cursor), escape)


def _test(explorer: Explorer) -> None:
    if explorer.mode is not Mode.CONNECTIONS:
        explorer.jumps.leave_place()
        explorer.go_to_mode(Mode.CONNECTIONS)

    def enter(text: str) -> None:
        if text.strip() and (host := explorer.session.test_typed(text)) is not None:
            explorer.remembered.take_host(text.strip())
            pane = explorer.pane_of(Mode.CONNECTIONS)
            if not pane.rows.go_to(host.endpoint.text):
                pane.rows.query = ""
                pane.rows.go_to(host.endpoint.text)

    field = Field("test", "host:port, [IPv6]:port, host starttls=smtp", earlier=explorer.remembered.hosts)
    explorer.typing = Typing("host", field, enter, lambda: None)


def _test_all(explorer: Explorer) -> None:
    if not explorer.session.bench.tests:
        explorer.session.say(Tone.INFO, "No host yet:  ", *hint("t", "tests one"))
    explorer.session.test_untested()


def _compare(explorer: Explorer) -> None:
    if explorer.mode is not Mode.COMPARE:
        explorer.jumps.leave_place()
        explorer.go_to_mode(Mode.COMPARE)

    def enter(text: str) -> None:
        if text.strip():
            explorer.session.compare(text.strip())

    field = Field("compare with", "mozilla, certifi, system, or a path")
    explorer.typing = Typing("compare", field, enter, lambda: None)


def _import(explorer: Explorer) -> None:
    explorer.overlays.append(
        AskOverlay(
            "Import roots from", "certifi, system, a directory or a file; Enter", explorer.session.import_from
        )
    )


def _unstage_all(explorer: Explorer) -> None:
    if explorer.session.staged:
        explorer.ask(
            f"Unstage everything ({explorer.session.staged.text})?", "Unstage", explorer.session.unstage_all
        )


def _theme(explorer: Explorer) -> None:
    names = list(LOOKS)
    explorer.look = names[(names.index(explorer.look) + 1) % len(names)] if explorer.look in names else names[0]
    explorer.remembered.theme = explorer.look
    explorer.terminal.look_changed()
    explorer.session.say(Tone.INFO, f"Theme: {explorer.look}.")


def _help(explorer: Explorer) -> None:
    explorer.overlays.append(HelpOverlay(explorer.keymap, explorer.run))


def _quit(explorer: Explorer) -> None:
    staged = explorer.session.staged
    if staged:
        explorer.ask(f"{staged.text} staged and not applied. Quit without applying?", "Quit", explorer.leave)
    else:
        explorer.leave()


def _copy(explorer: Explorer) -> None:
    from capath.tui.copying import choices_of

    choices = choices_of(explorer.pane, explorer.session)

    def chosen(choice: Choice) -> None:
        explorer.terminal.copy(choice.value)
        where = explorer.remembered.keep_copy(choice.value)
        explorer.session.say(
            Tone.DONE, f"copied: {choice.label}", (f"   also in {where}" if where else "", "muted")
        )

    if choices:
        explorer.overlays.append(MenuOverlay("Copy", choices, chosen))
    else:
        explorer.session.say(Tone.INFO, "Nothing to copy here.")


COMMANDS: Mapping[str, Callable[[Explorer], None]] = {
    "down": lambda explorer: _move(explorer, 1),
    "up": lambda explorer: _move(explorer, -1),
    "page_down": lambda explorer: _move(explorer, explorer.page_height),
    "page_up": lambda explorer: _move(explorer, -explorer.page_height),
    "first": lambda explorer: _move(explorer, -_FAR),
    "last": lambda explorer: _move(explorer, _FAR),
    "next": _next,
    "previous": lambda explorer: _next(explorer, -1),
    "fold": _fold,
    "unfold": lambda explorer: _fold(explorer, False),
    "open": _open,
    "panel": _panel,
    "escape": _escape,
    "filter": _filter,
    "test": _test,
    "test_all": _test_all,
    "compare": _compare,
    "import": _import,
    "review": lambda explorer: explorer.session.review_staged(),
    "undo": lambda explorer: explorer.session.undo(),
    "redo": lambda explorer: explorer.session.redo(),
    "unstage_all": _unstage_all,
    "rehash": lambda explorer: explorer.session.rehash(),
    "reload": lambda explorer: explorer.session.read(),
    "theme": _theme,
    "help": _help,
    "suspend": lambda explorer: explorer.terminal.suspend(),
    "quit": _quit,
    "copy": _copy,
    "back": lambda explorer: explorer.jumps.back(),
}
