"""Giving a store to every client that uses a variable: for one command, a shell, an image or a workflow."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

from capath.doctor.registry import CLIENTS

_IMAGE_DIRECTORY = "/usr/local/share/capath"


def store_variables(bundle: str, directory: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that give every known client the store, and no other one where that can be had.

    An option is added to what its variable holds in `environment`.
    """
    given: dict[str, str] = {}
    for variable in (variable for client in CLIENTS for variable in client.variables):
        value = variable.value.replace("{bundle}", bundle).replace("{directory}", directory)
        if value == variable.value:  # an option
            value = " ".join(dict.fromkeys((*environment.get(variable.name, "").split(), value)))
        given[variable.name] = value
    return given


def exceptions_text() -> str:
    """Which known clients read another store all the same, and what would change that; for people."""
    options = "; ".join(f"{client.name} ({' '.join(client.option)})" for client in CLIENTS if not client.variables)
    options = options.replace("{bundle}", "FILE").replace("{keystore}", "FILE")
    kept = "; ".join(f"{client.name} keeps {client.keeps}" for client in CLIENTS if client.keeps)
    return f"no variable gives a store to {options}; {kept}"


def variables_text(form: str, bundle: str, directory: str) -> str:
    """The variables that give every known client `bundle`, in the `form` ``env``, ``dockerfile`` or
    ``github-actions``.

    `directory` is the CApath that the bundle was made of. An image takes the bundle from the build's context, a
    workflow from its repository.
    """
    if form == "env":
        given = store_variables(os.path.abspath(bundle), os.path.abspath(directory), {})
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())
    path = os.path.relpath(bundle)
    if form == "dockerfile":
        target = f"{_IMAGE_DIRECTORY}/roots.pem"
        given = store_variables(target, _IMAGE_DIRECTORY, {})
        lines = " \\\n    ".join(f"{name}={value}" for name, value in given.items())
        return f"COPY {json.dumps([path, target])}\nENV {lines}\n"
    # A directory of its own, as in an image: clients that trust every file of a directory would trust whatever
    # certificates the repository has beside the bundle.
    target = '"$RUNNER_TEMP"/capath'
    given = store_variables(f"{target}/roots.pem", target, {})
    lines = "".join(f"      echo {name}={value}\n" for name, value in given.items())
    name = json.dumps(f"Use the roots of {os.path.basename(path)}")
    copied = f'    mkdir -p {target}\n    cp "$GITHUB_WORKSPACE"/{shlex.quote(path)} {target}/roots.pem\n'
    return f'- name: {name}\n  run: |\n{copied}    {{\n{lines}    }} >> "$GITHUB_ENV"\n'
