"""The Pythons of this machine, each asked once: its OpenSSL, its packages, and the bundles that they bring."""

from __future__ import annotations

import contextlib
import glob
import json
import os
from collections import defaultdict
from collections.abc import Iterator

from capath.doctor.machine import Ended, Machine
from capath.doctor.place import Bundled, CompiledIn, Place, Shape
from capath.doctor.program import Identified, Profile, Question, on_the_path

VERSION = r"^Python (\d\S*)"
ABOUT = (
    "-c",
    """
import json, ssl, sys
def asked(question):
    try:
        return question()
    except Exception:
        return ""
def version(name):
    import importlib.metadata
    return importlib.metadata.version(name)
def where(module):
    import importlib
    return importlib.import_module(module).where()
flags = ssl.create_default_context().verify_flags
paths = ssl.get_default_verify_paths()
print("Python", sys.version.split()[0])
print(json.dumps({
    "prefix": sys.prefix, "bundle": paths.openssl_cafile, "directory": paths.openssl_capath,
    "strict": bool(flags & 0x20), "partial": bool(flags & 0x80000),
    "requests": asked(lambda: version("requests")), "requests_bundle": asked(lambda: where("requests.certs")),
    "httpx": asked(lambda: version("httpx")), "certifi": asked(lambda: version("certifi")),
    "certifi_bundle": asked(lambda: where("certifi")), "pip": asked(lambda: version("pip")),
    "pip_certifi": asked(lambda: __import__("pip._vendor.certifi")._vendor.certifi.__version__),
    "pip_bundle": asked(lambda: where("pip._vendor.certifi")),
}))
""",
)
_VERDICT = """
import ssl, sys
def is_refusal(error, seen=()):
    while isinstance(error, BaseException) and error not in seen:
        if isinstance(error, (ssl.SSLCertVerificationError, FileNotFoundError, IsADirectoryError)):
            return True
        if getattr(error, "reason", "") in ("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE"):
            return True
        if "invalid path" in str(error) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        seen = (*seen, error)
        error = getattr(error, "reason", None) or error.__cause__ or error.__context__
    return False
url = sys.argv[1]
try:
    exec(sys.argv[2])
except Exception as error:
    print("refused" if is_refusal(error) else "unknown", getattr(error, "reason", None) or error)
    sys.exit(1)
"""


def question(script: str) -> Question:
    """Run `script`, which opens `url`: it accepts where that raises nothing."""
    return Question(("-c", _VERDICT, "{url}", script), refused=r"^refused ")


def facts_of(found: Identified) -> dict[str, str]:
    """What the interpreter said of itself, whatever its packages printed besides; what its files show where it was
    not asked. What is not known is empty."""
    facts = defaultdict[str, str](str)
    for line in found.output.splitlines():
        if line.startswith('{"prefix"'):
            with contextlib.suppress(ValueError, RecursionError):
                facts.update((name, str(value)) for name, value in json.loads(line).items())
    if not found.version:
        facts.update(_facts_of_files(found.executable))
    return facts


def _facts_of_files(executable: str) -> dict[str, str]:
    """The packages beside `executable`, by their names."""
    prefix = os.path.dirname(os.path.dirname(executable))
    facts = {"prefix": prefix}
    for site in glob.glob(os.path.join(glob.escape(prefix), "lib", "python3*", "site-packages")):
        for name in ("requests", "httpx", "certifi", "pip"):
            for information in glob.glob(os.path.join(glob.escape(site), f"{name}-*.dist-info")):
                facts[name] = os.path.basename(information).removesuffix(".dist-info").partition("-")[2]
        certifi = os.path.join("certifi", "cacert.pem")
        facts["requests_bundle"] = facts["certifi_bundle"] = os.path.join(site, certifi)
        facts["pip_bundle"] = os.path.join(site, "pip", "_vendor", certifi)
    return facts


def bundled(path: str, package: str, version: str) -> Place:
    """The bundle of a package, or the system's file that a distribution makes its where() return."""
    own = os.path.basename(os.path.dirname(path)) == "certifi"
    return Place(path, Shape.BUNDLE, Bundled(package, version) if own else CompiledIn())


def title_of(found: Identified) -> str:
    return f"Python {found.version}".rstrip()


def profile_of(facts: dict[str, str], *, common_name: bool = True) -> Profile:
    """How the default context judges, as the interpreter says itself."""
    return Profile(facts.get("strict") == "True", facts.get("partial") == "True", common_name)


def pythons(machine: Machine, name: str) -> Iterator[str]:
    """Those that were named, the active virtual environment's, and those on the PATH, each once.

    One that does not answer is given to ``python`` only, to be reported once.
    """
    environment = machine.get("VIRTUAL_ENV")
    active = [os.path.join(environment, "bin", "python")] if environment else []
    seen = set[str]()
    for path in (*machine.pythons, *active, *on_the_path(machine, "python3"), *on_the_path(machine, "python")):
        answer = machine.ask_once([path, *ABOUT]) if machine.may_run else None
        facts = facts_of(Identified(path, "", answer.output)) if isinstance(answer, Ended) else {}
        identity = facts.get("prefix") or os.path.realpath(path)
        if identity not in seen and (facts or name == "python" or not machine.may_run):
            seen.add(identity)
            yield path
