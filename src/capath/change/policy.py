"""Editing the file that another tool reads its orders from, and letting that tool carry them out."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile

from capath.change.operation import EditPolicy
from capath.errors import ChangeError
from capath.pki.visible import visible

_TIMEOUT_S = 300
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def edit_policy(edit: EditPolicy) -> None:
    """Write the file and run the command; where that fails, put the file back and run it again.

    Raises ChangeError.
    """
    if read_policy(edit.name) != edit.before:
        raise ChangeError(f"{visible(edit.name)}: something else has changed it in the meantime; look again")
    _write(edit.name, edit.after)
    failure = _run(edit.command)
    if failure:
        _write(edit.name, edit.before)
        _run(edit.command)
        raise ChangeError(
            f"{visible(edit.command[0])} failed ({visible(failure)}); {visible(edit.name)} was put back"
        )


def read_policy(path: str) -> str | None:
    """The file's text; None where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError:
        return None


def _write(path: str, text: str) -> None:
    """Replace the file in one step; mode and owner stay."""
    path = os.path.realpath(path)
    status = os.stat(path)
    descriptor, temporary = tempfile.mkstemp(prefix=".capath-", dir=os.path.dirname(path))
    try:
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), status.st_mode & 0o7777)
            with contextlib.suppress(PermissionError):
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _run(command: tuple[str, ...]) -> str:
    """Run it; return what went wrong, or nothing."""
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
