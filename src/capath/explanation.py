"""Why `requests.get(url, verify=DIR)` raised, and what mends it: `capath.explain`.

The module is not called after the function: a submodule of that name would take its place in the package.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from capath.diagnosis.cause import Action, Cause, Confidence, Diagnosis, Finding, Remedy
from capath.diagnosis.diagnose import diagnose
from capath.errors import BadInputError
from capath.pki.visible import visible
from capath.remedy.try_remedies import try_remedies
from capath.store import scan
from capath.tls.clients.requests import ssl_errors
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.network.environment import Program, environment_traps, proxy_variable
from capath.tls.network.proxy import proxy_from_environment
from capath.tls.probe import probe
from capath.tls.result import ProbeResult
from capath.tls.test_options import Client, ProbeOptions

_NO_SUCH_PATH = "invalid path: "


def explain(
    url: str,
    error: BaseException,
    capath: str | os.PathLike[str],
    *,
    options: ProbeOptions | None = None,
    resolver: Resolver = system_resolver,
    environment: Mapping[str, str] | None = None,
) -> Diagnosis:
    """Say why a request for `url` that was to trust the directory `capath` raised `error`, and what mends it.

    `error` is what requests raised: SSLError, ProxyError, ConnectionError, Timeout, or the OSError for a `verify`
    that is not there. The host is tested anew, from here, by pyOpenSSL and by requests itself, and so are remedies
    that can be staged; it is the host that failed, which a redirect may have named.
    Raises BadInputError where `url` or `capath` cannot be used.
    """
    variables = os.environ if environment is None else environment
    directory = os.fspath(capath)
    raised = _read(error)
    at_once = _without_a_test(directory, raised, variables)
    if at_once is not None:
        return Diagnosis(at_once)
    endpoint = _endpoint(raised.url or url)
    elsewhere = bool(raised.url) and _endpoint(url) != endpoint
    snapshot = scan(directory)
    result = probe(
        endpoint,
        directory,
        snapshot=snapshot,
        options=options or _as_requests_goes(endpoint, variables),
        clients=(Client.REQUESTS,),
        resolver=resolver,
    )
    found = diagnose(result, snapshot)
    if found is not None:
        found = try_remedies(found, result, snapshot, resolver=resolver)
    beside = _beside(raised, result, found, variables)
    findings = [*((found.first, *found.also) if found else ()), *beside]
    if not findings:
        findings = [_gone(raised, endpoint, directory)]
    if elsewhere:
        findings[0] = _redirected(findings[0], endpoint)
    return Diagnosis(findings[0], tuple(findings[1:]))


@dataclass(frozen=True, slots=True)
class _Raised:
    """What an exception says: `codes` of verification, the `url` that failed, the `path` that is not there."""

    kind: str
    text: str
    codes: tuple[int, ...]
    has_tls_error: bool
    url: str
    path: str
    proxied: bool


def _read(error: BaseException) -> _Raised:
    from requests.exceptions import ProxyError

    found = list(ssl_errors(error))
    codes = tuple(dict.fromkeys(code for item in found if (code := getattr(item, "verify_code", 0))))
    request = getattr(error, "request", None)
    text = str(error)
    path = text.partition(_NO_SUCH_PATH)[2] if _NO_SUCH_PATH in text and not found else ""
    return _Raised(
        type(error).__name__,
        text,
        codes,
        bool(found),
        str(getattr(request, "url", None) or ""),
        path,
        isinstance(error, ProxyError),
    )


def _without_a_test(directory: str, raised: _Raised, environment: Mapping[str, str]) -> Finding | None:
    """What the exception and the path alone tell."""
    if not directory:
        text = 'verify="" switches verification off: requests then trusts every server, and says so in a warning.'
        return Finding(Cause.OTHER, text, (Remedy(Action.USE_STORE, "Name a directory, or leave verify out."),))
    if raised.path:
        return _missing_path(raised.path, directory, environment)
    if not os.path.exists(directory):
        return _missing_path(directory, directory, environment)
    return None


def _missing_path(path: str, directory: str, environment: Mapping[str, str]) -> Finding:
    shown = visible(path)
    named = next((name for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if environment.get(name) == path), "")
    same = os.path.abspath(path) == os.path.abspath(directory)
    if named and not same:
        text = f"requests took {shown} from {named} instead of the directory, and there is nothing at that path."
        remedy = Remedy(
            Action.USE_STORE,
            "Unset it, or give verify= with each request: that beats the environment.",
            f"unset {named}",
            directory,
        )
        return Finding(Cause.OTHER, text, (remedy,))
    relative = "" if os.path.isabs(path) else f" (looked for in {visible(os.getcwd())})"
    text = f"There is nothing at {shown}{relative}: requests gave up before it connected to any host."
    instead = " Give its absolute path." if relative else ""
    if same or os.path.exists(directory):
        instead = f"{instead} {visible(directory)} is there." if not same else instead
    remedy = Remedy(Action.USE_STORE, f"Give verify= a directory that is there.{instead}", operand=directory)
    return Finding(Cause.OTHER, text, (remedy,))


def _endpoint(url: str) -> Endpoint:
    scheme = urlsplit(url).scheme if "://" in url else "https"
    if scheme.lower() == "http":
        raise BadInputError(f"{visible(url)}: http:// has no TLS, so the directory has no part in what failed")
    return parse_endpoint(url)


def _as_requests_goes(endpoint: Endpoint, environment: Mapping[str, str]) -> ProbeOptions:
    """Through the proxy that the environment names, for then it is the proxy's chain that was met."""
    try:
        return ProbeOptions(proxy=proxy_from_environment(endpoint, environment))
    except BadInputError:
        return ProbeOptions()


def _beside(
    raised: _Raised, result: ProbeResult, found: Diagnosis | None, environment: Mapping[str, str]
) -> list[Finding]:
    """What explains that the program met something else than the test: its environment."""
    met = {error.code for error in result.verification.errors}
    if found is not None and not raised.proxied and (not raised.codes or met.intersection(raised.codes)):
        return []
    findings = []
    proxy = proxy_variable(environment, result.endpoint)
    if raised.proxied or (proxy is not None and raised.codes and result.options.proxy is None):
        findings.append(_through_proxy(raised, proxy))
    for trap in environment_traps(environment, result.endpoint, result.directory):
        if Program.REQUESTS_SESSION in trap.affects and trap.variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            text = f"{trap.variable} is set: {trap.text}"
            command = f"unset {trap.variable}"
            remedy = Remedy(Action.USE_STORE, "Unset it for this program.", command, result.directory)
            findings.append(Finding(Cause.CLIENT_DIFFERS, text, (remedy,), Confidence.LIKELY))
    return findings


def _through_proxy(raised: _Raised, proxy: tuple[str, str] | None) -> Finding:
    where = f"the proxy of {proxy[0]}" if proxy else "a proxy"
    goes_round = Remedy(
        Action.USE_STORE,
        "Try without the proxy: session.trust_env = False, or the host in NO_PROXY.",
    )
    if raised.codes:
        code = VerifyCode(raised.codes[0])
        text = (
            f"The program went through {where}, and the chain that it met there failed with {code.value} "
            f"({code.text}). A proxy that opens TLS shows a chain of its own: its root would have to be trusted."
        )
        return Finding(Cause.CLIENT_DIFFERS, text, (goes_round,), Confidence.LIKELY)
    if raised.has_tls_error:
        text = (
            f"The program went through {where}, and TLS with the proxy itself failed: its address most likely has "
            "to begin with http:// instead of https://."
        )
        return Finding(Cause.NOT_TLS, text, (goes_round,), Confidence.LIKELY)
    text = f"The program went through {where}, which did not let it through: {visible(raised.text)}."
    return Finding(Cause.CONNECTION_REFUSED, text, (goes_round,), Confidence.LIKELY)


def _gone(raised: _Raised, endpoint: Endpoint, directory: str) -> Finding:
    """The host verifies now, for pyOpenSSL and for requests."""
    met = f"{raised.kind}: {raised.text}" if raised.text else raised.kind
    if raised.codes:
        code = VerifyCode(raised.codes[0])
        met = f"verify return code {code.value} ({code.text})"
    shown = visible(directory)
    text = (
        f"{endpoint.text} verifies with {shown} now, for pyOpenSSL and for requests; the program met "
        f"{visible(met)}. It used another directory, or one of them has changed since."
    )
    again = Remedy(
        Action.RETRY,
        "Try again with a new Session: one that is open keeps the trust that it began with.",
        operand=endpoint.text,
    )
    return Finding(Cause.OTHER, text, (again,), Confidence.LIKELY)


def _redirected(finding: Finding, endpoint: Endpoint) -> Finding:
    text = f"The request was redirected, and it is {endpoint.text} that failed. {finding.text}"
    return Finding(finding.cause, text, finding.remedies, finding.confidence)
