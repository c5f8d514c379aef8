"""Debian's own way from the review: its policy edited, its own tool run, on a tree of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from textual.pilot import Pilot

from capath.store import list_store, scan
from capath.store.owner import DebianTree
from capath.tui.app import CapathApp
from tests.tui.explorer import (
    drive,
    fixed_root,
    make_app,
    make_store,
    reviewed,
    screen_text,
    session_of,
    until,
)

TOOL = shutil.which("update-ca-certificates", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
needs_tool = pytest.mark.skipif(TOOL is None, reason="no update-ca-certificates on this machine")
SIZE = (110, 40)


@pytest.fixture
def tree(tmp_path: Path) -> DebianTree:
    """Three roots, selected, and linked by the tool; a fourth that the tool knows nothing of."""
    tree = DebianTree.under(str(tmp_path))
    for place in (f"{tree.certs}/mozilla", tree.local_certs, tree.etc_certs, tree.hooks):
        os.makedirs(place)
    names = ("Aurora Root", "Borealis Root", "Cedar Root")
    for name in names:
        Path(tree.certs, "mozilla", f"{name.replace(' ', '_')}.crt").write_bytes(fixed_root(name))
    Path(tree.conf).write_text("".join(f"mozilla/{name.replace(' ', '_')}.crt\n" for name in names))
    Path(tree.etc_certs, "Mine.pem").write_bytes(fixed_root("My Root"))
    _update(tree)
    return tree


def _update(tree: DebianTree) -> None:
    if TOOL is not None:
        subprocess.run([TOOL, *tree.options], check=True, capture_output=True)


def _trusted(tree: DebianTree) -> set[str]:
    listing = list_store(scan(tree.etc_certs))
    return {row.certificate.subject.title for row in listing.certificates if row.trusted}


def _links(tree: DebianTree) -> dict[str, str]:
    return {path.name: os.readlink(path) for path in Path(tree.etc_certs).iterdir() if path.is_symlink()}


def _explorer(tree: DebianTree) -> CapathApp:
    return make_app(Path(tree.etc_certs), system_root=str(Path(tree.conf).parents[1]))


def _squeezed(text: str) -> str:
    """Without what breaks a long line apart."""
    return "".join(text.translate(dict.fromkeys(map(ord, "│┃╭╮╰╯─"))).split())


@needs_tool
def test_p_turns_to_debians_way_a_applies_it_u_takes_it_back(tree: DebianTree) -> None:
    """The policy's line and the command are shown before; what is off stays off when the tool runs again."""
    before, links = Path(tree.conf).read_text(), _links(tree)

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "w")
        await reviewed(pilot, app)
        text = screen_text(app)
        assert "untrusted/Aurora_Root.pem" in text
        assert _squeezed(
            "makes it Debian's way: edits ca-certificates.conf and runs update-ca-certificates"
        ) in _squeezed(text)
        await pilot.press("p")
        text = screen_text(app)
        assert "untrusted/Aurora_Root.pem" not in text
        for step in (
            f"edit    {tree.conf}",
            "- mozilla/Aurora_Root.crt",
            "+ !mozilla/Aurora_Root.crt",
            "run     update-ca-certificates",
            "unlink  Aurora_Root.pem",
            "will no longer be trusted",
        ):
            assert _squeezed(step) in _squeezed(text), step
        await pilot.press("p", "p")
        await reviewed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: app.explorer.overlay is None and not session_of(app).staged)
        assert "!mozilla/Aurora_Root.crt\n" in Path(tree.conf).read_text()
        assert not session_of(app).workspace.staged
        _update(tree)
        assert "Aurora Root" not in _trusted(tree)
        await pilot.press("u")
        await reviewed(pilot, app)
        assert "- !mozilla/Aurora_Root.crt" in screen_text(app)
        await pilot.press("a")
        await until(pilot, lambda: (Path(tree.conf).read_text(), _links(tree)) == (before, links))

    drive(_explorer(tree), scenario, SIZE)
    assert Path(tree.conf).read_text() == before
    assert _links(tree) == links


@needs_tool
def test_what_the_policy_cannot_say_is_not_offered(tree: DebianTree) -> None:
    """A root of nobody's among what is staged: there is one way alone, and the owner is still named."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("X", "space", "w")
        review = await reviewed(pilot, app)
        plan = review.plan
        await pilot.press("p")
        assert review.plan is plan
        text = " ".join(screen_text(app).split())
        assert "Debian's way" not in text
        assert "update-ca-certificates owns this directory" in text

    drive(_explorer(tree), scenario, SIZE)


def test_a_directory_of_ones_own_has_one_way(tmp_path: Path) -> None:
    """Nothing of Debian's is said where Debian owns nothing."""

    async def scenario(pilot: Pilot[None], app: CapathApp) -> None:
        await pilot.press("space", "w")
        await reviewed(pilot, app)
        assert "Debian" not in screen_text(app)

    drive(make_app(make_store(tmp_path / "crts"), system_root=str(tmp_path)), scenario, SIZE)
