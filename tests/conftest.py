"""What every test gets: a state and cache of its own, never the user's."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started behind nohup or in the background: what ignores the signal has children that do, and tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


# They start servers, other programs or the explorer; `-m "not slow"` leaves them out.
_SLOW = frozenset({"change", "demo", "diagnosis", "doctor", "faults", "oracle", "scenarios", "tls", "tui"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the packages whose suites take long."""
    root = Path(__file__).parent
    for item in items:
        if item.path.relative_to(root).parts[0] in _SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Journal, caches and settings go to a directory of this test alone, and no CApath leaks in."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    bundles = ("SSL_CERT_DIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    proxies = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")
    for name in (*bundles, *proxies):
        monkeypatch.delenv(name, raising=False)
    return home
