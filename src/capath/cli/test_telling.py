"""One host's test as ``capath test`` prints it: made where the test was, so that what is passed on is small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from capath.report.test_mark import TestMark, mark_of
from capath.tls.many.host_to_test import HostToTest
from capath.tls.result import OutcomeName

if TYPE_CHECKING:
    from capath.remedy.full_answer import Examination


@dataclass(frozen=True, slots=True)
class Told:
    """`text` is what is printed: lines, or an element of ``results`` as one line of JSON.

    `is_bad`: it verified, and something is wrong nevertheless. `traps` are the variables in the environment that
    silently lead other programs to another store.
    """

    outcome: OutcomeName
    is_bad: bool
    traps: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Teller:
    """How tests are told; `directory` is what commands name."""

    directory: str
    as_json: bool
    verbose: bool
    master_key: bool
    commands: bool

    def tell(self, host: HostToTest, seen: Examination) -> Told:
        """Tell the test of one host."""
        return Told(
            seen.result.outcome_name,
            mark_of(seen.result, seen.diagnosis) is TestMark.DIFFERS,
            tuple(trap.variable for trap in seen.beside.traps if trap.is_silent),
            self._json(host, seen) if self.as_json else self._text(host, seen),
        )

    def _text(self, host: HostToTest, seen: Examination) -> str:
        from capath.report.test import result_text

        text = result_text(
            seen.result,
            seen.diagnosis,
            verbose=self.verbose,
            master_key=self.master_key,
            beside=seen.beside,
        )
        if not self.commands:
            return text
        from capath.report.test_commands import equivalents_text

        return f"{text}\n{equivalents_text(host, self.directory)}"

    def _json(self, host: HostToTest, seen: Examination) -> str:
        from capath.report.document import element
        from capath.report.test import result_json

        shown = result_json(seen.result, seen.diagnosis, master_key=self.master_key, beside=seen.beside)
        if self.commands:
            from capath.report.test_commands import equivalents_json

            shown["commands"] = equivalents_json(host, self.directory)
        return element(shown)
