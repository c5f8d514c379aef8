"""The panes, one line each. A pane is imported when its mode is first gone to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from capath.tui.actions import Mode

if TYPE_CHECKING:
    from capath.tui.pane import Pane
    from capath.tui.session import Session

_PANES = {
    Mode.CERTIFICATES: "certificates:CertificatesPane",
    Mode.LINKS: "links:LinksPane",
    Mode.CONNECTIONS: "connections:ConnectionsPane",
    Mode.FINDINGS: "findings:FindingsPane",
    Mode.COMPARE: "compare:ComparePane",
    Mode.HISTORY: "history:HistoryPane",
}


def make_pane(mode: Mode, session: Session) -> Pane:
    """The pane of `mode`, showing what there is."""
    module, name = _PANES[mode].split(":")
    pane = cast("Pane", getattr(import_module(f"capath.tui.{module}"), name)(session))
    pane.refresh()
    return pane
