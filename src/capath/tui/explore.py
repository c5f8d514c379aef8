"""Opening the explorer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capath.doctor.program import Client
    from capath.tls.network.connect import Resolver
    from capath.tls.test_options import HostToTest
    from capath.tui.settings import Settings

_HOSTS_BYTES_LIMIT = 4 * 1024 * 1024


def now_utc() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Exploration:
    """What the explorer is opened on. `read_only` says why nothing can be changed; empty where it can.

    `hosts` are offered for testing; `resolver` turns their names into addresses (the system's
    own where None); `now` tells the time. Hosts that
    are typed go through the proxy that `environment` names for them. `system_root` is where the system's tree
    begins, in which a directory can have an owner. `scratch` is a directory that goes with the explorer: it is
    removed here where the end has to be made short. `title` names the store that `directory` is a copy of.
    `clients` are looked for on this machine by Programs: those that the doctor knows where None.
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
    title: str = ""
    clients: tuple[Client, ...] | None = None


def explore(exploration: Exploration) -> int:
    """Run the explorer until the user leaves; return the exit status."""
    from capath.tui.app import CapathApp
    from capath.tui.leaving import Leaving
    from capath.tui.settings import Remembered, read_settings

    settings = read_settings()
    if settings.hosts_file and not exploration.hosts:
        exploration, settings = _with_hosts(exploration, settings)
    leaving = Leaving(ends_process=True, scratch=exploration.scratch)
    app = CapathApp(exploration, settings, Remembered.read(), leaving)
    app.run()
    return app.return_code or app.leaving.status


def _with_hosts(exploration: Exploration, settings: Settings) -> tuple[Exploration, Settings]:
    """The hosts of the file that the settings name; where they cannot be read, that is a problem of the
    settings."""
    from dataclasses import replace

    from capath.errors import BadInputError
    from capath.files import read_input
    from capath.tls.many.host_list import parse_host_list
    from capath.tls.test_options import ProbeOptions

    path = os.path.expanduser(settings.hosts_file)
    try:
        text = read_input(path, _HOSTS_BYTES_LIMIT).decode("utf-8")
        hosts = [host.behind_proxy(exploration.environment) for host in parse_host_list(text, ProbeOptions())]
    except (BadInputError, UnicodeDecodeError) as error:
        return exploration, replace(settings, problems=(*settings.problems, f"hosts-file: {error}"))
    return replace(exploration, hosts=tuple(hosts)), settings
