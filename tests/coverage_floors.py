"""What the tests run of each package, held against a floor: ``python -m tests.coverage_floors FILE``.

FILE is what ``pytest --cov=capath --cov-branch --cov-report=json:FILE`` writes. Other processes that tests start
are not measured: the floors are of what runs in the tests' own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FLOORS = {
    "audit": (96, 90),
    "capath": (85, 74),
    "change": (94, 90),
    "cli": (92, 87),
    "demo": (98, 94),
    "diagnosis": (91, 82),
    "doctor": (95, 88),
    "pki": (97, 95),
    "remedy": (95, 89),
    "report": (89, 74),
    "sources": (94, 90),
    "store": (93, 89),
    "tls": (92, 81),
    "tui": (90, 78),
}
"""The least percentage of lines and of branches, by package; the modules beside the packages are "capath"."""


class Covered(NamedTuple):
    """How many percent of a package's lines and branches ran."""

    lines: float
    branches: float

    def reaches(self, floor: tuple[int, int]) -> bool:
        return self.lines >= floor[0] and self.branches >= floor[1]


def by_package(report: Mapping[str, Any]) -> dict[str, Covered]:
    """The packages of coverage's JSON `report`, in order of their names."""
    totals: dict[str, list[int]] = {}
    for path, file in report["files"].items():
        *folders, _ = Path(path).parts[Path(path).parts.index("capath") + 1 :]
        total = totals.setdefault(folders[0] if folders else "capath", [0, 0, 0, 0])
        names = ("covered_lines", "num_statements", "covered_branches", "num_branches")
        for position, name in enumerate(names):
            total[position] += file["summary"][name]
    return {
        package: Covered(100 * lines / max(1, all_lines), 100 * branches / max(1, all_branches))
        for package, (lines, all_lines, branches, all_branches) in sorted(totals.items())
    }


def main(argv: Sequence[str]) -> int:
    """Print each package with its floor; 1 where one is below it, or has none."""
    report = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    bad = False
    print(f"{'package':<12}{'lines':>8}{'floor':>7}{'branches':>10}{'floor':>7}")
    for package, covered in by_package(report).items():
        floor = FLOORS.get(package, (100, 100))
        bad |= not covered.reaches(floor)
        word = "" if covered.reaches(floor) else "  below"
        print(f"{package:<12}{covered.lines:>7.1f}%{floor[0]:>7}{covered.branches:>9.1f}%{floor[1]:>7}{word}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
