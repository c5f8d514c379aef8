"""What is kept of files between runs: never a stale answer, and never an error."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capath.change.apply import apply_plan
from capath.change.plan import applicable
from capath.change.rehash import plan_rehash
from capath.change.toggle import plan_toggle
from capath.cli.main import main
from capath.errors import BadInputError, ChangeError
from capath.files import cache_directory
from capath.store import content as content_module
from capath.store import list_store, scan
from capath.store.snapshot import Snapshot
from tests.change.odd import ODD, Odd, content, slot_names
from tests.minting import mint_crl, mint_root


@pytest.fixture
def store(tmp_path: Path) -> Path:
    directory = tmp_path / "d"
    directory.mkdir()
    for number in range(8):
        (directory / f"{number}.pem").write_bytes(mint_root(f"Root {number // 2}").pem)
    return directory


@pytest.fixture
def cached(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store, its files long settled."""
    monkeypatch.setattr("capath.store.cache.SETTLED_NS", -(10**12))
    return store


def _reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    read: list[str] = []
    real = content_module.read_content

    def spy(path: str, descriptor: int | None = None) -> Any:
        read.append(os.path.basename(path))
        return real(path, descriptor)

    monkeypatch.setattr(content_module, "read_content", spy)
    return read


def _held(directory: Path) -> dict[str, object]:
    return {name: getattr(entry, "file", None) and entry.file.held for name, entry in _entries(directory).items()}


def _entries(directory: Path) -> Any:
    return scan(directory).entries


def test_unchanged_files_are_not_read_again(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time only what has changed is read, and it says the same."""
    (cached / "list.crl").write_bytes(mint_crl(mint_root()))
    before = _held(cached)
    read = _reads(monkeypatch)
    assert _held(cached) == before
    assert read == []
    (cached / "3.pem").write_bytes(mint_root("Another").pem)
    assert _held(cached) != before
    assert read == ["3.pem"]


def test_a_toggle_of_one_reads_one(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its title, for the summary; and nothing of the others."""
    apply_plan(plan_rehash(scan(cached)).plan)
    read = _reads(monkeypatch)
    listing = list_store(scan(cached), read=False)
    row = next(row for row in listing.certificates if row.file == "4.pem")
    apply_plan(plan_toggle(listing, [], [row.held.sha256]))
    assert read == ["4.pem"]


def test_a_change_that_hides_is_seen(cached: Path) -> None:
    """The same size and the same modification time: the change time and the inode tell."""
    path = cached / "3.pem"
    first, second = mint_root("Root X"), mint_root("Root Y")
    width = max(len(first.pem), len(second.pem))
    path.write_bytes(first.pem.ljust(width, b"\n"))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    before = _held(cached)
    _rewrite(path, second.pem)
    assert _held(cached)["3.pem"] != before["3.pem"]
    other = cached / "other.txt"
    other.write_bytes(first.pem.ljust(width, b"\n"))
    os.utime(other, ns=times)
    other.replace(path)
    assert _held(cached)["3.pem"] == before["3.pem"]


def test_files_that_changed_a_moment_ago_are_not_kept(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could change again within the same tick of the clock."""
    _held(store)
    read = _reads(monkeypatch)
    _held(store)
    assert len(read) == 8


def test_a_link_to_a_changed_file_is_read_again(cached: Path, tmp_path: Path) -> None:
    """What is compared is the file at the end of the links."""
    (tmp_path / "away.crt").write_bytes(mint_root("Root X").pem)
    (cached / "link.pem").symlink_to(tmp_path / "away.crt")
    before = _held(cached)
    (tmp_path / "away.crt").write_bytes(mint_root("Root Y").pem)
    assert _held(cached)["link.pem"] != before["link.pem"]


def _become_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _become_a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _become_a_link(path: Path) -> None:
    path.rename(path.with_name("x"))
    path.symlink_to("x")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "flipped": lambda path: path.write_bytes(path.read_bytes()[:-3] + b"xyz"),
    "empty": lambda path: path.write_bytes(b""),
    "junk": lambda path: path.write_bytes(b"\xff" * 1000),
    "a directory": _become_a_directory,
    "a FIFO": _become_a_fifo,
    "a link": _become_a_link,
    "writable by others": lambda path: path.chmod(0o666),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cache_is_no_cache(cached: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    """Also one that somebody else could have written: everything is read again."""
    before = _held(cached)
    (path,) = (Path(cache_directory()) / "digests").iterdir()
    DAMAGE[damage](path)
    read = _reads(monkeypatch)
    assert _held(cached) == before
    assert len(read) == 8


def test_a_cache_that_cannot_be_written_does_not_matter(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cached.parent / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cached.parent / "file"))
    assert len(_held(cached)) == 8


def test_what_is_read_later_is_what_was_looked_at(cached: Path) -> None:
    """A file that has changed since is not shown in the place of what it was."""
    lazily = list_store(scan(cached), read=False)
    snapshot = scan(cached)
    (cached / "3.pem").write_bytes(mint_root("Another").pem)
    row = next(row for row in lazily.certificates if row.file == "3.pem")
    with pytest.raises(BadInputError, match=r"3\.pem: it has changed since the directory was read"):
        _ = row.certificate.der
    listing = list_store(snapshot)
    assert [item.file for item in listing.skipped] == ["3.pem"]
    assert len(listing.certificates) == 7


def _rewrite(path: Path, data: bytes) -> None:
    """Another content in place: the same inode, the same size if there is room, the same modification time."""
    before = path.stat() if path.exists() else None
    while True:
        path.write_bytes(data.ljust(before.st_size if before else 0, b"\n"))
        if before is None:
            return
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.stat().st_ctime_ns != before.st_ctime_ns:  # the clock has ticked since
            return


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("toggle", "toggle", "toggle", "rewrite", "copy", "relink", "touch", "rehash")),
        st.integers(0, 10**6),
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ODD, STEPS)
def test_whatever_happens_between_nothing_is_stale(cached: Path, odd: Odd, steps: list[tuple[str, int]]) -> None:
    """Toggles, rehashes and other tools' edits in turn: what the cache tells is what reading everything tells."""
    directory = odd.build(Path(tempfile.mkdtemp(dir=cached.parent)) / "d")
    for step, seed in steps:
        _do(step, random.Random(seed), directory)
        told, fresh = scan(directory), _without_cache(directory)
        assert _all_of(told) == _all_of(fresh)


def _do(step: str, rng: random.Random, directory: Path) -> None:
    files = sorted(path for path in directory.iterdir() if path.is_file())
    path = rng.choice(files) if files else directory / "fresh.pem"
    match step:
        case "toggle":
            _toggle(directory, rng)
        case "rewrite":
            _rewrite(path, content(rng.choice(("root 0", "root 1", "root 4", "bundle 1"))))
        case "copy":
            (directory / f"copy{rng.randrange(9)}.pem").write_bytes(path.read_bytes() if path.is_file() else b"")
        case "relink":
            link = directory / rng.choice(slot_names())
            if not link.is_dir() or link.is_symlink():
                link.unlink(missing_ok=True)
                link.symlink_to(path.name)
        case "touch" if files:
            os.utime(path)
        case _:
            apply_plan(applicable(plan_rehash(scan(directory)).plan))


def _toggle(directory: Path, rng: random.Random) -> None:
    listing = list_store(scan(directory), read=False)
    if not listing.certificates:
        return
    row = rng.choice(listing.certificates)
    on, off = ([], [row.held.sha256]) if row.trusted else ([row.held.sha256], [])
    plan = plan_toggle(listing, on, off)
    try:
        apply_plan(plan)
    except ChangeError:
        assert plan.refusals
        return
    assert list_store(scan(directory)).is_trusted(row.held.sha256) is bool(on) or not plan.operations


def _without_cache(directory: Path) -> Snapshot:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(directory.parent / "none"))
        patched.setattr("capath.store.cache.SETTLED_NS", 10**15)
        return scan(directory)


def _all_of(snapshot: Snapshot) -> list[object]:
    listing = list_store(snapshot)
    return [
        [(row.file, row.held, row.certificate.der, row.links, row.standing) for row in listing.certificates],
        [(row.file, row.crl.der, row.links) for row in listing.crls],
        listing.skipped,
        listing.links,
    ]


def test_showing_one_certificate_reads_one(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its findings, and its relatives, of which there is one: the other certificate of its name."""
    _held(cached)
    read = _reads(monkeypatch)
    assert main(["show", str(cached), "4.pem"], lambda _: 1) == 0
    assert set(read) == {"4.pem", "5.pem"}
