"""What is staged, and the steps back and forth. Plain state without a screen, so that it can be tested alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

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
        kept = self.staged.kept(store)
        dropped = Staged(self.staged.trust - kept.trust, self.staged.distrust - kept.distrust)
        self.staged = kept
        self._past = [state for step in self._past if (state := step.kept(store)) != kept]
        self._future.clear()
        return dropped

    def toggle(self, items: Iterable[Item]) -> None:
        """Stage the opposite state for each of `items`, or take that back."""
        self._set(self.staged.toggled(items))

    def stage_in(self, sha256s: Iterable[str]) -> None:
        """Stage certificates to be trusted, whatever was staged for them."""
        assert self.store is not None
        chosen = frozenset(sha256s)
        off = frozenset(sha for sha in chosen if (item := self.store.item(sha)) is not None and not item.trusted)
        self._set(Staged(self.staged.trust | off, self.staged.distrust - chosen))

    def stage_out(self, sha256s: Iterable[str]) -> None:
        """Stage certificates to be distrusted, whatever was staged for them."""
        assert self.store is not None
        chosen = frozenset(sha256s)
        on = frozenset(sha for sha in chosen if (item := self.store.item(sha)) is not None and item.trusted)
        self._set(Staged(self.staged.trust - chosen, self.staged.distrust | on))

    def stage_out_or_back(self, items: Collection[Item]) -> None:
        """Have `items` not trusted in the end: what is trusted is staged off, what was staged on is unstaged."""
        shas = frozenset(item.sha256 for item in items if not item.trusted)
        out = frozenset(item.sha256 for item in items if item.trusted)
        self._set(Staged(self.staged.trust - shas, self.staged.distrust | out))

    def stage_in_or_back(self, items: Collection[Item]) -> None:
        """Have `items` trusted in the end: what is off is staged on, what was staged off is unstaged."""
        shas = frozenset(item.sha256 for item in items if not item.trusted)
        back = frozenset(item.sha256 for item in items if item.trusted)
        self._set(Staged(self.staged.trust | shas, self.staged.distrust - back))

    def unstage(self, sha256s: Iterable[str]) -> None:
        """Leave certificates as they are."""
        chosen = frozenset(sha256s)
        self._set(Staged(self.staged.trust - chosen, self.staged.distrust - chosen))

    def clear(self) -> None:
        """Unstage everything."""
        self._set(Staged())

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
