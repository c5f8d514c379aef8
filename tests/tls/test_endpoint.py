"""Hosts as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capath.errors import BadInputError
from capath.tls.network.endpoint import Endpoint, parse_endpoint


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.org", "example.org", 443),
        ("EXAMPLE.org.:8443", "example.org", 8443),
        (" example.org:1 ", "example.org", 1),
        ("127.0.0.1:65535", "127.0.0.1", 65535),
        ("::1", "::1", 443),
        ("[::1]", "::1", 443),
        ("[2001:DB8::1]:8443", "2001:db8::1", 8443),
        ("[fe80::1%eth0]:443", "fe80::1%eth0", 443),
        ("https://example.org", "example.org", 443),
        ("https://example.org:8443/path?query#part", "example.org", 8443),
        ("https://user:secret@example.org/", "example.org", 443),
        ("https://[::1]:8443/", "::1", 8443),
        ("ldaps://example.org", "example.org", 636),
        ("imaps://example.org", "example.org", 993),
        ("bücher.example", "xn--bcher-kva.example", 443),
        ("_dmarc.example.org", "_dmarc.example.org", 443),
        ("localhost", "localhost", 443),
    ],
)
def test_reads_a_host_and_its_port(text: str, host: str, port: int) -> None:
    assert parse_endpoint(text) == Endpoint(host, port)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "a host is missing"),
        ("example.org:", "1 to 65535"),
        ("example.org:0", "1 to 65535"),
        ("example.org:65536", "1 to 65535"),
        ("example.org:-1", "1 to 65535"),
        ("example.org:http", "1 to 65535"),
        ("example.org:٤٤٣", "1 to 65535"),
        ("example.org:" + "9" * 5000, "1 to 65535"),
        ("[::1", "brackets"),
        ("[::1]443", "brackets"),
        ("[example.org]:443", "brackets"),
        ("1:2:3", "not an IPv6 address"),
        ("me@example.org", "has no user"),
        ("me:secret@example.org:443", "has no user"),
        ("999.1.1.1", "neither an IPv4 address"),
        ("a b", "not a host name"),
        ("a..b", "not a host name"),
        ("-a.example", "not a host name"),
        ("a" * 64 + ".example", "not a host name"),
        ("*.example.org", "not a host name"),
        ("http://example.org", "does not begin with TLS"),
        ("smtp://example.org", "--starttls"),
        ("https://[::1", "URL"),
        ("\u2488.example.", "not a"),
    ],
)
def test_says_what_is_wrong(text: str, part: str) -> None:
    with pytest.raises(BadInputError, match=part.replace("[", r"\[")):
        parse_endpoint(text)


def test_a_hostile_host_is_shown_harmless() -> None:
    with pytest.raises(BadInputError) as raised:
        parse_endpoint("\x1b[31mevil")
    assert "\x1b" not in str(raised.value)


@given(st.text())
def test_any_text_gives_an_endpoint_or_a_bad_input(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except BadInputError:
        return
    assert parse_endpoint(endpoint.text) == endpoint
