"""The mark of a tested host: what a person sees first, on the screen and without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from capath.errors import StrEnum
from capath.tls.result import OutcomeName, ProbeResult

if TYPE_CHECKING:
    from capath.diagnosis.cause import Diagnosis


class TestMark(StrEnum):
    """How a test came out, in one character."""

    __test__ = False  # no test of pytest's

    VERIFIED = "✓"
    DIFFERS = "▲"
    """It verifies here, and something is wrong nevertheless: another client would not say so."""
    REJECTED = "✗"
    UNREACHABLE = "∅"


_MARKS = {OutcomeName.REJECTED: TestMark.REJECTED, OutcomeName.UNREACHABLE: TestMark.UNREACHABLE}


def mark_of(result: ProbeResult, diagnosis: Diagnosis | None) -> TestMark:
    """The mark of a test with its diagnosis."""
    passed = TestMark.VERIFIED if diagnosis is None else TestMark.DIFFERS
    return _MARKS.get(result.outcome_name, passed)
