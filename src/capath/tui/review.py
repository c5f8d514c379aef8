"""The review of a plan: who is trusted afterwards, which hosts break, every step; and the owner's way where the
directory has an owner. `a` counts only once the review has been seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import unified_diff

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
from capath.pki.visible import visible, visible_name
from capath.report.certificate import fingerprint_text
from capath.tui import jobs
from capath.tui.actions import Keymap
from capath.tui.bench import HostTest, Outlook, Running
from capath.tui.overlays import View, button
from capath.tui.session import Session
from capath.tui.text import EMPTY, Line, Page, Span, hint, line

SEEN_AFTER_S = 0.3
_SHOWN_OPERATIONS = 2_000
_SHOWN_TITLES = 200
_COMPARED_BY_HAND = 5
"""As many new certificates as a person compares fingerprints of, before they are trusted."""


class ReviewOverlay:
    """Every step of a plan before it is taken. Back is the safe answer; `a` applies the plan that is shown.

    `p` turns to the same change as the directory's owner wants it made, and back.
    """

    def __init__(self, session: Session, made: jobs.PlanMade, keymap: Keymap) -> None:
        self.view = View(wide=True)
        self._session, self._made, self._keymap = session, made, keymap
        self._shows_policy = False
        store = session.store
        self._titles = {} if store is None else {item.sha256: item.title for item in store.items}
        self._new = jobs.titles_of_new(made.plan)
        self._titles.update(self._new)

    @property
    def plan(self) -> Plan:
        """The plan that is shown, and would be applied."""
        policy = self._made.policy
        return policy if self._shows_policy and policy is not None else self._made.plan

    @property
    def can_apply(self) -> bool:
        """Whether there is something to apply, and nothing in the way."""
        plan = self.plan
        return not plan.refusals and not self._session.exploration.read_only and bool(plan.operations)

    @property
    def _broken(self) -> list[HostTest]:
        return self._session.broken() if self._made.of_staged else []

    # --- drawing ---

    def title(self) -> Line:
        plan = self.plan
        words = []
        if plan.gained:
            words.append(f"trust {len(plan.gained):,}")
        if plan.lost:
            words.append(f"no longer trust {len(plan.lost):,}")
        taken_back = f"undo change {self._made.change_number}: " if self._made.change_number else ""
        return line("Review  ", (taken_back + (", ".join(words) or visible(plan.summary)), "staged!"))

    def corner(self) -> Line:
        return line((visible(self.plan.before.directory), "muted"))

    def lines(self, width: int) -> Sequence[Line]:
        plan, page = self.plan, Page(width)
        for refusal in plan.refusals:
            page.flow(f"{visible(refusal.name)}: {visible(refusal.reason)}", "bad!", first=line(("✗ ", "bad!")))
            page.flow(visible(refusal.remedy), "warn", indent=2, first=line("  "))
        if read_only := self._session.exploration.read_only:
            page.flow(f"{read_only}: this can be looked at, not applied", "bad!", first=line(("✗ ", "bad!")))
        if self._made.of_staged:
            self._impact(page)
        if plan.gained or plan.lost:
            page.section("Trust")
            self._trust(page, plan.gained, "+", "will be trusted", "good")
            self._trust(page, plan.lost, "−", "will no longer be trusted", "muted")
        if self._made.of_staged:
            self._hosts(page)
        self._steps(page)
        for note in plan.notes:
            page.flow(visible(note), "warn", first=line(("! ", "warn")))
        if self._made.policy is not None:
            self._other_way(page)
        return page.lines

    def _impact(self, page: Page) -> None:
        tests = self._session.bench.tests
        if not tests:
            return
        counts = {outlook: sum(test.outlook is outlook for test in tests) for outlook in Outlook}
        spans: list[Span] = []
        for outlook, role, word in (
            (Outlook.BREAKS, "bad!", "would break"),
            (Outlook.FIXED, "good", "fixed"),
            (Outlook.SAME, "muted", "the same"),
            (Outlook.UNTESTED, "warn", "not tested as staged"),
        ):
            if count := counts[outlook]:
                mark = {Outlook.BREAKS: "✗ ", Outlook.FIXED: "✓ "}.get(outlook, "")
                noun = (
                    ("1 host " if count == 1 else f"{count:,} hosts ")
                    if outlook is Outlook.BREAKS
                    else f"{count:,} "
                )
                spans += [Span(f"{mark}{noun}{word}", role), Span("   ")]
        if counts[Outlook.UNTESTED]:
            running = any(isinstance(test.as_staged, Running) for test in tests)
            spans += [Span("testing …", "muted")] if running else hint("T", "tests them now")
        page.add(*spans)

    def _trust(self, page: Page, chosen: Sequence[str], sign: str, words: str, role: str) -> None:
        used = self._session.bench.used_roots
        titled = sorted(
            ((self._titles.get(sha, sha[:16]), sha) for sha in chosen), key=lambda pair: pair[0].casefold()
        )
        for title, sha in titled[:_SHOWN_TITLES]:
            hosts = used.get(sha, ())
            told = f"   used by {', '.join(hosts[:3])}{' …' if len(hosts) > 3 else ''}" if hosts else ""
            page.add((f"{sign} ", "staged!"), (title, "strong!"), (f"  {words}", role), (told, "warn"))
            if sha in self._new and len(self._new) <= _COMPARED_BY_HAND:
                page.flow(fingerprint_text(sha), "", 10, line(("  SHA-256 ", "muted")))
        if len(titled) > _SHOWN_TITLES:
            page.add((f"{sign} … and {len(titled) - _SHOWN_TITLES:,} more", "staged"))

    def _hosts(self, page: Page) -> None:
        from capath.tui.connection_text import verdict_of

        tests = self._session.bench.tests
        changed = [t for t in tests if t.outlook in (Outlook.BREAKS, Outlook.FIXED)]
        untested = [t.endpoint.text for t in tests if t.outlook is Outlook.UNTESTED]
        if not changed and not untested:
            return
        page.section("Hosts")
        for test in sorted(changed, key=lambda t: t.outlook is Outlook.FIXED):
            before, after = verdict_of(test.as_is), verdict_of(test.as_staged)
            role = "bad!" if test.outlook is Outlook.BREAKS else "good!"
            page.add(
                (f"{test.outlook.value} ", role),
                (visible_name(test.endpoint.text), "strong"),
                (f"   {before.text} → ", "muted"),
                (after.text, role),
            )
        if untested:
            more = f" and {len(untested) - 4:,} more" if len(untested) > 4 else ""
            page.flow(
                f"{', '.join(untested[:4])}{more}: not tested as staged", "warn", first=line(("? ", "warn!"))
            )

    def _steps(self, page: Page) -> None:
        plan = self.plan
        if not plan.operations:
            page.blank()
            page.flow("Nothing to do: the directory is as it should be.")
            return
        count = len(plan.operations) + sum(isinstance(operation, EditPolicy) for operation in plan.operations)
        undone = "" if self._made.change_number else "; u undoes them"
        page.section(f"{count:,} step{'' if count == 1 else 's'}, in this order{undone}")
        for operation in plan.operations[:_SHOWN_OPERATIONS]:
            for text, role in _lines(operation):
                verb, space, rest = visible(text).partition(" ")
                page.flow(rest.lstrip(), "", 9, (Span(f"{verb:<8} ", role),)) if space and verb else page.flow(
                    visible(text), role
                )
        if len(plan.operations) > _SHOWN_OPERATIONS:
            page.add((f"… and {len(plan.operations) - _SHOWN_OPERATIONS:,} more", "muted"))

    def _other_way(self, page: Page) -> None:
        page.blank()
        told = (
            "goes back to changing only this directory, which the next update-ca-certificates undoes"
            if self._shows_policy
            else "makes it Debian's way: edits ca-certificates.conf and runs update-ca-certificates"
        )
        page.flow(told, "muted", first=(*hint("p", "")[:1], Span(" ")))

    def buttons(self) -> Line:
        back = button("Esc", "Back", "escape", chosen=True)
        other: Line = EMPTY
        if self._made.policy is not None:
            other = (Span("   "), *button("p", "Only here" if self._shows_policy else "Debian's way", "p"))
        if not self.can_apply:
            return (*back, *other)
        broken = len(self._broken)
        label, role = "Apply", "good!"
        if broken:
            label = f"Apply, though {broken:,} host{' breaks' if broken == 1 else 's break'}"
            role = "bad!"
        return (*back, *other, Span("   "), *button("a", label, "a", role=role))

    def cursor(self) -> int | None:
        return None

    # --- keys ---

    def press(self, key: str, character: str | None, at_s: float) -> bool:
        match key:
            case "escape" | "enter" | "q":
                return False
            case "a":
                if not self.can_apply or not self._was_seen(at_s):
                    return True
                self._session.apply(self._made, self.plan)
                return False
            case "p" if self._made.policy is not None:
                self._shows_policy = not self._shows_policy
                self.view.top, self.view.painted_at_s = 0, None
            case "T" if self._made.of_staged:
                self._session.test_untested()
            case _:
                self.view.scroll(key)
        return True

    def _was_seen(self, at_s: float) -> bool:
        """Whether the key was typed by somebody who has seen the review."""
        painted = self.view.painted_at_s
        return painted is not None and at_s - painted >= SEEN_AFTER_S

    def insert(self, text: str) -> None:
        """Nothing can be pasted here."""


def _lines(operation: Operation) -> Iterator[tuple[str, str]]:
    """What is said of a step, and its role: one line, or for an edited policy what is edited, and run."""
    match operation:
        case MakeLink() | AddFile():
            yield describe(operation), "good"
        case RemoveLink() | RemoveAddedFile():
            yield describe(operation), "bad"
        case RenameFile() | ReplaceFile() | RestoreFile() | Wait():
            yield describe(operation), "key"
        case EditPolicy(name=name, before=before, after=after, command=command, effects=effects):
            yield f"edit    {name}", "key"
            for text in _changed_lines(before, after):
                yield f"  {text}", "bad" if text.startswith("-") else "good"
            yield f"run     {' '.join(command)}", "key"
            if effects:
                yield "  which does, as far as lookup is concerned:", "muted"
            for step in effects[:_SHOWN_OPERATIONS]:
                yield f"    {describe(step)}", "muted"
        case _:
            assert_never(operation)


def _changed_lines(before: str, after: str) -> Iterator[str]:
    """The lines that go (``- …``) and those that come (``+ …``)."""
    for text in list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]:
        if not text.startswith("@@"):
            yield f"{text[0]} {text[1:]}"
