"""Hundreds of hosts from a file: bounded, streaming, and at an interrupt nothing that was finished is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from capath.demo import authority
from capath.demo.server import Loopback, http, silent, tls, tls_context
from capath.errors import BadInputError
from capath.tls.many.host_list import parse_host_list
from capath.tls.many.threads import each
from capath.tls.network.endpoint import Endpoint
from capath.tls.test_options import ProbeOptions, Starttls
from tests.tls.conftest import MakeStore

_COMMAND = [sys.executable, "-m", "capath", "test", "--client", "pyopenssl"]


@pytest.fixture(scope="module")
def root() -> authority.Identity:
    return authority.root("Root")


@pytest.fixture
def good(loopback: Loopback, root: authority.Identity) -> int:
    return loopback.serve(tls(tls_context(authority.leaf(root, "127.0.0.1")), http()))


def test_five_hundred_hosts_need_no_more_descriptors_than_there_are(
    make_store: MakeStore, root: authority.Identity, good: int, tmp_path: Path
) -> None:
    directory = make_store(root)
    (tmp_path / "hosts").write_text(f"127.0.0.1:{good}\n" * 500)
    few = ["sh", "-c", 'ulimit -n 96; exec "$@"', "sh"]  # the hard limit too: no more may be had
    command = [*few, *_COMMAND, "--jobs", "256", "--json", "--capath", directory]
    done = subprocess.run([*command, "--file", str(tmp_path / "hosts")], capture_output=True, check=False)
    assert done.stderr == f"capath: store: {directory} (directory)\n".encode()
    results = json.loads(done.stdout)["results"]
    assert [result["outcome"] for result in results] == ["verified"] * 500
    assert done.returncode == 0


def test_results_stream_and_an_interrupt_keeps_what_was_finished(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, good: int, tmp_path: Path
) -> None:
    """The third host hangs: what is before it is there at once, what is behind it comes at the interrupt."""
    hanging = loopback.serve(silent)
    lines = [f"127.0.0.1:{good}"] * 2 + [f"127.0.0.1:{hanging}"] + [f"127.0.0.1:{good}"] * 5
    (tmp_path / "hosts").write_text("\n".join(lines))
    process = subprocess.Popen(
        [
            *_COMMAND,
            "--jobs",
            "2",
            "--timeout",
            "600",
            "--file",
            str(tmp_path / "hosts"),
            "--capath",
            make_store(root),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = [process.stdout.readline(), process.stdout.readline()]
    assert all("verified" in line for line in first)
    served = 8 - 1
    deadline = time.monotonic() + 30
    while loopback.accepted_count < served + 1 or loopback.connection_count > 1:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    with process.stdout, process.stderr:
        rest, errors = process.stdout.read(), process.stderr.read()
    assert process.wait(60) == 130
    assert 4 <= rest.count("verified") <= 6  # the last may have been on its way, or one in the middle of its line
    assert "interrupted: " in errors
    assert "Traceback" not in errors


def test_an_interrupt_leaves_whole_json(
    loopback: Loopback, make_store: MakeStore, root: authority.Identity, good: int
) -> None:
    hanging = loopback.serve(silent)
    hosts = [f"127.0.0.1:{good}", f"127.0.0.1:{hanging}"]
    process = subprocess.Popen(
        [*_COMMAND, *hosts, "--jobs", "1", "--capath", make_store(root), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while loopback.accepted_count < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    document = json.loads(output)
    assert process.returncode == 130
    assert document["interrupted"] is True
    assert [result["outcome"] for result in document["results"]] == ["verified"]


def test_a_list_has_comments_blank_lines_and_options() -> None:
    text = """
    # a list
    a.test               # with a comment
    b.test:8443  servername=c.test

    d.test starttls=smtp
    [::1]:5432 starttls=postgres servername=
    """
    hosts = parse_host_list(text, ProbeOptions(timeout_s=3))
    assert [(host.endpoint, host.options) for host in hosts] == [
        (Endpoint("a.test", 443), ProbeOptions(timeout_s=3)),
        (Endpoint("b.test", 8443), ProbeOptions(timeout_s=3, servername="c.test")),
        (Endpoint("d.test", 25), ProbeOptions(timeout_s=3, starttls=Starttls.SMTP)),
        (Endpoint("::1", 5432), ProbeOptions(timeout_s=3, starttls=Starttls.POSTGRES, servername="")),
    ]


@pytest.mark.parametrize(
    "line", ["a.test:99999", "a.test starttls=gopher", "a.test color=red", "a.test starttls", "a b c"]
)
def test_a_bad_line_is_named_by_its_number(line: str) -> None:
    with pytest.raises(BadInputError, match="line 2: "):
        parse_host_list(f"good.test\n{line}\n", ProbeOptions())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--starttls", "gopher"], "gopher"),
        (["--min-protocol", "TLSv1.3", "--max-protocol", "TLSv1.2"], "above"),
        (["--key", "x"], "--cert"),
        (["--cert", "/nowhere/at/all"], "cannot be read"),
        (["--proxy", "ftp://p"], "ftp"),
        (["--proxy", "p:1", "--no-proxy"], "not allowed"),
        (["--alpn", "é"], "alpn"),
    ],
)
def test_options_that_make_no_sense_are_status_2(arguments: list[str], words: str, make_store: MakeStore) -> None:
    done = subprocess.run(
        [*_COMMAND, "a.test", "--capath", make_store(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_an_answer_that_is_interrupted_on_its_way_is_not_lost() -> None:
    """Neither one that was read and not handed over, nor those behind it; what was handed over may come again."""
    answers = each(range(3), lambda item: item * 10, threads=1)
    stream = iter(answers)
    assert next(stream) == (0, 0)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt)  # type: ignore[attr-defined]
    answers.end(10)
    assert dict(answers.ready()) == {0: 0, 1: 10, 2: 20}
