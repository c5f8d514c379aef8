"""The panes, one line each. A pane is imported when its mode is first gone to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from capath.tui.actions import Mode
from capath.tui.certificates import CertificatesPane

if TYPE_CHECKING:
    from capath.tui.pane import Pane
    from capath.tui.session import Session
    from capath.tui.settings import Settings

_PANES = {
    Mode.CERTIFICATES: "certificates:CertificatesPane",
    Mode.LINKS: "links:LinksPane",
    Mode.CONNECTIONS: "connections:ConnectionsPane",
    Mode.FINDINGS: "findings:FindingsPane",
    Mode.COMPARE: "compare:ComparePane",
    Mode.HISTORY: "history:HistoryPane",
    Mode.PROGRAMS: "programs:ProgramsPane",
}


def make_pane(mode: Mode, session: Session, settings: Settings) -> Pane:
    """The pane of `mode`, showing what there is."""
    module, name = _PANES[mode].split(":")
    pane = cast("Pane", getattr(import_module(f"capath.tui.{module}"), name)(session))
    if isinstance(pane, CertificatesPane) and settings.columns:
        pane.chosen_columns = settings.columns
    pane.refresh()
    return pane
