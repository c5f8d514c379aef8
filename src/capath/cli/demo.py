"""``capath demo``: a temporary store and servers, in the explorer or, with ``--headless``, as a table."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from capath.cli.exit_status import ExitStatus
from capath.cli.explore import ExploreRequest

if TYPE_CHECKING:
    from capath.demo.headless import SceneResult
    from capath.diagnosis.cause import Cause, RemedyKind

_WELCOME = "A temporary directory and test servers, removed when you quit. Each host shows one cause."


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help="test every host, print what each shows, and exit")


def run(arguments: argparse.Namespace) -> int:
    return _headless(arguments) if arguments.headless or arguments.json else _explore(arguments)


def _explore(arguments: argparse.Namespace) -> int:
    from capath.demo.world import open_world
    from capath.tls.test_options import HostToTest

    with open_world() as world:
        # What is tried out in the demo leaves nothing in the user's own history.
        os.environ["XDG_STATE_HOME"] = os.path.join(os.path.dirname(world.directory), "state")
        hosts = tuple(HostToTest(host.endpoint, host.site.options, host.scenario.drawing) for host in world.hosts)
        request = ExploreRequest(
            world.directory,
            hosts=hosts,
            resolver=world.resolve,
            welcome=_WELCOME,
            scratch=os.path.dirname(world.directory),
        )
        return int(arguments.open_explorer(request))


def _headless(arguments: argparse.Namespace) -> int:
    from capath.demo.headless import try_all
    from capath.demo.world import open_world
    from capath.report.document import document
    from capath.report.test import result_json
    from capath.tls.test_options import Client

    with open_world() as world:
        trials: Sequence[SceneResult] = try_all(world, (Client.REQUESTS,))
    if arguments.json:
        shown = [
            {
                "scenario": trial.host.scenario.name,
                "made_to_show": trial.host.scenario.cause,
                "drawing": trial.host.scenario.drawing,
                "made_to_be_mended_by": sorted(trial.host.scenario.fixed_by),
                "fixed_by": sorted(trial.fixed_by),
                "as_made": trial.as_made,
                "result": result_json(trial.result, trial.diagnosis),
            }
            for trial in trials
        ]
        print(document({"scenarios": shown}))
    else:
        width = max(len(trial.host.scenario.name) for trial in trials)
        for trial in trials:
            mark = "✓" if trial.as_made else "✗"
            print(f"{mark} {trial.host.scenario.name:<{width}}  {_shown(trial)}")
        good = sum(trial.as_made for trial in trials)
        print(
            f"{good} of {len(trials)} hosts show the cause they were made to show, and "
            f"the remedies that should fix them do"
        )
    return ExitStatus.GOOD if all(trial.as_made for trial in trials) else ExitStatus.BAD


def _shown(trial: SceneResult) -> str:
    """What the host showed, the remedies that fix it, and what it was made to show if that is something else."""
    scenario = trial.host.scenario
    shown = _cause(trial.cause, trial.fixed_by)
    return shown if trial.as_made else f"{shown}   (made to show: {_cause(scenario.cause, scenario.fixed_by)})"


def _cause(cause: Cause | None, fixed_by: frozenset[RemedyKind]) -> str:
    fixes = f"  fixed by {', '.join(sorted(fixed_by))}, tested" if fixed_by else ""
    return f"{cause or 'verified'!s:<27}{fixes}".rstrip()
