"""A toggle planned from a part of the directory is the toggle planned from all of it, whatever stands there."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, currently_in_test_context, event, given, settings
from hypothesis import strategies as st

from capath.change import inventory as inventory_module
from capath.change import read_files
from capath.change import survey as survey_module
from capath.change.apply import apply_plan
from capath.change.assign import HashStyle
from capath.change.digest_cache import DigestCache, unpacked
from capath.change.inventory import take_inventory
from capath.change.journal import Journal
from capath.change.operation import MakeLink, names_of
from capath.change.part import list_part
from capath.change.plan import Plan
from capath.change.quick_rehash import rehash_directory
from capath.change.toggle import RowMemory, plan_toggle
from capath.errors import BadInputError, ChangeError
from capath.pki.load import read_certificate
from capath.pki.visible import visible
from capath.store.link_name import LinkName
from capath.store.listing import Listing, list_store
from capath.store.scan import scan
from capath.store.select import select_one
from tests.change.odd import ODD, Odd, content, others, slot_names
from tests.change.rows import RECIPES, Recipe, roots
from tests.minting import mint_root

EXAMPLES = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The part is taken of small directories too, and files count as settled at once."""
    monkeypatch.setattr(inventory_module, "_WORTH_IT", 0)
    monkeypatch.setattr(inventory_module, "_WORTH_KEEPING", 1)
    monkeypatch.setattr("capath.change.digest_cache.SETTLED_NS", -(10**12))


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def _named(listing: Listing, which: str) -> str | None:
    try:
        return select_one(listing, which).certificate.sha256
    except BadInputError:
        return None


def _ways(directory: Path, listing: Listing) -> list[str]:
    """Every WHICH that means something there, and some that do not."""
    ways = set(os.listdir(directory)) | {visible(name) for name in os.listdir(directory)}
    ways |= {*slot_names(), "nothing.pem", "00000000"}
    for row in listing.certificates:
        found = row.certificate
        ways |= {
            found.sha256,
            found.sha256[:9].upper(),
            found.sha1,
            ":".join(found.sha1[:8][i : i + 2] for i in (0, 2, 4, 6)),
        }
        ways |= {found.subject_hash, found.subject_hash.upper(), found.subject.old_hash}
    return sorted(ways)


def _said(plan: Plan) -> dict[str, object]:
    """All that a plan says and does."""
    rows = {link.row for step in plan.operations if (link := LinkName.parse(step.name)) is not None}
    about = {name for step in plan.operations for name in names_of(step)}
    return {
        "operations": plan.operations,
        "summary": plan.summary,
        "refusals": plan.refusals,
        "notes": plan.notes,
        "gained": sorted(plan.gained),
        "lost": sorted(plan.lost),
        "found before": plan.found_before,
        "found after": plan.found_after,
        "rows before": {row: plan.before.rows.get(row) for row in rows},
        "entries before": {name: plan.before.entries.get(name) for name in about},
        "writable": plan.before.writable,
    }


def _planned(listing: Listing, on: Sequence[str], off: Sequence[str], memory: RowMemory) -> dict[str, object]:
    try:
        return _said(plan_toggle(listing, on, off, memory))
    except KeyError as error:
        return {"failed": repr(error)}


def _memory(directory: Path, rng: random.Random) -> RowMemory:
    """How rows may have stood once: made of the names that are there, with their suffix and without."""
    names = sorted(name.removesuffix(".untrusted") for name in os.listdir(directory))
    rows = sorted({link.row for name in slot_names() if (link := LinkName.parse(name)) is not None})
    return {row: rng.sample(names, rng.randrange(len(names) + 1)) for row in rng.sample(rows, rng.randrange(3))}


def _check(
    directory: Path,
    full: Listing,
    which: Sequence[str],
    trusting: bool,
    memory: RowMemory,
    listed: Sequence[str] = (),
) -> None:
    part = list_part(str(directory), which, listed, trusting=trusting)
    chosen = [_named(full, one) for one in which]
    known = [sha256 for sha256 in listed if sha256 in full.by_sha256]
    if part is None:
        assert not known
        assert not any(chosen)
        return
    assert [_named(part, one) for one in which] == chosen
    assert [sha256 for sha256 in listed if sha256 in part.by_sha256] == known
    toggled = [*filter(None, chosen), *known]
    on, off = (toggled, []) if trusting else ([], toggled)
    expected = _planned(full, on, off, memory)
    assert _planned(part, on, off, memory) == expected
    if not currently_in_test_context():
        return
    event("a plan with steps" if expected.get("operations") else "a plan without steps")
    if len(part.snapshot.entries) < len(full.snapshot.entries):
        event("a part of the directory")


@EXAMPLES
@given(ODD, st.integers(0, 10**6))
def test_the_plan_from_a_part_is_the_plan_from_all(temporary: Path, odd: Odd, seed: int) -> None:
    """For each certificate, each way of naming one, with a list or without, and whatever rows are remembered."""
    directory = odd.build(Path(tempfile.mkdtemp(dir=temporary)) / "d")
    full = list_store(scan(directory))
    rng = random.Random(seed)
    memory = _memory(directory, rng)
    for sha256 in full.by_sha256:
        for trusting in (True, False):
            _check(directory, full, [sha256], trusting, rng.choice((memory, {})))
    ways, every = _ways(directory, full), [root.sha256 for root in roots()]
    for trusting in (True, False):
        _check(directory, full, rng.sample(ways, 2), trusting, memory, rng.sample(every, rng.randrange(3)))
    for way in rng.sample(ways, 3):
        _check(directory, full, [way], rng.random() < 0.5, memory)


@EXAMPLES
@given(RECIPES, st.integers(0, 10**6))
def test_also_in_rows_of_every_kind(temporary: Path, recipe: Recipe, seed: int) -> None:
    """Gaps, copies, and slots that do not load."""
    directory = recipe.build(Path(tempfile.mkdtemp(dir=temporary)) / "d")
    for other in range(3):
        (directory / f"other{other}.pem").write_bytes(content(f"other {other}"))
    full, memory = list_store(scan(directory)), _memory(directory, random.Random(seed))
    for sha256 in full.by_sha256:
        for trusting in (True, False):
            _check(directory, full, [sha256[:12]], trusting, memory)


def _compat(directory: Path, target: str, *, found: bool) -> None:
    """Let root 4 be linked by its old hash too, to `target`, and have lookup find it or not."""
    subject = read_certificate(roots()[4].der)[0].subject
    (directory / f"{subject.old_hash}.0").symlink_to(target)
    (directory / f"{subject.subject_hash}.{0 if found else 1}").symlink_to(target)


def _link_through_another(directory: Path) -> None:
    (directory / "x.pem").write_bytes(roots()[4].pem)
    (directory / "w.pem").symlink_to("x.pem")


WITNESSES: dict[str, Callable[[Path], object]] = {
    "a file": lambda d: (d / "w.pem").write_bytes(roots()[4].pem),
    "a file that is off": lambda d: (d / "w.pem").write_bytes(roots()[1].pem),
    "a file with its text": lambda d: (d / "w.pem").write_bytes(content("text 4")),
    "a file of two": lambda d: (d / "w.pem").write_bytes(content("bundle 4")),
    "a link to a file": _link_through_another,
    "a link out of the directory": lambda d: (d / "w.pem").symlink_to(d.parent / "4.crt"),
    "a CRL": lambda d: (d / "w.pem").write_bytes(content("crl 4")),
}


@pytest.mark.parametrize("found", [True, False])
@pytest.mark.parametrize("witness", WITNESSES)
def test_whether_old_hashes_are_used_is_seen_at_others(tmp_path: Path, witness: str, found: bool) -> None:
    """One that lookup finds, and that an old hash names, makes a root that comes in have a link by its own."""
    directory = tmp_path / "d"
    directory.mkdir()
    (tmp_path / "4.crt").write_bytes(roots()[4].pem)
    for name, other in (("a.pem.untrusted", "root 0"), ("b.pem", "other 1"), ("c.pem", "other 2")):
        (directory / name).write_bytes(content(other))
    WITNESSES[witness](directory)
    _compat(directory, "w.pem", found=found)
    full = list_store(scan(directory))
    which = roots()[0].sha256
    _check(directory, full, [which], True, {})
    links = [step for step in plan_toggle(full, [which], [], {}).operations if isinstance(step, MakeLink)]
    assert len(links) == (2 if found and witness not in ("a file that is off", "a CRL") else 1)
    (directory / "w.pem").rename(directory / "v.pem")
    for path in directory.glob("*.[01]"):
        path.unlink()
    _compat(directory, str(directory / "v.pem"), found=found)
    _check(directory, list_store(scan(directory)), [which], True, {})


@pytest.mark.parametrize(("reached", "hidden"), [(4, 0), (0, 4)])
def test_the_one_that_uses_old_hashes_may_stand_behind_others(tmp_path: Path, reached: int, hidden: int) -> None:
    """One of two that are named by old hashes is found, in the second slot of its row; the other is not."""
    (tmp_path / "in.pem.untrusted").write_bytes(content("other 0"))
    for number, found in ((reached, True), (hidden, False)):
        (tmp_path / f"{number}.pem").write_bytes(roots()[number].pem)
        subject = read_certificate(roots()[number].der)[0].subject
        (tmp_path / f"{subject.old_hash}.0").symlink_to(f"{number}.pem")
        (tmp_path / _slot(number, 1)).symlink_to(f"{number}.pem")
        if found:
            (tmp_path / _slot(number, 0)).write_bytes(content("other 1"))
    full = list_store(scan(tmp_path))
    plan = plan_toggle(full, [others()[0].sha256], [])
    assert len([step for step in plan.operations if isinstance(step, MakeLink)]) == 2
    _check(tmp_path, full, [others()[0].sha256], True, {})


def _slot(number: int, slot: int) -> str:
    return f"{read_certificate(roots()[number].der)[0].subject_hash}.{slot}"


def test_a_row_that_leads_through_a_slot_that_goes(tmp_path: Path) -> None:
    """It is another certificate's, and lookup would stop in it: that is refused by its first name, as from all."""
    (tmp_path / "Z.pem").write_bytes(roots()[4].pem)
    (tmp_path / "Y.pem").symlink_to("Z.pem")
    (tmp_path / "a.pem").write_bytes(roots()[0].pem)
    (tmp_path / "b.pem").write_bytes(roots()[4].pem)
    (tmp_path / "c.pem").write_bytes(roots()[1].pem)
    (tmp_path / _slot(0, 0)).symlink_to("a.pem")
    (tmp_path / _slot(0, 1)).symlink_to("c.pem")
    (tmp_path / _slot(4, 0)).symlink_to(_slot(0, 1))
    (tmp_path / _slot(4, 1)).symlink_to("b.pem")
    full = list_store(scan(tmp_path))
    (refusal,) = plan_toggle(full, [], [roots()[0].sha256]).refusals
    assert refusal.name == "Y.pem"
    _check(tmp_path, full, ["a.pem"], False, {})


def test_a_row_that_leads_through_a_link_that_comes_back(tmp_path: Path) -> None:
    """A link that was put aside with its file comes back with it, and a slot that leads to it serves again."""
    (tmp_path / "a.pem.untrusted").write_bytes(roots()[0].pem)
    (tmp_path / "x.pem.untrusted").symlink_to("a.pem")
    (tmp_path / "b.pem").write_bytes(roots()[4].pem)
    (tmp_path / _slot(4, 0)).symlink_to("x.pem")
    (tmp_path / _slot(4, 1)).symlink_to("b.pem")
    full = list_store(scan(tmp_path))
    assert any("again" in note for note in plan_toggle(full, [roots()[0].sha256], []).notes)
    _check(tmp_path, full, ["a.pem.untrusted"], True, {})


def rewrite(path: Path, octets: bytes) -> None:
    """Another content in place: the same inode, the same size if there is room, the same modification time."""
    before = path.stat() if path.exists() else None
    while True:
        path.write_bytes(octets.ljust(before.st_size if before else 0, b"\n"))
        if before is None:
            return
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.stat().st_ctime_ns != before.st_ctime_ns:  # the clock has ticked since
            return


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("toggle", "toggle", "toggle", "rewrite", "copy", "relink", "touch", "rehash", "compat")),
        st.integers(0, 10**6),
    ),
    min_size=2,
    max_size=7,
)


@settings(EXAMPLES, max_examples=80)
@given(ODD, STEPS)
def test_whatever_happens_between_nothing_is_stale(
    temporary: Path, odd: Odd, steps: list[tuple[str, int]]
) -> None:
    """Toggles carried out, rehashes, and other tools' edits in turn, with everything kept that can be."""
    directory = odd.build(Path(tempfile.mkdtemp(dir=temporary)) / "d")
    for step, seed in steps:
        rng = random.Random(seed)
        files = sorted(path for path in directory.iterdir() if path.is_file())
        path = rng.choice(files) if files else directory / "a.pem"
        match step:
            case "toggle":
                _toggle(directory, rng)
            case "rewrite":
                rewrite(path, content(rng.choice(("root 0", "root 1", "root 4", "bundle 1"))))
            case "copy":
                (directory / f"copy{seed % 9}.pem").write_bytes(path.read_bytes() if path.is_file() else b"")
            case "relink":
                link = directory / rng.choice(slot_names())
                if not link.is_dir() or link.is_symlink():
                    link.unlink(missing_ok=True)
                    link.symlink_to(path.name)
            case "touch":
                if files:
                    os.utime(path)
            case _:
                style = HashStyle.BOTH if step == "compat" else HashStyle.NEW
                try:
                    rehash_directory(str(directory), style)
                except ChangeError:
                    event("a rehash that was refused")


def _toggle(directory: Path, rng: random.Random) -> None:
    which = rng.choice([roots()[number].sha256 for number in range(5)])
    memory = Journal(str(directory)).row_memory()
    trusting = rng.random() < 0.5
    _check(directory, list_store(scan(directory)), [which], trusting, memory)
    part = list_part(str(directory), [which], [], trusting=trusting)
    if part is None or which not in part.by_sha256:
        return
    plan = plan_toggle(part, [which] if trusting else [], [] if trusting else [which], memory)
    try:
        apply_plan(plan)
    except ChangeError:
        return
    assert list_store(scan(directory)).is_trusted(which) is trusting


# What is remembered between runs.


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Roots that are on, each with its link, and three that are off."""
    directory = tmp_path / "d"
    directory.mkdir()
    for number in range(9):
        suffix = "" if number % 3 else ".untrusted"
        (directory / f"{number}.pem{suffix}").write_bytes(mint_root(f"Root {number}").pem)
    rehash_directory(str(directory))
    return directory


def _reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read for the inventory from now on."""
    read: list[str] = []
    real = read_files._read

    def spy(directory: str, descriptor: int, name: str) -> read_files.Found:
        read.append(name)
        return real(directory, descriptor, name)

    monkeypatch.setattr(read_files, "_read", spy)
    return read


def test_a_second_look_reads_what_has_changed(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other file, be it on or off."""
    first = take_inventory(str(store))
    read = _reads(monkeypatch)
    again = take_inventory(str(store))
    assert first is not None
    assert again is not None
    assert again.values == first.values
    assert read == []
    rewrite(store / "4.pem", content("root 2"))
    changed = take_inventory(str(store))
    assert changed is not None
    assert read == ["4.pem"]
    assert changed.values["4.pem"] != first.values["4.pem"]


def test_a_rehash_keeps_what_a_toggle_found_out(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look at files that are off, and forgets none of them; and what it read a toggle does not."""
    monkeypatch.setattr(survey_module, "_WORTH_KEEPING", 1)
    take_inventory(str(store))
    (store / "new.pem").write_bytes(mint_root("New").pem)
    rehash_directory(str(store))
    read = _reads(monkeypatch)
    assert take_inventory(str(store)) is not None
    assert read == []
    (store / "0.pem.untrusted").unlink()
    (store / "more.pem").write_bytes(mint_root("More").pem)
    rehash_directory(str(store))
    assert len(DigestCache(str(store))) == 10  # of a file that has gone it keeps nothing


def test_a_toggle_keeps_that_a_rehash_found_all_right(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next rehash still need not look into any file."""
    monkeypatch.setattr(survey_module, "_WORTH_KEEPING", 1)
    rehash_directory(str(store))
    before = DigestCache(str(store))
    assert before.right_state
    (store / "off.pem.untrusted").write_bytes(mint_root("Off").pem)
    assert take_inventory(str(store)) is not None
    after = DigestCache(str(store))
    assert len(after) > len(before)
    assert after.right_state == before.right_state
    read = _reads(monkeypatch)
    assert rehash_directory(str(store)).step_count == 0
    assert read == []


def test_a_cache_that_lies_is_found_out(store: Path) -> None:
    """What is read of the part is compared with what it was taken for; then all of the directory is read."""
    take_inventory(str(store))
    descriptor = os.open(store, os.O_RDONLY)
    keys = DigestCache.keys(descriptor, os.listdir(descriptor))
    os.close(descriptor)
    lie = DigestCache(str(store))
    values = lie.get_packed(keys)
    lie.put("4.pem", keys["4.pem"], unpacked(values["5.pem"]))
    lie.save(b"")
    assert list_part(str(store), ["4.pem"], [], trusting=False) is None
    assert list_part(str(store), ["5.pem"], [], trusting=False) is None
    assert list_part(str(store), ["7.pem"], [], trusting=False) is not None


def test_by_two_processes_it_is_the_same(store: Path) -> None:
    """Half of the files, and the texts of the links, told by a child."""
    (store / "odd.pem").write_bytes(b"junk")
    (store / "link.pem").symlink_to("odd.pem")
    (store / "far.pem").symlink_to("link.pem")
    (store / "twice.pem").symlink_to("away.pem")
    (store / "away.pem").symlink_to(store / "4.pem")
    alone = _told(store, "False")
    assert alone == _told(store, "True")
    assert "'odd.pem'" in alone


def _told(store: Path, fork: str) -> str:
    code = (
        "import sys; from capath.change import inventory, read_files\n"
        f"inventory._WORTH_IT = 0; read_files._WORTH_A_PROCESS = 2; read_files.may_fork = lambda: {fork}\n"
        "found = inventory.take_inventory(sys.argv[1])\n"
        "print(sorted(found.values.items()), sorted(found.odd), sorted(found.targets.items()), list(found.names))"
    )
    return subprocess.run([sys.executable, "-c", code, store], capture_output=True, text=True, check=True).stdout


def test_what_a_scan_is_better_for_has_no_inventory(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories that are not there, or small, or such that who owns a link counts; and parts of subjects."""
    assert take_inventory(str(store / "nowhere")) is None
    assert take_inventory(str(store / "1.pem")) is None
    assert list_part(str(store), ["subject~Root"], [], trusting=True) is None
    assert list_part(str(store), ["nothing"], [], trusting=True) is None
    os.chmod(store, 0o1777)
    assert take_inventory(str(store)) is None
    os.chmod(store, 0o755)
    assert take_inventory(str(store)) is not None
    monkeypatch.setattr(inventory_module, "_WORTH_IT", 500)
    assert take_inventory(str(store)) is None


def test_only_what_is_needed_is_read(store: Path) -> None:
    """The file, its link, and nothing of the others."""
    part = list_part(str(store), ["4.pem"], [], trusting=False)
    assert part is not None
    (row,) = part.certificates
    assert sorted(part.snapshot.entries) == sorted(["4.pem", *row.links])
