"""npm: Node's store, unless cafile is set; then that file alone, and NODE_EXTRA_CA_CERTS does not count."""

from __future__ import annotations

import os
import re

from capath.doctor.asking import file_place, first_setting, identify, overrides, variable_place
from capath.doctor.clients import node
from capath.doctor.machine import PRIVATE, Ended, Machine
from capath.doctor.place import Place, Shape
from capath.doctor.program import Client, Identified, Question, Reads, Variable

_ITS_OWN = {"npm_config_cache": PRIVATE, "npm_config_logs_max": "0", "npm_config_update_notifier": "false"}


def _read(machine: Machine, found: Identified) -> Reads | str | None:
    executable = machine.which("node")
    its_node = identify(node.CLIENT, machine, executable) if executable else None
    own = node.read_node(machine, its_node) if isinstance(its_node, Identified) else None
    cafile = _cafile(machine, found.executable)
    if own is None or isinstance(own, str) or cafile is None:
        return own
    if not os.path.exists(cafile.path):
        return Reads((cafile, *own.places))  # as if it were not set
    hidden = overrides("cafile is set, so npm does not use NODE_EXTRA_CA_CERTS")
    return Reads((cafile,), (hidden,) if machine.get("NODE_EXTRA_CA_CERTS") else ())


def _cafile(machine: Machine, executable: str) -> Place | None:
    for name in ("npm_config_cafile", "NPM_CONFIG_CAFILE"):
        if machine.get(name):
            return variable_place(machine, name, Shape.BUNDLE)
    paths = [machine.get("npm_config_userconfig") or machine.home(".npmrc")]
    if machine.may_run:
        asked = machine.ask([executable, "config", "get", "userconfig", "globalconfig"], _ITS_OWN)
        named = (
            re.findall(r"^(?:user|global)config=(/.*)$", asked.output, re.MULTILINE)
            if isinstance(asked, Ended)
            else []
        )
        paths = named or paths
    built_in = os.path.join(os.path.dirname(os.path.realpath(executable)), "..", "npmrc")
    setting = first_setting([machine.path(".npmrc"), *paths, os.path.normpath(built_in)], "cafile")
    return None if setting is None else file_place(setting, Shape.BUNDLE)


CLIENT = Client(
    "npm",
    ("--version",),
    r"^(\d+\.\d\S*)$",
    _read,
    Question(
        ("ping", "--fetch-retries=0", "--registry", "{url}"),
        refused=r"code (UNABLE_|CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|INVALID_)",
        accepted=r"code E\d\d\d\b",
        environment=tuple(_ITS_OWN.items()),
    ),
    variables=(node.EXTRA, Variable("npm_config_cafile")),
)
