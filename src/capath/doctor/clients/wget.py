"""wget built on GnuTLS: the system's bundle, and what .wgetrc adds or replaces. It uses no variable for it."""

from __future__ import annotations

import re

from capath.doctor.asking import file_place, first_setting, usual_place
from capath.doctor.machine import Machine
from capath.doctor.place import Shape
from capath.doctor.program import Client, Identified, Profile, Question, Reads


def _read(machine: Machine, found: Identified) -> Reads | str:
    if found.version and "+ssl/gnutls" not in found.output:
        return f"wget {found.version} is not built on GnuTLS"
    system = re.search(r"^\s+(/\S+) \(system\)$", found.output, re.MULTILINE)
    paths = [machine.get("WGETRC") or machine.home(".wgetrc"), system[1] if system else "/etc/wgetrc"]
    directory, file = first_setting(paths, "ca_directory"), first_setting(paths, "ca_certificate")
    places = (file_place(directory, Shape.WHOLE) if directory else usual_place(),)
    return Reads((*places, file_place(file, Shape.BUNDLE)) if file else places)


CLIENT = Client(
    "wget",
    ("--version",),
    r"^GNU Wget (\d\S*)",
    _read,
    Question(
        ("-nv", "-t1", "-O", "/dev/null", "{url}"),
        refused=r"known issuer|does ?n[o']t match|has expired|not yet activated|is not trusted",
        accepted=r"ERROR \d\d\d|Authentication",
    ),
    Profile(partial_chain=True),
    option=("--ca-certificate={bundle}",),
    setting="ca_certificate = {bundle} in ~/.wgetrc",
    option_adds=True,
)
