"""Lists of hosts in files: whatever is named, it is read or refused, and nothing is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capath.errors import BadInputError
from capath.tls.many.host_list import read_host_list
from capath.tls.network.endpoint import Endpoint
from capath.tls.test_options import ProbeOptions


def test_a_list_is_read(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a.test\n# a comment\nb.test:25 starttls=smtp  # and another\n")
    hosts = read_host_list(str(tmp_path / "hosts"), ProbeOptions())
    assert [host.endpoint for host in hosts] == [Endpoint("a.test", 443), Endpoint("b.test", 25)]


def test_what_has_no_end_or_no_answer_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 17 * 1024 * 1024)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    paths = [str(tmp_path / name) for name in ("fifo", "large", "binary", "missing")]
    for path in (*paths, "/dev/zero", str(tmp_path)):
        with pytest.raises(BadInputError, match=os.path.basename(path)):
            read_host_list(path, ProbeOptions())


def test_a_line_that_is_wrong_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a.test\nb c\n")
    with pytest.raises(BadInputError, match="hosts: line 2: "):
        read_host_list(str(tmp_path / "hosts"), ProbeOptions())
