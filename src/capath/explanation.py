"""Why `requests.get(url, verify=DIR)` raised, and what fixes it: `capath.explain`.

The module does not have the name of the function: a submodule of that name would replace it in the package.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from capath.diagnosis.cause import Cause, CauseFound, Confidence, Diagnosis, Programs, Remedy, RemedyKind
from capath.diagnosis.diagnose import diagnose
from capath.errors import BadInputError
from capath.pki.visible import visible, without_password
from capath.remedy.try_remedies import try_remedies
from capath.report.verification import diagnosis_text
from capath.sources.store import NAMES as STORE_NAMES
from capath.sources.store import open_store, several
from capath.store.opened import OpenedStore
from capath.tls.clients.requests import ssl_errors
from capath.tls.handshake.verify_codes import VerifyCode
from capath.tls.network.connect import Resolver, system_resolver
from capath.tls.network.deadline import CancelledError
from capath.tls.network.endpoint import Endpoint, parse_endpoint
from capath.tls.network.environment import Program, environment_traps, proxy_variable
from capath.tls.network.proxy import proxy_from_environment
from capath.tls.probe import probe
from capath.tls.result import ProbeResult
from capath.tls.test_options import Client, ProbeOptions

_NO_SUCH_PATH = "invalid path: "
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # in the order in which requests looks at them
_TIMEOUT_S = 10.0
# What requests raises for something other than the connection, by class name, and what happened instead.
_NOT_TLS = {
    "HTTPError": "the server's certificate was accepted, and the server answered with an error status",
    "JSONDecodeError": "the server's certificate was accepted, and its answer is not JSON",
    "InvalidJSONError": "the request or the answer is not valid JSON",
    "TooManyRedirects": "the servers' certificates were accepted, and there were too many redirects",
    "ChunkedEncodingError": "the server's certificate was accepted, and its answer broke off",
    "ContentDecodingError": "the server's certificate was accepted, and its answer does not decode",
    "StreamConsumedError": "the answer was read already",
    "RetryError": "the server's certificate was accepted, and it answered with an error status again and again",
    "UnrewindableBodyError": "the request's body cannot be sent a second time",
    "ReadTimeout": "the server did not answer in time; a rejected certificate fails at once, with SSLError",
    "MissingSchema": "the URL has no scheme such as https://, and nothing was sent",
    "InvalidSchema": "the URL has a scheme that requests does not support, and nothing was sent",
    "InvalidURL": "the URL is not valid, and nothing was sent",
    "URLRequired": "there is no URL, and nothing was sent",
    "InvalidHeader": "a header is not valid, and nothing was sent",
    "InvalidProxyURL": "the URL of the proxy is not valid, and nothing was sent",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request failed, `diagnosis`, ready to print: `text` is the cause, the evidence and what to do."""

    diagnosis: Diagnosis

    @property
    def cause(self) -> Cause:
        return self.diagnosis.cause

    @property
    def confidence(self) -> Confidence:
        return self.diagnosis.confidence

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        return self.diagnosis.remedies

    @property
    def also(self) -> tuple[CauseFound, ...]:
        return self.diagnosis.also

    @property
    def text(self) -> str:
        return "\n".join(diagnosis_text(self.diagnosis))

    def __str__(self) -> str:
        return self.text


def explain(
    url: str,
    error: BaseException,
    capath: str | os.PathLike[str] | None = None,
    *,
    options: ProbeOptions | None = None,
    resolver: Resolver = system_resolver,
    environment: Mapping[str, str] | None = None,
) -> Explanation:
    """Say why a request for `url` that was to trust the store `capath` raised `error`, and what fixes it.

    A store is what ``capath test --capath`` takes: a directory, a bundle, ``certifi``, ``default``. Without one it
    is what requests used: what `verify`, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE named, else certifi.

    `error` is what requests raised. For a failure of the connection (SSLError, ProxyError, ConnectionError, or the
    OSError for a `verify` that is not there) the host that failed, which a redirect may have named, is tested from
    here by pyOpenSSL and by requests, and so are remedies that can be tried: within the timeout of the failed
    call, as far as its traceback has it, else ten seconds. Anything else is said to be no TLS failure.
    Raises BadInputError where `url` or `capath` cannot be used.
    """
    variables = os.environ if environment is None else environment
    used = _used_by_requests(error, variables) if capath is None else _Used(os.fspath(capath))
    raised = _read(error)
    at_once = _without_a_test(error, used, raised, variables)
    if at_once is not None:
        return Explanation(Diagnosis(at_once))
    endpoint = _endpoint(raised.url or url)
    elsewhere = bool(raised.url) and _endpoint(url) != endpoint
    with contextlib.ExitStack() as opened:
        try:
            store = opened.enter_context(open_store(used.store))
        except BadInputError as unusable:
            if capath is not None:
                raise
            text = f"requests used {used.named}, which cannot be read: {unusable}."
            return Explanation(Diagnosis(CauseFound(Cause.OTHER, text, (_USE_ANOTHER,))))
        found = _tested(endpoint, elsewhere, store, used, raised, options, resolver, variables)
        if capath is None:
            text = (
                f"requests used {store.title}{f', which {used.by} names' if used.by else ''}. {found.first.text}"
            )
            found = replace(found, first=replace(found.first, text=text))
    return Explanation(found)


@dataclass(frozen=True, slots=True)
class _Used:
    """The `store` that a request used; `by` says what named it, empty where it is requests' own or was given."""

    store: str
    by: str = ""
    was_asked: bool = True
    """Whether the caller said that it is this store."""

    @property
    def named(self) -> str:
        return f"{visible(self.store)}{f' ({self.by})' if self.by else ''}"


_USE_ANOTHER = Remedy(RemedyKind.USE_STORE, "Pass a directory with hash links or a PEM bundle as verify=.")


def _used_by_requests(error: BaseException, environment: Mapping[str, str]) -> _Used:
    """What the call that failed had for `verify`: requests' adapter still has it, where the error came by."""
    named = {value: name for name in _BUNDLE_VARIABLES if (value := environment.get(name))}
    for given in _adapter_locals(error, "verify"):
        if given is False:
            return _Used("", was_asked=False)
        if isinstance(given, str | os.PathLike):
            path = os.fspath(given)
            return _Used(path, named.get(path, "verify="), was_asked=False)
        return _Used("certifi", was_asked=False)
    for path, name in named.items():
        return _Used(path, name, was_asked=False)
    return _Used("certifi", was_asked=False)


def _tested(
    endpoint: Endpoint,
    elsewhere: bool,
    store: OpenedStore,
    given: _Used,
    raised: _Raised,
    options: ProbeOptions | None,
    resolver: Resolver,
    variables: Mapping[str, str],
) -> Diagnosis:
    """Test the host again, and compare. `elsewhere`: a redirect led to it."""
    used = options or replace(_as_requests_goes(endpoint, variables), timeout_s=raised.timeout_s)
    end = time.monotonic() + used.timeout_s
    directory, snapshot = store.directory, store.scan()

    def is_late() -> bool:
        return time.monotonic() > end

    result = probe(endpoint, directory, snapshot=snapshot, options=used, resolver=resolver)
    left = end - time.monotonic()
    if (
        left > 0 and result.session is not None
    ):  # it was requests that failed: ask it too, in the time that is left
        with contextlib.suppress(CancelledError):
            again = probe(
                endpoint,
                directory,
                snapshot=snapshot,
                options=replace(used, timeout_s=left),
                clients=(Client.REQUESTS,),
                resolver=resolver,
                cancelled=is_late,
            )
            result = result if again.session is None else again
    found = diagnose(result, snapshot, directory=store.text)
    if found is not None and not is_late():
        found = try_remedies(found, result, snapshot, directory=store.text, resolver=resolver, cancelled=is_late)
    beside = _beside(raised, replace(result, directory=store.text), found, variables, given)
    findings = [*((found.first, *found.also) if found else ()), *beside]
    if not findings:
        findings = [_gone(raised, endpoint, store.text)]
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
    timeout_s: float


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
        _timeout_of(error),
    )


def _timeout_of(error: BaseException) -> float:
    """The timeout of the call that failed, in seconds: requests' adapter still has it, where the error came by."""
    for given in _adapter_locals(error, "timeout"):
        # requests makes a urllib3 Timeout of a number or a pair, and None where none was given.
        for value in (given, getattr(given, "connect_timeout", None), getattr(given, "read_timeout", None)):
            if isinstance(value, int | float) and value > 0:
                return float(value)
    return _TIMEOUT_S


def _adapter_locals(error: BaseException, name: str) -> Iterator[object]:
    """The values of the variable `name` in the frames of requests' adapter that `error` came by."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_globals.get("__name__") == "requests.adapters" and name in frame.f_locals:
            yield frame.f_locals[name]
        trace = trace.tb_next


def _without_a_test(
    error: BaseException, used: _Used, raised: _Raised, environment: Mapping[str, str]
) -> CauseFound | None:
    """What follows from the exception and the path, without a test."""
    directory = used.store
    if not directory:
        value = '""' if used.was_asked else "False"
        text = f"verify={value} switches verification off: requests then accepts every server, and only warns."
        return CauseFound(
            Cause.OTHER, text, (Remedy(RemedyKind.USE_STORE, "Pass a directory, or leave verify out."),)
        )
    if raised.path:
        return _missing_path(raised.path, directory, environment)
    if directory not in STORE_NAMES and not several(directory) and not os.path.exists(directory):
        return _missing_path(directory, directory, environment)
    kinds = [kind.__name__ for kind in type(error).__mro__]
    why = next((_NOT_TLS[kind] for kind in kinds if kind in _NOT_TLS), "")
    if not raised.has_tls_error and (why or not isinstance(error, OSError)):
        text = f"{raised.kind} is not a TLS failure{f': {why}' if why else ''}. The trust store is not the reason."
        return CauseFound(Cause.OTHER, text, ())
    return None


def _missing_path(path: str, directory: str, environment: Mapping[str, str]) -> CauseFound:
    shown = visible(path)
    named = next((name for name in _BUNDLE_VARIABLES if environment.get(name) == path), "")
    same = os.path.abspath(path) == os.path.abspath(directory)
    if named and not same:
        text = f"requests used {shown} from {named} instead of the directory, and nothing exists at that path."
        remedy = Remedy(
            RemedyKind.USE_STORE,
            "Unset it, or pass verify= with each request: that overrides the environment.",
            Programs((("unset", named),)),
            directory,
        )
        return CauseFound(Cause.OTHER, text, (remedy,))
    if named:
        shown = f"{shown}, which {named} names"
    relative = "" if os.path.isabs(path) else f" (looked for in {visible(os.getcwd())})"
    text = f"Nothing exists at {shown}{relative}: requests stopped before it connected."
    instead = " Use its absolute path." if relative else ""
    if same or os.path.exists(directory):
        instead = f"{instead} {visible(directory)} exists." if not same else instead
    remedy = Remedy(RemedyKind.USE_STORE, f"Pass a directory that exists as verify=.{instead}", operand=directory)
    return CauseFound(Cause.OTHER, text, (remedy,))


def _endpoint(url: str) -> Endpoint:
    scheme = urlsplit(url).scheme if "://" in url else "https"
    if scheme.lower() == "http":
        raise BadInputError(
            f"{without_password(url)}: http:// does not use TLS, so the trust store is not the reason"
        )
    return parse_endpoint(url)


def _as_requests_goes(endpoint: Endpoint, environment: Mapping[str, str]) -> ProbeOptions:
    """By the proxy that the environment names: then it was the proxy's chain that failed."""
    try:
        return ProbeOptions(proxy=proxy_from_environment(endpoint, environment))
    except BadInputError:
        return ProbeOptions()


def _beside(
    raised: _Raised, result: ProbeResult, found: Diagnosis | None, environment: Mapping[str, str], given: _Used
) -> list[CauseFound]:
    """What explains that the program got another chain than the test: its environment."""
    met = {error.code for error in result.verification.errors}
    if found is not None and not raised.proxied and (not raised.codes or met.intersection(raised.codes)):
        return []
    findings = []
    proxy = proxy_variable(environment, result.endpoint)
    if raised.proxied or (proxy is not None and raised.codes and result.options.proxy is None):
        findings.append(_through_proxy(raised, proxy))
    traps = environment_traps(environment, result.endpoint, result.directory) if given.was_asked else ()
    for trap in traps:
        if Program.REQUESTS_SESSION in trap.affects and trap.variable in _BUNDLE_VARIABLES:
            text = f"{trap.variable} is set: {trap.text}"
            command = Programs((("unset", trap.variable),))
            remedy = Remedy(RemedyKind.USE_STORE, "Unset it for this program.", command, result.directory)
            findings.append(CauseFound(Cause.CLIENT_DIFFERS, text, (remedy,), Confidence.LIKELY))
    return findings


def _through_proxy(raised: _Raised, proxy: tuple[str, str] | None) -> CauseFound:
    where = f"the proxy of {proxy[0]}" if proxy else "a proxy"
    directly = Remedy(
        RemedyKind.USE_STORE,
        "Try without the proxy: set session.trust_env = False, or add the host to NO_PROXY.",
    )
    if raised.codes:
        code = VerifyCode(raised.codes[0])
        text = (
            f"The program used {where}, and the chain that it got there failed with {code.value} "
            f"({code.text}). An "
            "intercepting proxy sends a chain of its own, whose root has to be trusted."
        )
        return CauseFound(Cause.CLIENT_DIFFERS, text, (directly,), Confidence.LIKELY)
    if raised.has_tls_error:
        text = (
            f"The program used {where}, and TLS with the proxy itself failed: its URL most likely has to "
            "start with "
            "http:// instead of https://."
        )
        return CauseFound(Cause.NOT_TLS, text, (directly,), Confidence.LIKELY)
    text = f"The program used {where}, which refused the connection: {visible(raised.text)}."
    return CauseFound(Cause.CONNECTION_REFUSED, text, (directly,), Confidence.LIKELY)


def _gone(raised: _Raised, endpoint: Endpoint, directory: str) -> CauseFound:
    """The host verifies now, for pyOpenSSL and for requests."""
    met = f"{raised.kind}: {raised.text}" if raised.text else raised.kind
    if raised.codes:
        code = VerifyCode(raised.codes[0])
        met = f"verify return code {code.value} ({code.text})"
    shown = visible(directory)
    text = (
        f"{endpoint.text} verifies with {shown} now, for pyOpenSSL and for requests; the program got "
        f"{visible(met)}. It used another directory, or the directory or the server has changed since."
    )
    again = Remedy(
        RemedyKind.RETRY,
        "Try again with a new Session: an open one keeps the certificates that it has loaded.",
        operand=endpoint.text,
    )
    return CauseFound(Cause.OTHER, text, (again,), Confidence.LIKELY)


def _redirected(finding: CauseFound, endpoint: Endpoint) -> CauseFound:
    text = f"The request was redirected, and {endpoint.text} failed. {finding.text}"
    return CauseFound(finding.cause, text, finding.remedies, finding.confidence)
