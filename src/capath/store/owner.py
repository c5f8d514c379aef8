"""Directories that another tool makes and remakes: what that tool is, and what it would do to a change here."""

from __future__ import annotations

import os
from dataclasses import dataclass

from typing_extensions import assert_never


@dataclass(frozen=True, slots=True)
class Debian:
    """``update-ca-certificates(8)``: links into /usr/share/ca-certificates by the lines of `configuration`."""

    configuration: str
    sources: str


@dataclass(frozen=True, slots=True)
class P11Kit:
    """``update-ca-trust(8)`` of Fedora and RHEL: everything below `extracted` is written anew."""

    extracted: str


@dataclass(frozen=True, slots=True)
class FreeBsd:
    """``certctl(8)``: /etc/ssl/certs and /etc/ssl/untrusted are made from /usr/share/certs."""


Owner = Debian | P11Kit | FreeBsd


def owner_of(directory: str, root: str = "/") -> Owner | None:
    """Return the tool that owns `directory`, None where none is known. `root`: where the system's tree begins."""
    real = os.path.realpath(directory)
    certs = os.path.realpath(os.path.join(root, "etc/ssl/certs"))
    extracted = os.path.realpath(os.path.join(root, "etc/pki/ca-trust/extracted"))
    if os.path.isdir(extracted) and (real == extracted or real.startswith(extracted + os.sep)):
        return P11Kit(extracted)
    if real != certs:
        return None
    configuration = os.path.join(root, "etc/ca-certificates.conf")
    if os.path.isfile(configuration):
        return Debian(configuration, os.path.join(root, "usr/share/ca-certificates"))
    if os.path.isfile(os.path.join(root, "usr/sbin/certctl")):
        return FreeBsd()
    return None


def undone_by(owner: Owner) -> str:
    """Say who owns the directory and what takes a change of it back."""
    match owner:
        case Debian(configuration=configuration):
            return (
                "update-ca-certificates owns this directory: its next run, with the next upgrade at the latest, "
                f"makes it anew by {configuration}"
            )
        case P11Kit(extracted=extracted):
            return f"update-ca-trust owns {extracted}: its next run writes this directory anew"
        case FreeBsd():
            return "certctl owns this directory: its next rehash makes it anew from /usr/share/certs"
        case _:
            assert_never(owner)


def lasting_way(owner: Owner, sources: tuple[str, ...]) -> str:
    """Say how the owner's own way makes it last. `sources`: the files of the certificates taken out."""
    match owner:
        case Debian(configuration=configuration, sources=home):
            lines = [
                os.path.relpath(source, home)
                for source in sources
                if os.path.realpath(source).startswith(os.path.realpath(home) + os.sep)
            ]
            listed = ", ".join(f"!{line}" for line in lines[:5]) + (" …" if len(lines) > 5 else "")
            what = f"write {listed} for {'these lines' if len(lines) > 1 else 'its line'} of" if lines else "edit"
            return f"to make it last, {what} {configuration}, then run update-ca-certificates"
        case P11Kit():
            return (
                "to make it last, put the certificate into /etc/pki/ca-trust/source/blocklist (or anchors), then "
                "run update-ca-trust"
            )
        case FreeBsd():
            return "to make it last, use certctl untrust (or trust) with the certificate's file"
        case _:
            assert_never(owner)
