"""The mark of a tested host: what a person sees first, in the explorer and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capath.errors import StrEnum
from capath.report.layout import Style
from capath.tls.result import OutcomeName, ProbeResult

if TYPE_CHECKING:
    from capath.diagnosis.cause import Diagnosis


class TestMark(StrEnum):
    """The outcome of a test, in one character."""

    __test__ = False  # not a test of pytest's

    VERIFIED = "✓"
    DIFFERS = "▲"
    """It verifies here, and another client would reject it."""
    REJECTED = "✗"
    UNREACHABLE = "∅"


_MARKS = {OutcomeName.REJECTED: TestMark.REJECTED, OutcomeName.UNREACHABLE: TestMark.UNREACHABLE}
STYLES = {
    TestMark.VERIFIED: Style.GOOD,
    TestMark.DIFFERS: Style.WARNING,
    TestMark.REJECTED: Style.BAD,
    TestMark.UNREACHABLE: Style.WARNING,
}


def mark_of(result: ProbeResult, diagnosis: Diagnosis | None) -> TestMark:
    """The mark of a test with its diagnosis."""
    passed = TestMark.VERIFIED if diagnosis is None else TestMark.DIFFERS
    return _MARKS.get(result.outcome_name, passed)
