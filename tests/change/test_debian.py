"""Debian's store changed the way Debian wants it, by its own tool, on a tree of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest

from capath.audit import audit
from capath.change.apply import apply_plan, recover, undo_last
from capath.change.debian import deselected, linked_as, plan_debian
from capath.change.journal import Journal
from capath.change.operation import EditPolicy
from capath.change.plan import with_owner_notes
from capath.change.toggle import plan_toggle
from capath.errors import ChangeError
from capath.store.listing import Listing, list_store
from capath.store.owner import DebianTree, Owner, managed_by
from capath.store.walk import scan
from tests.minting import Minted, mint_root
from tests.oracle.openssl import needs_openssl, trusts

TOOL = shutil.which("update-ca-certificates", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
needs_tool = pytest.mark.skipif(TOOL is None, reason="no update-ca-certificates on this machine")
NAMES = ("Alpha_Root.crt", "Beta_Root.crt", "Gamma Root (2020), Ltd.crt")


def _make(root: Path, certificates: dict[str, bytes]) -> DebianTree:
    tree = DebianTree.under(str(root))
    for place in (tree.certs, tree.local_certs, tree.etc_certs, tree.hooks):
        os.makedirs(place)
    for name, content in certificates.items():
        path = Path(tree.certs) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    Path(tree.conf).write_text("# A comment.\n\n" + "".join(f"{name}\n" for name in certificates))
    return tree


def _update(tree: DebianTree) -> None:
    assert TOOL is not None
    subprocess.run([TOOL, *tree.options], check=True, capture_output=True)


@pytest.fixture
def roots() -> list[Minted]:
    return [mint_root(f"Root {number}") for number in range(3)]


@pytest.fixture
def tree(tmp_path: Path, roots: list[Minted]) -> DebianTree:
    """Three certificates, one with a name that the tool changes, selected and linked."""
    made = _make(tmp_path, {f"mozilla/{name}": root.pem for name, root in zip(NAMES, roots, strict=True)})
    if TOOL is not None:
        _update(made)
    return made


def _list(tree: DebianTree) -> Listing:
    return list_store(scan(tree.etc_certs))


def _links(tree: DebianTree) -> dict[str, str]:
    directory = Path(tree.etc_certs)
    return {path.name: os.readlink(path) for path in directory.iterdir() if path.is_symlink()}


@needs_tool
@needs_openssl
@pytest.mark.oracle
@pytest.mark.parametrize("number", range(3))
def test_off_and_on_by_policy(tree: DebianTree, roots: list[Minted], number: int) -> None:
    """The line is deselected, the tool takes the root out for good; on puts both back; the binary agrees."""
    root = roots[number]
    outside = Path(tree.conf).parent / "root.pem"
    outside.write_bytes(root.pem)
    before, links = Path(tree.conf).read_text(), _links(tree)
    plan = plan_debian(_list(tree), [], [root.sha256], tree)
    assert plan.refusals == ()
    assert plan.lost == (root.sha256,)
    apply_plan(plan)
    assert f"!mozilla/{NAMES[number]}\n" in Path(tree.conf).read_text()
    assert not trusts(tree.etc_certs, outside)
    _update(tree)
    assert not trusts(tree.etc_certs, outside)
    assert [item.certificate.certificate.sha256 for item in deselected(tree)] == [root.sha256]
    assert len(_list(tree).certificates) == 2

    plan = plan_debian(_list(tree), [root.sha256], [], tree)
    assert plan.gained == (root.sha256,)
    apply_plan(plan)
    assert Path(tree.conf).read_text() == before
    assert _links(tree) == links
    assert trusts(tree.etc_certs, outside)


@needs_tool
def test_undo_runs_the_tool_again(tree: DebianTree, roots: list[Minted]) -> None:
    """Undo is the same step backwards, and undo of an undo is refused as ever."""
    before, links = Path(tree.conf).read_text(), _links(tree)
    apply_plan(plan_debian(_list(tree), [], [roots[0].sha256, roots[1].sha256], tree))
    assert len(_links(tree)) == len(links) - 4
    undo_last(tree.etc_certs)
    assert Path(tree.conf).read_text() == before
    assert _links(tree) == links


@needs_tool
def test_a_plain_toggle_would_not_last(tree: DebianTree, roots: list[Minted]) -> None:
    """What the warning says is so: the next run of the tool links it again."""
    managed = managed_by(tree.etc_certs, str(Path(tree.etc_certs).parents[2]))
    assert managed is not None
    assert managed.owner is Owner.DEBIAN
    apply_plan(plan_toggle(_list(tree), [], [roots[0].sha256]))
    assert not _list(tree).is_trusted(roots[0].sha256)
    _update(tree)
    assert _list(tree).is_trusted(roots[0].sha256)


@needs_tool
def test_a_kill_after_the_edit_is_taken_back(tree: DebianTree, roots: list[Minted]) -> None:
    """The policy file is put back, and the tool run over it."""
    before, links = Path(tree.conf).read_text(), _links(tree)
    plan = plan_debian(_list(tree), [], [roots[0].sha256], tree)
    Journal(tree.etc_certs).begin(plan.summary, plan.operations, plan.before, _now())
    (step,) = plan.operations
    assert isinstance(step, EditPolicy)
    Path(tree.conf).write_text(step.after)
    assert "its 1 finished steps were undone" in recover(tree.etc_certs)
    assert Path(tree.conf).read_text() == before
    assert _links(tree) == links


def _now() -> datetime:

    return datetime(2026, 1, 1, tzinfo=timezone.utc)


@needs_tool
def test_a_tool_that_fails_puts_the_policy_back(
    tree: DebianTree, roots: list[Minted], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message says what the tool said, and nothing has changed."""
    before, links = Path(tree.conf).read_text(), _links(tree)
    plan = plan_debian(_list(tree), [], [roots[0].sha256], tree)
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "update-ca-certificates").write_text("#!/bin/sh\necho no luck today >&2\nexit 7\n")
    (fake / "update-ca-certificates").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:{os.environ['PATH']}")
    with pytest.raises(ChangeError, match=r"exit status 7: no luck today\); .* was put back; nothing was changed"):
        apply_plan(plan)
    assert Path(tree.conf).read_text() == before
    assert _links(tree) == links


def test_a_policy_edited_meanwhile_is_left(tree: DebianTree, roots: list[Minted]) -> None:
    """Somebody else's edit is not overwritten."""
    listing = _list(tree)
    if not listing.by_sha256:
        pytest.skip("no update-ca-certificates on this machine")
    plan = plan_debian(listing, [], [roots[0].sha256], tree)
    with open(tree.conf, "a") as file:
        file.write("!mine\n")
    edited = Path(tree.conf).read_text()
    with pytest.raises(ChangeError, match="something else has changed it"):
        apply_plan(plan)
    assert Path(tree.conf).read_text() == edited


@needs_tool
def test_what_the_policy_does_not_cover_is_refused_with_a_remedy(tree: DebianTree) -> None:
    """The administrator's own directory, a certificate of nobody's, and one that the policy does not name."""
    local, foreign, unknown = mint_root("Local"), mint_root("Foreign"), mint_root("Unknown")
    (Path(tree.local_certs) / "local.crt").write_bytes(local.pem)
    (Path(tree.etc_certs) / "foreign.pem").write_bytes(foreign.pem)
    _update(tree)
    (Path(tree.etc_certs) / "unknown.pem").write_bytes(unknown.pem)
    plan = plan_debian(_list(tree), [unknown.sha256], [local.sha256, foreign.sha256], tree)
    assert plan.operations == ()
    reasons = {refusal.name: (refusal.reason, refusal.remedy) for refusal in plan.refusals}
    assert "administrator" in reasons["local.pem"][0]
    assert "by itself" in reasons["foreign.pem"][1]
    assert tree.local_certs in reasons["unknown.pem"][1]


@pytest.mark.skipif(not Path("/usr/share/ca-certificates/mozilla").is_dir(), reason="no ca-certificates here")
@needs_tool
def test_a_copy_of_this_machines_tree(tmp_path: Path) -> None:
    """Every certificate there, some off at once, and on again."""
    names = sorted(Path("/usr/share/ca-certificates").rglob("*.crt"))
    tree = _make(
        tmp_path, {str(path.relative_to("/usr/share/ca-certificates")): path.read_bytes() for path in names}
    )
    _update(tree)
    links = _links(tree)
    listing = _list(tree)
    off = [row.certificate.sha256 for row in listing.certificates[::10]]
    plan = plan_debian(listing, [], off, tree)
    assert set(plan.lost) == set(off)
    apply_plan(plan)
    assert _list(tree).trusted_count == listing.trusted_count - len(off)
    apply_plan(plan_debian(_list(tree), off, [], tree))
    assert _links(tree) == links


def test_the_names_that_the_tool_makes() -> None:
    """Spaces, commas and brackets are changed in the link's name."""
    assert linked_as("mozilla/Gamma Root (2020), Ltd.crt") == "Gamma_Root_=2020=__Ltd.pem"


def test_other_owners_are_recognised(tmp_path: Path) -> None:
    """Fedora, Arch, FreeBSD; and a directory of one's own."""
    for path in (
        "fedora/etc/pki/ca-trust/extracted/pem/directory-hash",
        "arch/etc/ca-certificates/extracted/cadir",
        "bsd/etc/ssl/certs",
        "bsd/usr/share/certs/trusted",
        "own/crts",
    ):
        (tmp_path / path).mkdir(parents=True)
    fedora = managed_by(
        str(tmp_path / "fedora/etc/pki/ca-trust/extracted/pem/directory-hash"), str(tmp_path / "fedora")
    )
    arch = managed_by(str(tmp_path / "arch/etc/ca-certificates/extracted/cadir"), str(tmp_path / "arch"))
    bsd = managed_by(str(tmp_path / "bsd/etc/ssl/certs"), str(tmp_path / "bsd"))
    assert [found and found.owner for found in (fedora, arch, bsd)] == [
        Owner.P11_KIT,
        Owner.P11_KIT,
        Owner.CERTCTL,
    ]
    assert managed_by(str(tmp_path / "own/crts"), str(tmp_path / "own")) is None
    (tmp_path / "link").symlink_to(tmp_path / "bsd/etc/ssl/certs")
    assert managed_by(str(tmp_path / "link"), str(tmp_path / "bsd")) is not None


@needs_tool
def test_the_bundle_that_still_has_a_root_is_told(
    tree: DebianTree, tmp_path: Path, roots: list[Minted], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the toggle in the directory, and after it by check; the way of the owner takes it out of both."""
    listing = list_store(scan(tree.etc_certs))
    plan = with_owner_notes(plan_toggle(listing, (), [roots[0].sha256]), str(tmp_path))
    assert [note for note in plan.notes if note.startswith("ca-certificates.crt still has it")]
    taken_in = with_owner_notes(plan_toggle(listing, [roots[0].sha256], ()), str(tmp_path))
    assert not [note for note in taken_in.notes if "ca-certificates.crt" in note]
    monkeypatch.setattr(
        "capath.store.owner.managed_by", lambda directory, _="/": managed_by(directory, str(tmp_path))
    )

    def differing() -> list[str]:
        found = audit(list_store(scan(tree.etc_certs)), datetime.now(timezone.utc)).findings
        return [finding.sha256 for finding in found if finding.rule == "bundle-differs"]

    assert differing() == []
    apply_plan(plan)
    assert differing() == [roots[0].sha256]
    _update(tree)
    assert differing() == []
