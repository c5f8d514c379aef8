"""This machine's own trust store, where its kind of system keeps it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from capath.errors import BadInputError
from capath.sources.directory import DirectorySource
from capath.sources.files import read_file
from capath.sources.item import Source
from capath.sources.pem import PemSource

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, OpenWrt
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # FreeBSD, OpenBSD, macOS
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
)


def system_places() -> tuple[str, ...]:
    """Where this machine's store may be: bundles first, then what OpenSSL was built to use."""
    import ssl

    defaults = ssl.get_default_verify_paths()
    return (*_BUNDLES, defaults.openssl_cafile, defaults.openssl_capath)


def system_source(places: Sequence[str]) -> Source:
    """Return the first of `places` that is there. Raises BadInputError where none is."""
    for place in places:
        if os.path.isfile(place):
            return PemSource(place, read_file(place))
        if os.path.isdir(place) and os.listdir(place):
            return DirectorySource(place)
    raise BadInputError(
        f"the trust store of this machine is in none of the known places ({', '.join(places)})",
        hint="name its path",
    )
