"""The README's table of faults: each row names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
README = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")


def test_every_fault_has_its_test() -> None:
    """A row without a test that shows it is no promise."""
    table = re.search(r"<!-- faults:.*?-->\n(.*?)<!-- end of faults -->", README, re.DOTALL)
    assert table is not None
    rows = table[1].splitlines()[2:]
    assert len(rows) >= 8
    for row in rows:
        named = re.search(r"`(test_\w+\.py)::(test_\w+)` \|$", row)
        assert named is not None, row
        assert f"def {named[2]}(" in (HERE / named[1]).read_text(encoding="utf-8"), row
