"""Variables that give a program another trust, or another way, than the directory that was tested. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from capath.errors import BadInputError, StrEnum
from capath.pki.visible import visible, without_password
from capath.tls.network.endpoint import Endpoint
from capath.tls.network.proxy import PROXY_VARIABLES, proxy_from_environment


class Program(StrEnum):
    """Who reads a variable: a way of calling, for one library decides differently by how it is called."""

    REQUESTS_GET = "requests.get(url)"
    REQUESTS_SESSION = "requests.Session.verify"
    REQUESTS_VERIFY = "requests.get(url, verify=DIR)"
    SSL_DEFAULT = "ssl.create_default_context()"
    HTTPX = "httpx"
    CURL = "curl"
    OPENSSL = "openssl"


@dataclass(frozen=True, slots=True)
class Trap:
    """A variable that is set. `affects`: whose answer it would change; `text` says how, for people."""

    variable: str
    value: str
    affects: tuple[Program, ...]
    text: str

    @property
    def is_silent(self) -> bool:
        """Whether it changes the answer of a program that names the directory itself."""
        return Program.REQUESTS_SESSION in self.affects


_EVERY_REQUEST = (Program.REQUESTS_GET, Program.REQUESTS_SESSION, Program.REQUESTS_VERIFY)
_DEFAULT_TRUST = (Program.SSL_DEFAULT, Program.HTTPX, Program.CURL, Program.OPENSSL)


def environment_traps(environment: Mapping[str, str], endpoint: Endpoint, directory: str) -> tuple[Trap, ...]:
    """What in `environment` would give a user's program another answer for `endpoint` than `directory` does.

    A variable that names the directory itself changes nothing, and neither does an empty one.
    """
    traps = [*_bundles(environment, directory), *_openssl_defaults(environment, directory)]
    proxy = proxy_variable(environment, endpoint)
    if proxy is not None:
        name, value = proxy
        text = (
            f"Programs that respect it use the proxy {visible(value)}, which sees "
            f"the name; an intercepting one sends "
            "a certificate of its own. requests reports a TLS error after the proxy as ProxyError. NO_PROXY or "
            "trust_env=False avoids it."
        )
        programs = (*_EVERY_REQUEST, Program.HTTPX, Program.CURL)
        traps.append(Trap(name, value, programs, text))
    configuration = environment.get("OPENSSL_CONF", "")
    if configuration:
        text = (
            f"OpenSSL reads its settings from {visible(configuration)}: a security level or protocols set there "
            "apply to programs that use the system's OpenSSL."
        )
        traps.append(Trap("OPENSSL_CONF", configuration, (*_EVERY_REQUEST, *_DEFAULT_TRUST), text))
    return tuple(traps)


def proxy_variable(environment: Mapping[str, str], endpoint: Endpoint) -> tuple[str, str] | None:
    """The variable that sends an https request to `endpoint` through a proxy, and the proxy without its password.

    None where there is none, or NO_PROXY excepts the host.
    """
    name = next((name for name in PROXY_VARIABLES if environment.get(name)), "")
    if not name:
        return None
    try:
        proxy = proxy_from_environment(endpoint, environment)
    except BadInputError:  # one that capath cannot use, and other programs perhaps can
        return name, without_password(environment[name])
    return None if proxy is None else (name, proxy.text)


def _bundles(environment: Mapping[str, str], directory: str) -> list[Trap]:
    """requests takes REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE, over Session.verify; a call's verify= beats both."""
    traps = []
    taken = ""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        value = environment.get(name, "")
        if not value or _same(value, directory):
            taken = taken or (name if value else "")
            continue
        affects = [] if taken else [Program.REQUESTS_GET, Program.REQUESTS_SESSION]
        text = f"requests uses {visible(value)} instead of Session.verify and its default"
        if name == "CURL_CA_BUNDLE":
            affects.append(Program.CURL)
            text = f"{text}, and so does curl without --capath" if not taken else ""
        missing = "" if os.path.isabs(value) else " (from wherever the program is started)"
        if text:
            text = f"{text}{missing}. verify= in the call itself or trust_env=False overrides it."
        else:
            text = f"curl uses {visible(value)}{missing}. --capath overrides it."
        if affects:
            traps.append(Trap(name, value, tuple(affects), text))
        taken = taken or name
    return traps


def _openssl_defaults(environment: Mapping[str, str], directory: str) -> list[Trap]:
    """SSL_CERT_DIR and SSL_CERT_FILE: OpenSSL's defaults, which requests does not look at."""
    traps = []
    for name in ("SSL_CERT_DIR", "SSL_CERT_FILE"):
        value = environment.get(name, "")
        if value and not _same(value, directory):
            text = (
                f"Programs that use OpenSSL's default trust store use {visible(value)}; requests ignores it, "
                "and so does a program that is given the directory."
            )
            traps.append(Trap(name, value, _DEFAULT_TRUST, text))
    return traps


def _same(value: str, directory: str) -> bool:
    return os.path.abspath(value) == os.path.abspath(directory)
