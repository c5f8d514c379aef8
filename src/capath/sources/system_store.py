"""This machine's own trust store, where its kind of system keeps it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from capath.errors import BadInputError
from capath.pki.visible import visible
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


def system_places(root: str = "/") -> tuple[str, ...]:
    """Where the store of the system at `root` may be: bundles first, then what OpenSSL was built to use."""
    import ssl

    defaults = ssl.get_default_verify_paths()
    places = (*_BUNDLES, defaults.openssl_cafile, defaults.openssl_capath, "/etc/ssl/certs")
    return places if root == "/" else tuple(os.path.join(root, place.lstrip("/")) for place in places)


def system_place(root: str = "/", places: Sequence[str] = ()) -> str:
    """Return the first of `places`, else of `system_places`, that is there. Raises BadInputError where none is."""
    wanted = places or system_places(root)
    for place in wanted:
        if os.path.isfile(place) or (os.path.isdir(place) and os.listdir(place)):
            return place
    where = "of this machine" if root == "/" else f"under {visible(root)}"
    raise BadInputError(
        f"the trust store {where} is in none of the known places ({visible(', '.join(wanted))})",
        hint="name its path",
    )


def system_source(places: Sequence[str]) -> Source:
    """Return the first of `places` that is there. Raises BadInputError where none is."""
    place = system_place(places=places)
    return DirectorySource(place) if os.path.isdir(place) else PemSource(place, read_file(place))
