"""pip: its own certifi; from 24.2 on (Python 3.10 and later) OpenSSL's defaults too."""

from __future__ import annotations

from capath.doctor.asking import UNUSABLE, file_place, first_setting, openssl_places, overrides, variable_place
from capath.doctor.clients.pythons import ABOUT, VERSION, bundled, facts_of, pythons, title_of
from capath.doctor.clients.requests import chosen_by_variable
from capath.doctor.machine import Machine
from capath.doctor.place import Place, Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads, Variable

# Only wheels: for another form pip would run what the host sends.
_OPTIONS = ("--only-binary=:all:", "--retries=0", "--no-cache-dir", "--no-deps", "--no-input", "-d.")


def _read(machine: Machine, found: Identified) -> Reads | None:
    facts = facts_of(found)
    if not facts.get("pip"):
        return None
    chosen = chosen_by_variable(machine)
    hidden = "PIP_CERT and --cert" if machine.get("PIP_CERT") else "--cert"
    notes = (overrides(f"this variable overrides {hidden}"),) if chosen else ()
    chosen = chosen or _configured(machine, facts["prefix"])
    own = bundled(facts["pip_bundle"], "pip", facts["pip_certifi"])
    places: tuple[Place, ...] = (chosen or own,)
    if _numbers(facts["pip"]) >= (24, 2) and _numbers(found.version) >= (3, 10):
        defaults = openssl_places(machine, facts["bundle"], facts["directory"])
        places = (*dict.fromkeys((*places, own)), *defaults)
    return Reads(places, notes, f"pip {facts['pip']} ({title_of(found)})")


def _configured(machine: Machine, prefix: str) -> Place | None:
    """PIP_CERT, else ``cert`` in the configuration files, that of the command before that of all commands."""
    if machine.get("PIP_CERT"):
        return variable_place(machine, "PIP_CERT", Shape.BUNDLE)
    home = machine.get("XDG_CONFIG_HOME") or machine.home(".config")
    paths = [f"{prefix}/pip.conf", f"{home}/pip/pip.conf", machine.home(".pip", "pip.conf")]
    paths += ["/etc/pip.conf", "/etc/xdg/pip/pip.conf"]
    own = machine.get("PIP_CONFIG_FILE")
    paths = [] if own == "/dev/null" else [own, *paths] if own else paths
    found = (first_setting(paths, "cert", section) for section in ("download", "install", "global"))
    return next((file_place(setting, Shape.BUNDLE) for setting in found if setting), None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


CLIENT = Client(
    "pip",
    ABOUT,
    VERSION,
    _read,
    Question(
        ("-m", "pip", "download", *_OPTIONS, "--index-url", "{url}", "capath-doctor-zzzz"),
        refused=r"CERTIFICATE_VERIFY_FAILED|SSLError|TLS CA certificate bundle|hostname .* doesn't match",
        accepted=r"No matching distribution",
        environment=(("PIP_EXTRA_INDEX_URL", "{url}"),),
    ),
    Profile(),
    UNUSABLE,
    executables=pythons,
    variables=(Variable("PIP_CERT"),),
    keeps="its own roots, from 24.2 on",
)
