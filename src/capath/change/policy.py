"""Editing the file that another tool reads its orders from, and letting that tool carry them out."""

from __future__ import annotations

import os

from capath.change.operation import EditPolicy
from capath.errors import ChangeError
from capath.files import read_file, write_file
from capath.pki.visible import visible

_TIMEOUT_S = 300
_SIZE_LIMIT = 8 * 1024 * 1024
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def edit_policy(edit: EditPolicy) -> None:
    """Write the file and run the command; where that fails, put the file back and run it again.

    Raises ChangeError.
    """
    if read_policy(edit.name) != edit.before:
        raise ChangeError(f"{visible(edit.name)}: something else has changed it in the meantime; look again")
    write_file(edit.name, _encoded(edit.after), keep_owner=True)
    failure = _run(edit.command)
    if failure:
        write_file(edit.name, _encoded(edit.before), keep_owner=True)
        _run(edit.command)
        raise ChangeError(
            f"{visible(edit.command[0])} failed ({visible(failure)}); {visible(edit.name)} was put back"
        )


def read_policy(path: str) -> str | None:
    """The file's text; None where it cannot be read."""
    try:
        return read_file(path, _SIZE_LIMIT).decode("utf-8", "surrogateescape")
    except OSError:
        return None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _run(command: tuple[str, ...]) -> str:
    """Run it; return what went wrong, or nothing."""
    import subprocess

    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{_PATH}"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
            timeout=_TIMEOUT_S,
            env=environment,
        )
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"no end after {_TIMEOUT_S} s"
    if done.returncode == 0:
        return ""
    last = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return f"exit status {done.returncode}" + (f": {last[-1]}" if last else "")
