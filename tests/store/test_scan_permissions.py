"""What may not be looked at is said to be that, and not to be something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.minting import mint_root


def test_names_that_can_be_listed_and_not_looked_at(tmp_path: Path) -> None:
    """A directory of mode r-- gives its names away, and nothing of what is behind them."""
    (tmp_path / "a.pem").write_bytes(mint_root().pem)
    for parent in (tmp_path, *tmp_path.parents):
        if os.access(parent, os.W_OK) and len(parent.parts) > 2:
            parent.chmod(parent.stat().st_mode | 0o055)
    tmp_path.chmod(0o444)
    # Somebody who is not root, for root may look at everything; all imports come before.
    code = (
        "import os, sys\nfrom capath.store import list_store, scan\nos.geteuid() or os.setuid(65534)\n"
        "print([(item.file, item.reason) for item in list_store(scan(sys.argv[1])).skipped])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    tmp_path.chmod(0o755)
    assert "('a.pem', 'it is nothing that can be looked at: the directory gives no permission to')" in done.stdout
