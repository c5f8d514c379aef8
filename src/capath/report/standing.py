"""How a certificate's standing is shown: one mark and one or two words, the same wherever it is."""

from __future__ import annotations

from capath.errors import StrEnum
from capath.report.layout import Style
from capath.store.standing import NotLinked, Standing, TakenOut, Trusted, UsesRejected


class Mark(StrEnum):
    """A standing in one character, in the order in which lists sort by it."""

    TRUSTED = "●"
    OFF = "○"
    NOT_LINKED = "◌"
    DEFECT = "▲"

    @property
    def word(self) -> str:
        return _WORDS[self]


_WORDS = {
    Mark.TRUSTED: "trusted",
    Mark.OFF: "off",
    Mark.NOT_LINKED: "not linked",
    Mark.DEFECT: "link broken",
}
STYLES = {
    Mark.TRUSTED: Style.GOOD,
    Mark.OFF: Style.DIM,
    Mark.NOT_LINKED: Style.WARNING,
    Mark.DEFECT: Style.BAD,
}


def mark_of(standing: Standing) -> Mark:
    """The mark of `standing`. All but the first three are meant to be trusted, and a defect is in the way."""
    match standing:
        case Trusted():
            return Mark.TRUSTED
        case TakenOut() | UsesRejected():
            return Mark.OFF
        case NotLinked():
            return Mark.NOT_LINKED
        case _:
            return Mark.DEFECT
