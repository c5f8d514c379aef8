"""The lean rehash against the planned one: the same directory, the same lines, whatever stands there."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capath.change import read_files
from capath.change import survey as survey_module
from capath.change.apply import apply_plan, undo_last
from capath.change.assign import HashStyle
from capath.change.digest_cache import DigestCache
from capath.change.journal import Journal
from capath.change.plan import applicable
from capath.change.quick_rehash import rehash_directory
from capath.change.rehash import plan_rehash
from capath.change.survey import survey
from capath.errors import BadInputError, ChangeError, InterruptedChangeError
from capath.files import cache_directory
from capath.pki.found import Single
from capath.store.scan import scan
from tests.change.rows import RECIPES, Recipe
from tests.minting import mint_crl, mint_root
from tests.oracle.openssl import links_in
from tests.trees import copy_of, tree


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def _shape(directory: Path) -> dict[str, tuple[object, ...]]:
    return {name: entry[:3] for name, entry in tree(directory).items()}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECIPES, st.sampled_from(HashStyle), st.booleans(), st.booleans())
def test_both_ways_lead_to_the_same(
    temporary: Path, recipe: Recipe, style: HashStyle, remove: bool, with_crl: bool
) -> None:
    """Links, lines of -v, files passed over and refusals; and a second run has nothing to do."""
    quick = recipe.build(Path(tempfile.mkdtemp(dir=temporary)) / "quick")
    if with_crl:
        (quick / "list.crl").write_bytes(mint_crl(mint_root("Root A")))
    planned = copy_of(quick, quick.parent / "planned")
    plan = plan_rehash(scan(planned), style, remove=remove)
    apply_plan(applicable(plan.plan))
    done = rehash_directory(str(quick), style, remove=remove, verbose=True)
    assert _shape(quick) == _shape(planned)
    assert list(done.lines) == list(plan.verbose_lines())
    assert [(passed.file, passed.reason) for passed in done.passed] == [
        (passed.file, passed.reason) for passed in plan.passed
    ]
    assert [refusal.name for refusal in done.refusals] == [refusal.name for refusal in plan.plan.refusals]
    assert done.step_count == len(plan.plan.operations)
    assert rehash_directory(str(quick), style, remove=remove).step_count == 0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    directory = tmp_path / "d"
    directory.mkdir()
    for number in range(8):
        (directory / f"{number}.pem").write_bytes(mint_root(f"Root {number // 2}").pem)
    return directory


def test_it_can_be_undone(store: Path) -> None:
    """Its history is as any other's."""
    before = tree(store)
    rehash_directory(str(store))
    (change,) = Journal(str(store)).changes()
    assert len(change.operations) == 8
    undo_last(str(store))
    assert tree(store) == before


@pytest.mark.parametrize("at", [1, 5])
def test_a_full_disk_takes_it_back(store: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """All of the links or none, and the message names the one that failed."""
    before = tree(store)
    _fail(monkeypatch, "symlink", at)
    with pytest.raises(ChangeError, match=r"No space left on device; (the 4 links before it|nothing was changed)"):
        rehash_directory(str(store))
    assert tree(store) == before


def test_where_that_fails_too_it_says_so(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next capath takes it back."""
    _fail(monkeypatch, "symlink", 3)
    _fail(monkeypatch, "unlink", 1)
    with pytest.raises(InterruptedChangeError, match="failed too"):
        rehash_directory(str(store))
    with pytest.raises(ChangeError, match="was interrupted"):
        rehash_directory(str(store))


def _fail(monkeypatch: pytest.MonkeyPatch, call: str, at: int) -> None:
    real, calls = getattr(os, call), 0

    def failing(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, call, failing)


def test_it_loads_nothing_that_it_does_not_need(store: Path) -> None:
    """Neither the screen nor the network, nor even `dataclasses`: starting is most of what a small one costs.

    What decides on certificates is loaded, for there are some to read.
    """
    code = (
        "import sys; from capath.__main__ import run; sys.argv[1:] = ['rehash', sys.argv[1]]\n"
        "try:\n    run()\nexcept SystemExit as leaving:\n    assert leaving.code == 0\n"
        "print({'textual', 'requests', 'OpenSSL', 'ssl', 'dataclasses'} & set(sys.modules))"
    )
    arguments = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}", str(store)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert len(links_in(store)) == 8


def test_a_directory_that_cannot_be_listed_is_bad_input(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(BadInputError, match="nowhere"):
        survey(str(tmp_path / "nowhere"))


# The cache of what files were.


@pytest.fixture
def cached(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store with a cache, small as it is, its files long settled."""
    monkeypatch.setattr(survey_module, "_WORTH_KEEPING", 1)
    monkeypatch.setattr("capath.change.digest_cache.SETTLED_NS", -(10**12))
    return store


def _hashes(directory: Path) -> dict[str, str]:
    found = survey(str(directory))
    found.remember("", {}, is_right=False)
    files = found.files
    return {name: found.subject_hash for name, found in files.items() if isinstance(found, Single)}


def _reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    read: list[str] = []
    real = read_files._read

    def spy(directory: str, descriptor: int, name: str) -> Any:
        read.append(name)
        return real(directory, descriptor, name)

    monkeypatch.setattr(read_files, "_read", spy)
    return read


def test_unchanged_files_are_not_read_again(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time only what has changed is read, and it says the same."""
    before = _hashes(cached)
    read = _reads(monkeypatch)
    assert _hashes(cached) == before
    assert read == []
    (cached / "3.pem").write_bytes(mint_root("Another").pem)
    assert _hashes(cached) != before
    assert read == ["3.pem"]


def _rehashed(store: Path, **how: Any) -> list[str]:
    """Rehash, and tell which files were read or looked up for it."""
    with pytest.MonkeyPatch.context() as patched:
        looked: list[str] = []
        real = survey_module._read_all

        def spy(result: Any, descriptor: int, names: Any) -> Any:
            looked.extend(names)
            return real(result, descriptor, names)

        patched.setattr(survey_module, "_read_all", spy)
        rehash_directory(str(store), **how)
    return looked


ASIDE: dict[str, Callable[[Path], object]] = {
    "a file is edited": lambda d: (d / "3.pem").write_bytes(mint_root("Another").pem),
    "a file comes": lambda d: (d / "new.pem").write_bytes(mint_root("New").pem),
    "a file goes": lambda d: (d / "3.pem").unlink(),
    "a link goes": lambda d: next(d.glob("*.0")).unlink(),
    "a link leads elsewhere": lambda d: _relink(next(d.glob("*.0")), "nowhere.pem"),
    "a link comes": lambda d: (d / "00000000.0").symlink_to("0.pem"),
    "a link becomes a file": lambda d: _become_a_file(next(d.glob("*.0"))),
    "a file becomes a link": lambda d: _relink(d / "3.pem", "0.pem"),
}


def _relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _become_a_file(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"")


def test_a_directory_known_to_be_right_is_not_looked_into(cached: Path) -> None:
    """From the second run on, and for the same hashes only; -v looks again, for it has lines to say."""
    assert len(_rehashed(cached)) == 8
    assert _rehashed(cached) == []
    assert len(_rehashed(cached, verbose=True)) == 8
    assert len(_rehashed(cached, style=HashStyle.BOTH)) == 8
    assert _rehashed(cached, style=HashStyle.BOTH) == []
    assert len(links_in(cached)) == 16
    assert len(_rehashed(cached)) == 8
    assert len(links_in(cached)) == 8


@pytest.mark.parametrize("what", ASIDE)
def test_whatever_changes_is_looked_into_again(cached: Path, what: str) -> None:
    """And the outcome is that of a rehash without a memory."""
    rehash_directory(str(cached))
    ASIDE[what](cached)
    fresh = copy_of(cached, cached.parent / "fresh")
    assert _rehashed(cached)
    apply_plan(applicable(plan_rehash(scan(fresh)).plan))
    assert _shape(cached) == _shape(fresh)


def test_a_directory_with_something_to_say_is_looked_into_every_time(cached: Path) -> None:
    """Its warnings are said again."""
    (cached / "odd.pem").write_bytes(b"junk")
    for _ in range(3):
        assert [passed.file for passed in rehash_directory(str(cached)).passed] == ["odd.pem"]


def test_a_change_that_hides_is_seen(cached: Path) -> None:
    """The same size and the same modification time: the change time and the inode tell."""
    path = cached / "3.pem"
    first, second = mint_root("Root X"), mint_root("Root Y")
    width = max(len(first.pem), len(second.pem))
    path.write_bytes(first.pem.ljust(width, b"\n"))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    before = _hashes(cached)
    path.write_bytes(second.pem.ljust(width, b"\n"))
    os.utime(path, ns=times)
    assert _hashes(cached)["3.pem"] != before["3.pem"]
    other = cached / "other.txt"
    other.write_bytes(first.pem.ljust(width, b"\n"))
    os.utime(other, ns=times)
    other.replace(path)
    assert _hashes(cached)["3.pem"] == before["3.pem"]


def test_files_that_changed_a_moment_ago_are_not_kept(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could change again within the same tick of the clock."""
    monkeypatch.setattr(survey_module, "_WORTH_KEEPING", 1)
    _hashes(store)
    read = _reads(monkeypatch)
    _hashes(store)
    assert len(read) == 8


def test_a_link_to_a_changed_file_is_read_again(cached: Path, tmp_path: Path) -> None:
    """What is compared is the file at the end of the links."""
    (tmp_path / "away.crt").write_bytes(mint_root("Root X").pem)
    (cached / "link.pem").symlink_to(tmp_path / "away.crt")
    before = _hashes(cached)
    (tmp_path / "away.crt").write_bytes(mint_root("Root Y").pem)
    assert _hashes(cached)["link.pem"] != before["link.pem"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "junk", "a directory"])
def test_a_damaged_cache_is_no_cache(cached: Path, damage: str) -> None:
    """It is passed over, and replaced."""
    before = _hashes(cached)
    (path,) = (Path(cache_directory()) / "digests").iterdir()
    data = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(data[:-5])
        case "flipped":
            path.write_bytes(data[:-3] + bytes((data[-3] ^ 1,)) + data[-2:])
        case "empty":
            path.write_bytes(b"")
        case "junk":
            path.write_bytes(b"\xff" * 1000)
        case _:
            path.unlink()
            path.mkdir()
    assert len(DigestCache(str(cached))) == 0
    assert _hashes(cached) == before


def test_a_cache_that_cannot_be_written_is_no_matter(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same."""
    (cached.parent / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cached.parent / "file"))
    assert len(_hashes(cached)) == 8


def test_two_processes_read_as_one(cached: Path) -> None:
    """Half of the files each, odd ones among them, and the cache holds them all."""
    (cached / "0.pem").write_bytes(b"junk")
    (cached / "9.crl").write_bytes(mint_crl(mint_root()))
    (cached / "a.pem").symlink_to("nowhere")
    (cached / "b.pem").mkdir()
    alone = survey(str(cached), cached=False)
    code = (
        "import sys; from capath.change import read_files, survey as module\n"
        "from capath.change.digest_cache import DigestCache\n"
        "import capath.change.digest_cache as cache; cache.SETTLED_NS = -10**12\n"
        "read_files._WORTH_A_PROCESS = 2; module._WORTH_KEEPING = 1; read_files.may_fork = lambda: True\n"
        "for _ in range(2):\n"
        "    found = module.survey(sys.argv[1])\n"
        "    found.remember('', {}, is_right=False)\n"
        "print([(name, getattr(one, 'subject_hash', None), getattr(one, 'reason', None)) for name, one in "
        "found.files.items()], len(DigestCache(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, cached], capture_output=True, text=True, check=True)
    told = [
        (name, getattr(one, "subject_hash", None), getattr(one, "reason", None))
        for name, one in alone.files.items()
    ]
    assert done.stdout == f"{told} 8\n"
