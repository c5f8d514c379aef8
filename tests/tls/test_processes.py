"""Work by several processes: every answer once, none lost with a process, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import Loopback, http, silent, tls, tls_context
from tests.tls.conftest import MakeStore

_COMMAND = [sys.executable, "-m", "capath", "test", "--client", "pyopenssl"]
_BEGIN = """
import os, signal, sys, threading
from capath.tls.many.processes import Processes
parent, cancelled = os.getpid(), threading.Event()
def run(work, items=range(200)):
    with Processes(items, work, processes=2, at_once=4, cancelled=cancelled) as answers:
        yield from answers
"""


def _python(program: str) -> str:
    """Run it in a process without other threads, which a fork would leave behind."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _BEGIN + program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


def test_every_item_is_answered_once_by_other_processes() -> None:
    output = _python("""
found = list(run(lambda item: (item * item, os.getpid())))
assert sorted(position for position, _ in found) == list(range(200))
assert all(answer[0] == position ** 2 for position, answer in found)
assert parent not in {answer[1] for _, answer in found}
print("done")
""")
    assert output == "done\n"


def test_a_process_that_dies_loses_no_answer() -> None:
    output = _python("""
def work(item):
    if item in (3, 90) and os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return item
assert sorted(run(work)) == [(item, item) for item in range(200)]
print("done")
""")
    assert output == "done\n"


def test_where_no_process_can_be_had_threads_do_the_work() -> None:
    output = _python("""
def fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = fork
found = list(run(lambda item: os.getpid()))
assert sorted(position for position, _ in found) == list(range(200))
assert {answer for _, answer in found} == {parent}
print("done")
""")
    assert output == "done\n"


def test_what_the_work_raises_is_raised() -> None:
    output = _python("""
def work(item):
    if item == 150:
        raise ValueError("item 150")
    return item
try:
    list(run(work))
except ValueError as error:
    print(error)
""")
    assert output == "item 150\n"


def test_no_more_is_worked_on_at_a_time_than_was_said() -> None:
    output = _python("""
import mmap, struct, time
at_work, lock = mmap.mmap(-1, 16), __import__("multiprocessing").Lock()
def count(change):
    with lock:
        now, most = struct.unpack("qq", at_work[:])
        at_work[:] = struct.pack("qq", now + change, max(most, now + change))
def work(item):
    count(1)
    os.sched_yield(); os.stat("/"); time.sleep(0)
    count(-1)
assert len(list(run(work, range(2000)))) == 2000
now, most = struct.unpack("qq", at_work[:])
assert now == 0 and 2 <= most <= 4, (now, most)
print("done")
""")
    assert output == "done\n"


def test_a_long_list_tells_the_same_as_one_host_after_the_other(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, tmp_path: Path
) -> None:
    good = loopback.serve(tls(tls_context(authority.leaf(root, "127.0.0.1")), http()))
    other = loopback.serve(tls(tls_context(authority.leaf(root, "other.test")), http()))
    unknown = loopback.serve(tls(tls_context(authority.leaf(authority.root("Unknown"), "127.0.0.1")), http()))
    ports = [good, good, other, good, unknown] * 24
    (tmp_path / "hosts").write_text("".join(f"127.0.0.1:{port}\n" for port in ports))
    command = [*_COMMAND, "--file", str(tmp_path / "hosts"), "--capath", make_store(root)]
    documents = []
    for jobs in ("8", "1"):
        done = subprocess.run([*command, "--json", "--jobs", jobs], capture_output=True, check=False)
        assert done.returncode == 1
        documents.append([_lasting(result) for result in json.loads(done.stdout)["results"]])
    assert documents[0] == documents[1]
    assert [result["port"] for result in documents[0]] == ports
    text = subprocess.run([*command, "--jobs", "8"], capture_output=True, text=True, check=False)
    firsts = [line for line in text.stdout.splitlines() if line[:1] in "✓✗"]
    assert [line[0] for line in firsts] == ["✓", "✓", "✗", "✓", "✗"] * 24
    assert text.returncode == 1


def _lasting(result: dict[str, object]) -> dict[str, object]:
    """What two tests of a host have in common."""
    passing = {"session", "timings_ms", "tested_at", "addresses"}
    return {name: value for name, value in result.items() if name not in passing}


@pytest.mark.parametrize("count", [1, 120])
def test_an_interrupt_takes_the_staged_copies_away(
    count: int, loopback: Loopback, make_store: MakeStore, root: authority.Identity, tmp_path: Path
) -> None:
    """The host is rejected, and hangs when its remedy is tried, so there is a copy of the store by then."""
    place = tmp_path / "temporary"
    place.mkdir()
    reject = tls(tls_context(authority.leaf(root, "127.0.0.1")), http())
    port = loopback.serve(lambda it: silent(it) if any(place.glob("capath-staged-*")) else reject(it))
    directory = make_store(root)
    for link in Path(directory).glob("*.0"):
        link.unlink()
    (tmp_path / "hosts").write_text(f"127.0.0.1:{port}\n" * count)
    process = subprocess.Popen(
        [*_COMMAND, "--jobs", "2", "--file", str(tmp_path / "hosts"), "--capath", directory],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(place)},
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not loopback.connection_count or not any(place.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert list(place.iterdir()) == []


def test_an_interrupt_ends_all_processes_and_keeps_what_was_finished(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, tmp_path: Path
) -> None:
    good = loopback.serve(tls(tls_context(authority.leaf(root, "127.0.0.1")), http()))
    hanging = loopback.serve(silent)
    ports = [good] * 60 + [hanging] * 60
    (tmp_path / "hosts").write_text("".join(f"127.0.0.1:{port}\n" for port in ports))
    place = tmp_path / "temporary"
    place.mkdir()
    process = subprocess.Popen(
        [*_COMMAND, "--jobs", "4", "--json", "--file", str(tmp_path / "hosts"), "--capath", make_store(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(place)},
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while loopback.accepted_count < 60 + 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as the terminal does
    output, errors = process.communicate(timeout=20)
    document = json.loads(output)
    assert process.returncode == 130
    assert document["interrupted"] is True
    assert 56 <= len(document["results"]) <= 60  # the last four may have been on their way
    assert {result["outcome"] for result in document["results"]} == {"verified"}
    assert b"Traceback" not in errors
    assert list(place.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
