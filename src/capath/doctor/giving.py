"""Giving a store to every client that uses a variable: for one command, a shell, an image or a workflow."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from typing_extensions import assert_never

from capath.doctor.program import Form
from capath.doctor.registry import CLIENTS

_IMAGE_DIRECTORY = "/usr/local/share/capath"


def store_variables(bundle: str, directory: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that give every known client the store, and no other one where that can be had.

    An option is added to what its variable holds in `environment`.
    """
    given: dict[str, str] = {}
    for variable in (variable for client in CLIENTS for variable in client.variables):
        match variable.form:
            case Form.BUNDLE:
                given[variable.name] = bundle
            case Form.DIRECTORY:
                given[variable.name] = directory
            case Form.OPTION:
                words = environment.get(variable.name, "").split()
                given[variable.name] = " ".join(dict.fromkeys((*words, variable.option)))
            case _:
                assert_never(variable.form)
    return given


def exceptions_text() -> str:
    """Which known clients read another store all the same, and what would change that; for people."""
    options = "; ".join(f"{client.name} ({' '.join(client.option)})" for client in CLIENTS if not client.variables)
    kept = "; ".join(f"{client.name} keeps {client.keeps}" for client in CLIENTS if client.keeps)
    return f"no variable gives a store to {options}; {kept}"


def shell_text(bundle: str, directory: str) -> str:
    """Lines for a POSIX shell."""
    given = store_variables(os.path.abspath(bundle), os.path.abspath(directory), {})
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())


def dockerfile_text(bundle: str) -> str:
    """Lines for a Dockerfile: `bundle` is in the build's context."""
    target = f"{_IMAGE_DIRECTORY}/roots.pem"
    given = store_variables(target, _IMAGE_DIRECTORY, {})
    lines = " \\\n    ".join(f"{name}={value}" for name, value in given.items())
    return f'COPY ["{os.path.relpath(bundle)}", "{target}"]\nENV {lines}\n'


def github_actions_text(bundle: str) -> str:
    """A step of a workflow that sets the variables for those after it: `bundle` is in the repository."""
    path = os.path.relpath(bundle)
    given = store_variables(f"$GITHUB_WORKSPACE/{path}", f"$GITHUB_WORKSPACE/{os.path.dirname(path)}", {})
    lines = "".join(f'      echo "{name}={value}"\n' for name, value in given.items())
    return f'- name: Use the roots of {path}\n  run: |\n    {{\n{lines}    }} >> "$GITHUB_ENV"\n'
