"""git on libcurl with GnuTLS: the whole system directory, and files that are added to it."""

from __future__ import annotations

import re

from capath.doctor.asking import UNUSABLE, default_place, file_place, first_setting, usual_place, variable_place
from capath.doctor.machine import Ended, Machine, Setting, closing_server
from capath.doctor.place import Place, ProblemKind, Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads, Variable

_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_UNCONFIGURED = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CURL_VERBOSE": "1"}


def _read(machine: Machine, found: Identified) -> Reads | str:
    directory = _default(machine, found)
    if isinstance(directory, str):
        return directory
    path, info = _configured(machine, found, "sslCAPath"), _configured(machine, found, "sslCAInfo")
    files = (file_place(info, Shape.BUNDLE),) if info else ()
    if path is not None:
        directory = file_place(path, Shape.WHOLE)
    if machine.get("GIT_SSL_CAPATH"):
        directory = variable_place(machine, "GIT_SSL_CAPATH", Shape.WHOLE)
    if machine.get("GIT_SSL_CAINFO"):
        files = (variable_place(machine, "GIT_SSL_CAINFO", Shape.BUNDLE),)
    return Reads((*files, directory))


def _default(machine: Machine, found: Identified) -> Place | str:
    """The directory that its libcurl names when it connects; text where that is not libcurl with GnuTLS."""
    if not found.version:
        return usual_place(Shape.WHOLE)
    with closing_server() as address:
        arguments = (found.executable, "ls-remote", f"https://{address}/x.git")
        own = dict.fromkeys(("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", *_PROXIES))
        asked = machine.changed(own).ask(arguments, _UNCONFIGURED)
    said = asked.output if isinstance(asked, Ended) else ""
    named = re.search(r"found \d+ certificates in (/.*)$", said, re.MULTILINE)
    if named is None and "GnuTLS" not in said:
        return f"git {found.version} does not use libcurl with GnuTLS"
    return default_place(named[1], Shape.WHOLE) if named else usual_place(Shape.WHOLE)


def _configured(machine: Machine, found: Identified, key: str) -> Setting | None:
    """The setting ``http.KEY`` that counts for every host, with its file and line."""
    own = [machine.get("GIT_CONFIG_GLOBAL")]
    if not own[0]:
        own = [machine.home(".gitconfig"), machine.home(".config", "git", "config")]
    if not found.version:
        return first_setting([*own, "/etc/gitconfig"], key, "http")
    asked = machine.ask([found.executable, "config", "--show-origin", "--get", f"http.{key}"])
    if not isinstance(asked, Ended) or asked.status != 0 or not asked.output.startswith("file:"):
        return None
    origin, _, value = asked.output.rstrip("\n").removeprefix("file:").partition("\t")
    return first_setting([origin], key, "http") or Setting(origin, 0, "http", key, value)


CLIENT = Client(
    "git",
    ("--version",),
    r"^git version (\d\S*)",
    _read,
    Question(
        ("-c", "credential.helper=", "ls-remote", "{url}x.git"),
        refused=r"certificate verification failed|does not match target host name|Problem with the SSL CA cert"
        r"|error setting certificate|error reading ca cert",
        accepted=r"is this a git repository|not found|Authentication failed|could not read Username"
        r"|requested URL returned error|Empty reply",
        environment=(("GIT_TERMINAL_PROMPT", "0"), ("GIT_ASKPASS", "true")),
    ),
    Profile(partial_chain=True),
    UNUSABLE - {ProblemKind.EMPTY},
    variables=(Variable("GIT_SSL_CAINFO", adds=True), Variable("GIT_SSL_CAPATH", "{directory}")),
)
