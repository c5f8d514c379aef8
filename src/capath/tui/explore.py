"""Opening the explorer."""

from __future__ import annotations

from capath.tui.app import CapathApp, Exploration


def explore(exploration: Exploration) -> int:
    """Run the explorer until the user leaves; return the exit status."""
    app = CapathApp(exploration)
    app.run()
    return app.return_code or 0
