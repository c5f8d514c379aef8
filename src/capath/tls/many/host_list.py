"""Lists of hosts, one a line: ``HOST[:PORT] [starttls=PROTOCOL] [servername=NAME]``, ``#`` begins a comment."""

from __future__ import annotations

from dataclasses import replace

from capath.errors import BadInputError
from capath.files import read_input
from capath.pki.visible import visible, without_password
from capath.tls.network.endpoint import HTTPS_PORT, parse_endpoint
from capath.tls.option_table import parse_starttls
from capath.tls.test_options import HostToTest, ProbeOptions, Starttls

_BYTES_LIMIT = 16 * 1024 * 1024


def parse_host(text: str, options: ProbeOptions) -> HostToTest:
    """Read one host with what follows it, which goes before `options`. Raises BadInputError."""
    where, *settings = text.split()
    for setting in settings:
        name, separator, value = setting.partition("=")
        match name:
            case "starttls" if separator:
                options = replace(options, starttls=parse_starttls(value))
            case "servername" if separator:
                options = replace(options, servername=parse_endpoint(value).host if value else "")
            case _:
                known = "starttls=PROTOCOL and servername=NAME"
                said = (
                    f"{without_password(text)}: a host name has no spaces; after it, these are possible: {known}"
                )
                raise BadInputError(f"{said}, not {visible(setting)}")
    return HostToTest(parse_endpoint(where, default_port=_port_of(options.starttls)), options)


def parse_host_list(text: str, options: ProbeOptions) -> list[HostToTest]:
    """Read a list. Raises BadInputError, which names the line."""
    hosts = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content:
            try:
                hosts.append(parse_host(content, options))
            except BadInputError as error:
                raise BadInputError(f"line {number}: {error.text}", hint=error.hint) from None
    return hosts


def read_host_list(path: str, options: ProbeOptions) -> list[HostToTest]:
    """Read the list in the file `path`, or of standard input where that is ``-``.

    Raises BadInputError, which names the file: for what is not a regular file, too large, or not text too.
    """
    content = read_input(path, _BYTES_LIMIT)
    try:
        return parse_host_list(content.decode(), options)
    except UnicodeDecodeError:
        raise BadInputError(f"{visible(path)}: this is not a list of hosts: it is not text") from None
    except BadInputError as error:
        raise BadInputError(f"{visible(path)}: {error.text}", hint=error.hint) from None


def _port_of(protocol: Starttls | None) -> int:
    """The port that a host is tested on where none is named."""
    if protocol is None:
        return HTTPS_PORT
    from capath.tls.starttls.registry import WAYS  # a dozen modules, which most lists do not need

    return WAYS[protocol].port
