"""What is staged, and the steps back and forth. Plain state without a screen, so that it can be tested alone."""

from __future__ import annotations

from collections.abc import Iterable

from capath.tui.model import Item, Staged, Store


class Workspace:
    """The store as last read and the changes staged on it."""

    def __init__(self) -> None:
        self.store: Store | None = None
        self.staged = Staged()
        self._past: list[Staged] = []
        self._future: list[Staged] = []

    def replace_store(self, store: Store) -> Staged:
        """Take a newly read store; return what was staged and makes no sense in it any more."""
        self.store = store
        kept = self.staged.kept(store.by_sha256)
        dropped = Staged(self.staged.taken_in - kept.taken_in, self.staged.taken_out - kept.taken_out)
        self.staged = kept
        self._past = [state for step in self._past if (state := step.kept(store.by_sha256)) != kept]
        self._future.clear()
        return dropped

    def toggle(self, items: Iterable[Item]) -> None:
        """Stage the opposite state for each of `items`, or take that back."""
        self._set(self.staged.toggled(items))

    def stage_in(self, sha256s: Iterable[str]) -> None:
        """Stage certificates to be trusted, whatever was staged for them."""
        assert self.store is not None
        chosen = frozenset(sha256s)
        off = frozenset(
            sha for sha in chosen if (item := self.store.by_sha256.get(sha)) is not None and not item.trusted
        )
        self._set(Staged(self.staged.taken_in | off, self.staged.taken_out - chosen))

    def clear(self) -> None:
        """Unstage everything."""
        self._set(Staged())

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    def undo(self) -> bool:
        """Take the last staging step back; False where there is none."""
        if not self._past:
            return False
        self._future.append(self.staged)
        self.staged = self._past.pop()
        return True

    def redo(self) -> bool:
        """Do again what `undo` took back."""
        if not self._future:
            return False
        self._past.append(self.staged)
        self.staged = self._future.pop()
        return True

    def applied(self) -> None:
        """What was staged has been written: nothing is staged, and nothing of the staging can be taken back."""
        self.staged = Staged()
        self._past.clear()
        self._future.clear()

    def _set(self, staged: Staged) -> None:
        if staged != self.staged:
            self._past.append(self.staged)
            self._future.clear()
            self.staged = staged
