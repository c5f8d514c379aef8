"""The one table of test options: what a command line sets reaches every client, and survives into a retest."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from capath.cli.test_options import add_test_options
from capath.demo import authority
from capath.errors import BadInputError
from capath.report.test_commands import Wording, equivalents
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import Proxy, ProxyKind
from capath.tls.option_table import TEST_OPTIONS, capath_arguments, read_options, unsaid
from capath.tls.test_options import CrlCheck, HostToTest, ProbeOptions, Protocol, Starttls, VerifyFlags

WHERE = Endpoint("host.test", 8443)
# What each flag is given as; all others are switches.
_GIVEN = {
    "--timeout": "3.5000125",
    "--servername": "other.test",
    "--starttls": "smtp",
    "--alpn": "h2,http/1.1",
    "--min-protocol": "TLSv1.1",
    "--max-protocol": "TLSv1.2",
    "--proxy": "socks5h://[::1]:1080",
}
_WITHOUT_A_FLAG = {"at"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    place = tmp_path_factory.mktemp("client's own")
    identity = authority.leaf(authority.root("Root"), "client.test")
    (place / "client.pem").write_bytes(identity.pem)
    (place / "client.key").write_bytes(identity.key_pem)
    return {"--cert": str(place / "client.pem"), "--key": str(place / "client.key")}


def _parse(words: list[str]) -> ProbeOptions:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_test_options(parser)
    return read_options(vars(parser.parse_args(words)), lambda _: "")


def _comparable(options: ProbeOptions) -> ProbeOptions:
    """Keys compare by identity."""
    if options.identity is None:
        return options
    return dataclasses.replace(options, identity=dataclasses.replace(options.identity, chain=(), key=None))  # type: ignore[arg-type]


def _words(flag: str, given: Mapping[str, str]) -> list[str]:
    return [flag, given[flag]] if flag in given else [flag]


def test_every_option_survives_into_the_retest_and_is_parsed_back(files: Mapping[str, str]) -> None:
    given = {**_GIVEN, **files}
    for option in TEST_OPTIONS:
        names = [flag.name for flag in option.flags]
        for flags in [[name] for name in names] if option.exclusive else [names]:
            options = _parse([word for flag in flags for word in _words(flag, given)])
            assert options != ProbeOptions(), flags
            again = capath_arguments(HostToTest(WHERE, options))
            assert set(flags) <= set(again), again
            assert _comparable(_parse(again)) == _comparable(options), flags


def test_every_field_has_a_flag_or_is_known_to_have_none() -> None:
    fields = {field.name for field in dataclasses.fields(ProbeOptions)} - {"flags"}
    fields |= {f"flags.{field.name}" for field in dataclasses.fields(VerifyFlags)}
    assert {field for option in TEST_OPTIONS for field in option.fields} == fields - _WITHOUT_A_FLAG


def test_all_options_together_survive(files: Mapping[str, str]) -> None:
    given = {**_GIVEN, **files}
    flags = [flag.name for option in TEST_OPTIONS for flag in option.flags]
    wanted = [flag for flag in flags if flag not in ("--no-sni", "--no-proxy", "--crl-check")]
    options = _parse([word for flag in wanted for word in _words(flag, given)])
    assert options.flags == VerifyFlags(strict=True, partial_chain=True, crl_check=CrlCheck.ALL)
    assert (options.starttls, options.min_protocol) == (Starttls.SMTP, Protocol.TLS_1_1)
    assert _comparable(_parse(capath_arguments(HostToTest(WHERE, options)))) == _comparable(options)


def test_a_retest_leaves_out_what_is_to_be_changed() -> None:
    options = _parse(["--no-sni", "--crl-check-all", "--max-protocol", "TLSv1.2", "--proxy", "http://p.test"])
    again = capath_arguments(HostToTest(WHERE, options), but_for=("--servername", "--no-proxy"))
    assert again == ["--crl-check-all", "--max-protocol", "TLSv1.2"]


def test_a_proxy_of_the_environment_is_found_there_again() -> None:
    proxy = Proxy(ProxyKind.HTTP, Endpoint("p.test", 3128), "me", "secret", "HTTPS_PROXY")
    assert capath_arguments(HostToTest(WHERE, ProbeOptions(proxy=proxy))) == []
    assert capath_arguments(HostToTest(WHERE, ProbeOptions(direct=True))) == ["--no-proxy"]


def test_what_is_to_be_direct_takes_no_proxy_from_the_environment() -> None:
    host = HostToTest(WHERE, ProbeOptions(direct=True))
    assert host.behind_proxy({"https_proxy": "http://p.test"}) is host


def test_every_option_is_in_a_command_or_noted_beside_it(files: Mapping[str, str], tmp_path: Path) -> None:
    given = {**_GIVEN, **files}
    said = {
        Wording.S_CLIENT: {
            "--alpn": "-alpn",
            "--strict": "-x509_strict",
            "--max-protocol": "-max_protocol TLSv1.2",
        },
        Wording.CURL: {"--max-protocol": "--tls-max 1.2", "--servername": "--connect-to", "--proxy": "socks5h://"},
        Wording.REQUESTS: {"--timeout": "timeout=3.5000125", "--proxy": "proxies={'https': 'socks5h://"},
        Wording.SSL: {
            "--alpn": "set_alpn_protocols",
            "--strict": "VERIFY_X509_STRICT",
            "--timeout": "timeout=3.5000125",
        },
        Wording.HTTPX: {"--proxy": "proxy='socks5h://", "--timeout": "timeout=3.5000125"},
    }
    for flag in ("--alpn", "--strict", "--max-protocol", "--servername", "--proxy", "--timeout"):
        for item in equivalents(HostToTest(WHERE, _parse(_words(flag, given))), str(tmp_path)):
            if flag in said.get(item.wording, {}):
                assert said[item.wording][flag] in item.text, (item.wording, flag)
    options = _parse(["--alpn", "h2", "--strict", "--min-protocol", "TLSv1.3"])
    assert unsaid(HostToTest(WHERE, options), "curl") == "without --alpn, --strict"
    assert unsaid(HostToTest(WHERE, options), "requests") == "without --alpn, --strict, --min-protocol"
    assert unsaid(HostToTest(WHERE, options), "ssl") == ""
    assert unsaid(HostToTest(WHERE, _parse(["--no-sni"])), "ssl") == "without --no-sni"
    assert unsaid(HostToTest(WHERE, _parse(["--proxy", "socks5h://p.test"])), "s_client") == "without --proxy"
    assert unsaid(HostToTest(WHERE, _parse(["--proxy", "http://p.test"])), "s_client") == ""


@pytest.mark.parametrize("protocol", [Protocol.TLS_1_0, Protocol.TLS_1_1])
def test_every_client_lowers_its_security_level_for_old_protocols(protocol: Protocol, tmp_path: Path) -> None:
    items = equivalents(HostToTest(WHERE, ProbeOptions(min_protocol=protocol)), str(tmp_path))
    texts = {item.wording: item.text for item in items}
    for wording in (Wording.S_CLIENT, Wording.CURL, Wording.SSL, Wording.HTTPX):
        assert "DEFAULT@SECLEVEL=0" in texts[wording]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--timeout", "0"], "above 0"),
        (["--timeout", "x"], "above 0"),
        (["--starttls", "gopher"], "no such protocol"),
        (["--min-protocol", "TLSv1.3", "--max-protocol", "TLSv1.2"], "is above"),
        (["--key", "k.pem"], "--key goes with --cert"),
        (["--proxy", "ftp://p.test"], "ftp://"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        _parse(words)


def test_no_password_is_in_any_command(tmp_path: Path) -> None:
    options = _parse(["--proxy", "http://me:secret@p.test:3128"])
    items = equivalents(HostToTest(WHERE, options), str(tmp_path))
    assert not any("secret" in item.text for item in items)
    noted = {item.wording for item in items if "password" in item.note}
    assert noted == {Wording.CAPATH, Wording.S_CLIENT, Wording.CURL, Wording.REQUESTS, Wording.HTTPX}
    assert shlex.split(items[0].text)[-2:] == ["--proxy", "http://p.test:3128"]
