"""Rules on the directory and its files: who may change them, and what does not belong there."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from capath.audit.context import Context
from capath.audit.finding import AboutDirectory, AboutFile, Severity, Subject
from capath.audit.rule import Hit, StoreRule
from capath.pki.objects import BrokenObject
from capath.store.content import Unreadable, readable
from capath.store.entry import Entry, FileEntry, LinkEntry
from capath.store.link_name import CONSTRAINTS_FILE, IN_ASIDE, has_rehash_extension, resembles_link

_OTHERS_LOOK = stat.S_IROTH | stat.S_IXOTH
_ANCHORS = "RFC 5280 section 6.1.1 (d): trust anchors are delivered by a trustworthy procedure"


def _private_keys(context: Context) -> Iterator[tuple[Subject, Hit]]:
    for name, entry in _each_file_once(context):
        content = readable(entry)
        if content is not None and content.keys:
            yield (
                AboutFile(name),
                Hit(
                    "a private key is in a directory that everyone can read",
                    f"it holds a {content.keys[0].label}",
                    "move the key to a place that only its owner can read; if others could read it, replace it",
                ),
            )


def _writable(context: Context) -> Iterator[tuple[Subject, Hit]]:
    directory = context.listing.snapshot.directory
    if context.directory_mode & stat.S_IWOTH:
        yield (
            AboutDirectory(directory),
            Hit(
                "every user of this machine can change what it trusts: the directory is writable by others",
                f"its mode is {stat.S_IMODE(context.directory_mode):04o}",
                f"chmod o-w {context.quote(directory)}",
            ),
        )
    for name, entry in _each_file_once(context):
        mode = entry.stat.mode
        if mode & stat.S_IWOTH:
            yield (
                AboutFile(name),
                Hit(
                    "every user of this machine can change what it trusts: the file is writable by others",
                    f"its mode is {stat.S_IMODE(mode):04o}",
                    f"chmod o-w {context.path(name)}",
                ),
            )


def _not_parsable(context: Context) -> Iterator[tuple[Subject, Hit]]:
    for name, entry in _each_file_once(context):
        content = readable(entry)
        broken = [item for item in content.objects if isinstance(item, BrokenObject)] if content else []
        if broken:
            yield (
                AboutFile(name),
                Hit(
                    f"OpenSSL cannot read the {broken[0].label} in it",
                    broken[0].reason,
                    "import it again from its source, or move it away",
                ),
            )


def _unreadable(context: Context) -> Iterator[tuple[Subject, Hit]]:
    for name, entry in context.listing.snapshot.entries.items():
        if not (has_rehash_extension(name) or resembles_link(name)):
            continue
        if isinstance(entry, FileEntry | LinkEntry) and isinstance(entry.content, Unreadable):
            hit = Hit("it cannot be read", entry.content.reason, f"chmod a+r {context.path(name)}")
            yield AboutFile(name), hit


def _unreadable_by_others(context: Context) -> Iterator[tuple[Subject, Hit]]:
    if context.directory_mode & _OTHERS_LOOK != _OTHERS_LOOK:
        return  # it is nobody else's
    for name, entry in _each_file_once(context):
        mode = entry.stat.mode
        if (
            not name.startswith(IN_ASIDE)
            and (has_rehash_extension(name) or resembles_link(name))
            and not mode & stat.S_IROTH
        ):
            hit = Hit(
                "other users cannot read it, so their lookups stop at it and at all that comes after it",
                f"its mode is {stat.S_IMODE(mode):04o}",
                f"chmod o+r {context.path(name)}",
            )
            yield AboutFile(name), hit


def _limits_unreadable(context: Context) -> Iterator[tuple[Subject, Hit]]:
    if context.kept.fault:
        yield (
            AboutFile(CONSTRAINTS_FILE),
            Hit(
                "the limits kept for roots in this directory cannot be read, so tests do not apply them",
                context.kept.fault,
                "fix it or move it away, then import the list again",
            ),
        )


def _nothing_trusted(context: Context) -> Iterator[tuple[Subject, Hit]]:
    listing = context.listing
    if not listing.trusted_count:
        count = len(listing.by_sha256)
        has = (
            f"it has {count} certificate{'' if count == 1 else 's'}, none of them trusted"
            if count
            else "it is empty"
        )
        remedy = (
            "capath rehash makes missing hash links, capath trust trusts what is off" if count else "import roots"
        )
        text = "nothing is trusted here, so programs that use the directory reject every server"
        yield AboutDirectory(listing.snapshot.title), Hit(text, has, remedy)


def _each_file_once(context: Context) -> Iterator[tuple[str, FileEntry | LinkEntry]]:
    """Every file once, under a name that is not a hash link's where it has one."""
    seen = set()
    entries = context.listing.snapshot.entries
    for name in sorted(entries, key=_plain_names_first):
        entry: Entry = entries[name]
        if isinstance(entry, FileEntry | LinkEntry) and entry.stat.identity not in seen:
            seen.add(entry.stat.identity)
            yield name, entry


def _plain_names_first(name: str) -> tuple[bool, str]:
    return resembles_link(name), name


DIRECTORY_RULES = (
    StoreRule(
        "private-key",
        Severity.ERROR,
        "a private key is in the directory",
        "CA/Browser Forum TLS BR section 6.2: private keys are protected",
        _private_keys,
    ),
    StoreRule(
        "writable-by-others",
        Severity.ERROR,
        "the directory or a file in it is writable by others",
        _ANCHORS,
        _writable,
    ),
    StoreRule(
        "not-parsable",
        Severity.ERROR,
        "OpenSSL cannot read a certificate or CRL",
        "RFC 7468; openssl-rehash(1)",
        _not_parsable,
    ),
    StoreRule("unreadable", Severity.ERROR, "a file cannot be opened", "openssl-rehash(1)", _unreadable),
    StoreRule(
        "unreadable-by-others",
        Severity.WARNING,
        "a file cannot be read by other users, though the directory can",
        "X509_LOOKUP_hash_dir(3)",
        _unreadable_by_others,
    ),
    StoreRule(
        "nothing-trusted",
        Severity.WARNING,
        "no certificate in the directory is trusted",
        "X509_LOOKUP_hash_dir(3)",
        _nothing_trusted,
    ),
    StoreRule(
        "limits-unreadable",
        Severity.WARNING,
        f"{CONSTRAINTS_FILE} cannot be read",
        "capath import, which writes it",
        _limits_unreadable,
    ),
)
