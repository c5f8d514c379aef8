"""Downloads, from servers of our own on loopback."""

from __future__ import annotations

import gzip
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from capath.demo.authority import leaf, root
from capath.errors import BadInputError
from capath.tls.network.download import DownloadError, download


class Answers(http.server.BaseHTTPRequestHandler):
    """Says what its path asks for."""

    release = threading.Event()

    def do_GET(self) -> None:
        match self.path:
            case "/list":
                self._answer(b"x" * 200_000)
            case "/bomb":
                self._answer(gzip.compress(bytes(1 << 20)), ("Content-Encoding", "gzip"))
            case "/plain":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
            case "/stall":
                self.send_response(200)
                self.send_header("Content-Length", "10")
                self.end_headers()
                self.wfile.write(b"12345")
                self.wfile.flush()
                self.release.wait(60)
            case _:
                self.send_error(404)

    def _answer(self, content: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        for header in headers:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server, and the file of the root that its certificate is below."""
    directory: Path = tmp_path_factory.mktemp("server")
    authority = root("Download Root")
    served = leaf(authority, "127.0.0.1")
    (directory / "leaf.pem").write_bytes(served.pem + served.key_pem)
    (directory / "root.pem").write_bytes(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "leaf.pem")
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    listening.daemon_threads = True
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    listening.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{listening.server_address[1]}", str(directory / "root.pem")
    Answers.release.set()
    listening.shutdown()
    listening.server_close()
    thread.join()


def test_the_content_arrives_with_its_progress(server: tuple[str, str]) -> None:
    """The last report is of the whole."""
    url, cafile = server
    reports: list[tuple[int, int]] = []
    content = download(f"{url}/list", cafile=cafile, progress=lambda *said: reports.append(said))
    assert content == b"x" * 200_000
    assert reports[-1] == (200_000, 200_000)


def test_certifi_decides_and_not_the_environment(server: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that certifi does not vouch for is refused, even where a variable would let it pass."""
    url, cafile = server
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cafile)
    with pytest.raises(DownloadError, match="certificate verify failed"):
        download(f"{url}/list")


@pytest.mark.parametrize("path", ["/list", "/bomb"])
def test_what_is_too_large_is_not_fetched(server: tuple[str, str], path: str) -> None:
    """By what the server says, and by what a compressed answer becomes."""
    url, cafile = server
    with pytest.raises(DownloadError, match="larger than 100,000 bytes"):
        download(url + path, cafile=cafile, octets_limit=100_000)


def test_a_server_that_stops_in_the_middle_keeps_nobody(server: tuple[str, str]) -> None:
    """The time is for the whole download."""
    url, cafile = server
    with pytest.raises(DownloadError, match="did not arrive"):
        download(f"{url}/stall", cafile=cafile, timeout_s=0.5)


def test_errors_and_other_schemes_are_refused(server: tuple[str, str]) -> None:
    """An error page is no list, and http is no way to fetch one, not by a redirect either."""
    url, cafile = server
    with pytest.raises(DownloadError, match="404"):
        download(f"{url}/nothing", cafile=cafile)
    with pytest.raises(DownloadError):
        download(f"{url}/plain", cafile=cafile)
    with pytest.raises(BadInputError, match="https"):
        download("http://127.0.0.1/list")
