"""Passwords in addresses: whatever is wrong with the address, no message holds them."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

import capath
from capath.errors import BadInputError
from capath.remedy.full_answer import Beside
from capath.report.beside import beside_json
from capath.tls.many.host_list import parse_host, parse_host_list
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.network.environment import environment_traps
from capath.tls.network.proxy import parse_proxy, proxy_from_environment
from capath.tls.test_options import ProbeOptions

SECRET = "s3cret"
ADDRESSES = (
    f"me:{SECRET}@host.test:443",
    f"me:{SECRET}@host.test:99999",
    f"https://me:{SECRET}@host.test:bad/",
    f"https://me:{SECRET}@-bad-/",
    f"https://me:{SECRET}@[::1/",
    f"https://me:{SECRET}/x@host.test:bad/",
    f"https://me:p@{SECRET}@host.test:bad/",
    f"gopher://me:{SECRET}@host.test/",
    f"me:{SECRET}@host.test starttls=gopher",
    f"me:{SECRET}@host.test what=ever",
    f"https://me:{SECRET}@h\u00f6st.test:0/",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_message_about_a_host_holds_its_password(address: str) -> None:
    for parse in (
        parse_endpoint,
        lambda text: parse_host(text, ProbeOptions()),
        lambda text: parse_host_list(text, ProbeOptions()),
    ):
        with pytest.raises(BadInputError) as caught:
            parse(address)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        f"me:{SECRET}@p.test:bad",
        f"ftp://me:{SECRET}@p.test",
        f"http://me:{SECRET}@-",
        f"http://me:{SECRET}/@p.test:x",
    ],
)
def test_no_message_about_a_proxy_holds_its_password(address: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_proxy(address)
    assert SECRET not in str(caught.value)
    environment = {"HTTPS_PROXY": address}
    with pytest.raises(BadInputError) as caught:
        proxy_from_environment(Endpoint("host.test", 443), environment)
    assert SECRET not in str(caught.value)
    traps = environment_traps(environment, Endpoint("host.test", 443), "/crts")
    assert SECRET not in f"{traps} {beside_json(Beside(traps))}"


def test_a_proxy_that_works_is_told_without_its_password() -> None:
    proxy = parse_proxy(f"http://me:{SECRET}@p.test")
    assert SECRET not in f"{proxy} {proxy.text} {proxy.told} {proxy!r}"


def test_explaining_refuses_an_address_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as caught:
        capath.explain(f"http://me:{SECRET}@host.test/", requests.exceptions.SSLError("x"), capath=tmp_path)
    assert SECRET not in str(caught.value)
