"""PHP's streams: OpenSSL's defaults, unless php.ini names a store, which then replaces all of them."""

from __future__ import annotations

import json

from capath.doctor.asking import OPENSSL_VARIABLES, file_place, first_setting, openssl_places
from capath.doctor.machine import Machine
from capath.doctor.place import Shape
from capath.doctor.program import Client, Identified, Question, Reads

_ABOUT = (
    "echo 'PHP ', PHP_VERSION, \"\\n\", json_encode(openssl_get_cert_locations() + ['files' => "
    "array_merge(explode(',', (string) php_ini_scanned_files()), [(string) php_ini_loaded_file()])]);"
)


def _read(machine: Machine, found: Identified) -> Reads:
    try:
        said = json.loads(found.output.partition("\n")[2])
        bundle, directory = str(said["default_cert_file"]), str(said["default_cert_dir"])
        files = [str(name).strip() for name in said["files"] if str(name).strip()]
    except (ValueError, LookupError, TypeError, RecursionError):
        return Reads(openssl_places(machine, "", ""))
    settings = [first_setting(files, key, None) for key in ("openssl.cafile", "openssl.capath")]
    shapes = (Shape.BUNDLE, Shape.HASHED)
    chosen = tuple(
        file_place(item, shape) for item, shape in zip(settings, shapes, strict=True) if item and item.value
    )
    return Reads(chosen or openssl_places(machine, bundle, directory))


CLIENT = Client(
    "php",
    ("-r", _ABOUT),
    r"^PHP (\d\S*)",
    _read,
    Question(
        ("-r", "exit(stream_socket_client('ssl://'.$argv[1]) === false ? 1 : 0);", "--", "{address}"),
        refused=r"certificate verify failed|did not match expected|unable to (set|load) ",
    ),
    variables=OPENSSL_VARIABLES,
    option=("-d", "openssl.cafile={bundle}"),
)
