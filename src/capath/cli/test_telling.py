"""One host's test as ``capath test`` prints it: made where the test was, so that what is passed on is small."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from capath.cli.output import show_rendered
from capath.pki.visible import visible
from capath.report.layout import rendered
from capath.report.test_mark import TestMark, mark_of
from capath.tls.result import OutcomeName
from capath.tls.test_options import HostToTest

if TYPE_CHECKING:
    from capath.remedy.full_answer import Examination
    from capath.tls.result import ProbeResult


@dataclass(frozen=True, slots=True)
class Told:
    """`text` is what is printed: lines, or an element of ``results`` as one line of JSON.

    `is_bad`: it verified, and something is wrong nevertheless. `traps` are the variables in the environment that
    silently lead other programs to another store. `verdict` is the part of `text` before the explanation;
    hosts with the same `explanation` have the same cause and the same remedies, whatever their names.
    """

    outcome: OutcomeName
    is_bad: bool
    traps: tuple[str, ...]
    text: str
    host: str
    cause: str
    verdict: str = ""
    explanation: str = ""
    before: OutcomeName | None = None
    """The outcome with the store as it is, of a what-if; None where none was asked for."""
    unknown_root: str = ""
    """The self-signed root that the chain ends in and that no store has; empty for any other cause."""


@dataclass(frozen=True, slots=True)
class Teller:
    """How tests are told; `directory` is what commands name.

    `store_note` is said under explanations: how the store, which is not a directory, becomes one. Other programs
    are not given commands for it.
    """

    directory: str
    as_json: bool
    verbose: bool
    master_key: bool
    commands: bool
    width: int | None = None
    colour: bool = False
    store_note: str = ""

    def tell(self, host: HostToTest, seen: Examination, before: ProbeResult | None = None) -> Told:
        """Tell the test of one host; `before` is the one with the store as it is, where `seen` is a what-if."""
        verdict, explanation = ("", "") if self.as_json else self._text(host, seen)
        if before is not None and verdict:
            verdict = f"{verdict}  (before: {before.outcome_name.value})"
        name = host.endpoint.text
        return Told(
            seen.result.outcome_name,
            mark_of(seen.result, seen.diagnosis) is TestMark.DIFFERS,
            tuple(trap.variable for trap in seen.beside.traps if trap.is_silent),
            self._json(host, seen, before) if self.as_json else f"{verdict}\n{explanation}".rstrip("\n"),
            visible(name),
            "" if seen.diagnosis is None else seen.diagnosis.first.cause.value,
            verdict,
            explanation.replace(name, "").replace(host.endpoint.host, ""),
            None if before is None else before.outcome_name,
            _unknown_root(seen),
        )

    def _text(self, host: HostToTest, seen: Examination) -> tuple[str, str]:
        from capath.report.test import result_lines

        verdict, explanation = result_lines(
            seen.result,
            seen.diagnosis,
            verbose=self.verbose,
            master_key=self.master_key,
            beside=seen.beside,
            width=self.width,
        )
        lines = [rendered(line, colour=self.colour) for line in explanation]
        if self.store_note and any(" DIR" in line for line in lines):
            lines.append(f"    {self.store_note}")
        if self.commands and not self.store_note:
            from capath.report.test_commands import equivalents_text

            lines += map(visible, equivalents_text(host, self.directory).splitlines())
        return "\n".join(rendered(line, colour=self.colour) for line in verdict), "\n".join(lines)

    def _json(self, host: HostToTest, seen: Examination, before: ProbeResult | None) -> str:
        from capath.report.document import element
        from capath.report.test import result_json
        from capath.report.verification import error_json

        shown = result_json(seen.result, seen.diagnosis, master_key=self.master_key, beside=seen.beside)
        shown["directory"] = self.directory
        if self.commands and not self.store_note:
            from capath.report.test_commands import equivalents_json

            shown["commands"] = equivalents_json(host, self.directory)
        if before is not None:
            sent = bool(before.verification.sent)
            shown["before"] = {
                "outcome": before.outcome_name.value,
                "verify": error_json(before.verification.verdict) if sent else None,
            }
        return element(shown)


def _unknown_root(seen: Examination) -> str:
    from capath.diagnosis.cause import Cause

    if seen.diagnosis is None or seen.diagnosis.cause is not Cause.PRIVATE_ROOT_SENT:
        return ""
    chain = seen.result.verification.chain
    return visible(chain[-1].certificate.subject.title) if chain else ""


@dataclass(slots=True)
class Printer:
    """Prints tests one after the other. What was explained for a host before is not explained again."""

    as_json: bool
    streams: bool
    quiet: bool
    explained: dict[str, str] = field(default_factory=dict)

    def print(self, told: Told) -> None:
        """Print one test; not where one object comes at the end, nor, with ``--quiet``, a good one."""
        if self.as_json:
            if self.streams:
                show_rendered(told.text)
            return
        if self.quiet and told.outcome is OutcomeName.VERIFIED and not told.is_bad:
            return
        first = self.explained.setdefault(told.explanation, told.host) if told.cause else told.host
        if first == told.host:
            show_rendered(told.text)
        else:
            show_rendered(f"{told.verdict}\n    {told.cause}, as for {first}")
