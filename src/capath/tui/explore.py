"""Opening the explorer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capath.tls.network.connect import Resolver
    from capath.tls.test_options import HostToTest


def now_utc() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Exploration:
    """What the explorer is opened on. `read_only` says why nothing can be changed; empty where it can.

    `hosts` are offered for testing; `resolver` turns their names into addresses (the system's
    own where None); `now` tells the time. Hosts that
    are typed go through the proxy that `environment` names for them. `system_root` is where the system's tree
    begins, in which a directory can have an owner. `scratch` is a directory that goes with the explorer: it is
    removed here where the end has to be made short.
    """

    directory: str
    read_only: str = ""
    hosts: tuple[HostToTest, ...] = ()
    resolver: Resolver | None = None
    now: Callable[[], datetime] = now_utc
    welcome: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    system_root: str = "/"
    scratch: str = ""


def explore(exploration: Exploration) -> int:
    """Run the explorer until the user leaves; return the exit status."""
    from capath.tui.app import CapathApp
    from capath.tui.leaving import Leaving
    from capath.tui.settings import Remembered, read_settings

    app = CapathApp(
        exploration, read_settings(), Remembered.read(), Leaving(ends_process=True, scratch=exploration.scratch)
    )
    app.run()
    return app.return_code or app.leaving.status
