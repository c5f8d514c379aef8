"""``capath verify`` gives the verdict and the first code of `openssl verify`, whatever is odd about the chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.chains import (
    CONSTRAINTS,
    HOST,
    LEAF,
    LOWER,
    MIDDLE,
    NAMES,
    NOW,
    ROOT,
    USAGES,
    List,
    Part,
    World,
    under_lower,
)
from tests.oracle.openssl import needs_openssl
from tests.oracle.verifying import ask_capath, binary_verdict, capath_verdict, write_world

pytestmark = [needs_openssl, pytest.mark.oracle]

LISTS = (List("Root", 0), List("Middle", 1))
ALL = ("-crl_check_all",)
CROSS = replace(ROOT, issuer_name="Other", signer=5, serial=9)
OTHER = Part("Other", "Other", 5, 5)

CASES: dict[str, World] = {
    "good": World(),
    "leaf expired": World(replace(LEAF, days=(-9, -1))),
    "middle not yet valid": World(sent=(replace(MIDDLE, days=(1, 9)),)),
    "root expired": World(trusted=(replace(ROOT, days=(-9, -1)),)),
    "far future": World(at=datetime(9999, 12, 31, tzinfo=timezone.utc)),
    "before 1970": World(at=datetime(1951, 1, 1, tzinfo=timezone.utc)),
    "the last second": World(at=NOW + timedelta(days=100)),
    "root path length 0": World(trusted=(replace(ROOT, path_length=0),)),
    "middle path length 0 above lower": World(under_lower(), (replace(MIDDLE, path_length=0), LOWER)),
    "self-issued in the middle of path length 0": World(
        sent=(replace(MIDDLE, issuer_name="Middle", key=1, signer=4, serial=8), replace(MIDDLE, key=4)),
        trusted=(replace(ROOT, path_length=0),),
    ),
    "version 1 root": World(trusted=(replace(ROOT, version_1=True),)),
    "version 1 middle": World(sent=(replace(MIDDLE, version_1=True),)),
    "version 1 leaf": World(replace(LEAF, version_1=True)),
    "no basicConstraints, no keyUsage": World(sent=(replace(MIDDLE, is_ca=None, key_usage="none"),)),
    "no basicConstraints, keyCertSign": World(sent=(replace(MIDDLE, is_ca=None, key_usage="wrong"),)),
    "CA false": World(sent=(replace(MIDDLE, is_ca=False),)),
    "middle for clients": World(sent=(replace(MIDDLE, usage="client"),)),
    "leaf for clients": World(replace(LEAF, usage="client")),
    "critical extension in root": World(trusted=(replace(ROOT, unknown="critical"),)),
    "plain extension": World(replace(LEAF, unknown="plain")),
    "other key identifier": World(replace(LEAF, authority_identifier="other")),
    "issuer's serial is another": World(replace(LEAF, authority_identifier="serial")),
    "same name, other key": World(sent=(replace(MIDDLE, key=4), MIDDLE)),
    "same name, other key alone": World(sent=(replace(MIDDLE, key=4),)),
    "same name, other key, no identifiers": World(
        replace(LEAF, authority_identifier="none"), (replace(MIDDLE, key=4, subject_identifier=False),)
    ),
    "cross-signed, both": World(sent=(MIDDLE, CROSS), trusted=(ROOT, OTHER)),
    "cross-signed, the other root alone": World(sent=(MIDDLE, CROSS), trusted=(OTHER,)),
    "cross-signed, trusted cross": World(trusted=(CROSS, OTHER)),
    "cross-signed, trusted cross without its root": World(trusted=(CROSS,)),
    "middle alone": World(sent=(), trusted=(MIDDLE,)),
    "middle alone, partial": World(sent=(), trusted=(MIDDLE,), options=("-partial_chain",)),
    "leaf alone": World(trusted=(LEAF,)),
    "leaf alone, partial": World(sent=(), trusted=(LEAF,), options=("-partial_chain",)),
    "expired leaf alone, partial": World(
        replace(LEAF, days=(-9, -1)), (), (replace(LEAF, days=(-9, -1)),), options=("-partial_chain",)
    ),
    "damaged leaf": World(replace(LEAF, damaged=True)),
    "damaged middle": World(sent=(replace(MIDDLE, damaged=True),)),
    "damaged root": World(trusted=(replace(ROOT, damaged=True),)),
    "sent twice": World(sent=(MIDDLE, MIDDLE, ROOT, ROOT)),
    "misordered": World(under_lower(), (MIDDLE, LOWER)),
    "empty subject": World(replace(LEAF, empty_subject=True)),
    "empty subject, not critical SAN": World(replace(LEAF, empty_subject=True, names="none")),
    "revoked": World(lists=(LISTS[0], replace(LISTS[1], revokes=4)), options=("-crl_check",)),
    "middle revoked": World(lists=(replace(LISTS[0], revokes=2), LISTS[1]), options=ALL),
    "middle revoked, leaf checked": World(lists=(replace(LISTS[0], revokes=2), LISTS[1]), options=("-crl_check",)),
    "no list": World(lists=LISTS[:1], options=ALL),
    "list expired": World(lists=(LISTS[0], replace(LISTS[1], days=(-9, -1))), options=ALL),
    "list of tomorrow": World(lists=(LISTS[0], replace(LISTS[1], days=(1, 9))), options=ALL),
    "damaged list": World(lists=(LISTS[0], replace(LISTS[1], damaged=True)), options=ALL),
    "list signed by another": World(lists=(LISTS[0], replace(LISTS[1], signer=2)), options=ALL),
    "delta list alone": World(lists=(LISTS[0], replace(LISTS[1], delta_of=1, number=2)), options=ALL),
    "delta list that revokes": World(
        lists=(*LISTS, replace(LISTS[1], delta_of=1, number=2, revokes=4)), options=ALL
    ),
    "indirect list": World(lists=(LISTS[0], replace(LISTS[1], indirect=True)), options=ALL),
    "list of authorities": World(lists=(LISTS[0], replace(LISTS[1], only="authorities")), options=ALL),
    "list of another point": World(lists=(LISTS[0], replace(LISTS[1], only="named")), options=ALL),
    "list with a critical extension": World(
        lists=(LISTS[0], replace(LISTS[1], unknown_critical=True)), options=ALL
    ),
    "strict": World(options=("-x509_strict",)),
    "strict, constraints not critical": World(sent=(replace(MIDDLE, critical=False),), options=("-x509_strict",)),
    "strict, no key identifiers": World(replace(LEAF, authority_identifier="none"), options=("-x509_strict",)),
    "strict, path length without CA": World(
        sent=(replace(MIDDLE, key_usage="wrong", path_length=1),), options=("-x509_strict",)
    ),
    **{
        f"usage {usage} at {role}": world
        for usage in USAGES
        for role, world in {
            "leaf": World(replace(LEAF, usage=usage)),
            "root": World(trusted=(replace(ROOT, usage=usage),)),
        }.items()
    },
    **{
        f"{names} under {constraints}": World(
            replace(LEAF, names=names), (replace(MIDDLE, constraints=constraints),)
        )
        for constraints in CONSTRAINTS
        for names in ("host", "none", "ip", "email", "uri")
    },
    **{
        f"{host} in {names}": World(replace(LEAF, names=names), host=host)
        for names in NAMES
        for host in (
            HOST,
            "other.test",
            "192.0.2.7",
            "2001:db8::7",
            f"{HOST}.",
            ".host.test",
            "*.host.test",
            "xn--bcher-kva.host.test",
            "a.b.host.test",
        )
    },
}


def _compare(world: World, place: Path) -> None:
    directory, leaf, untrusted = write_world(world, place)
    question: Any = (directory, leaf, untrusted, world.host, world.at, world.options)
    assert capath_verdict(ask_capath(*question)) == binary_verdict(*question)


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_the_binarys(tmp_path: Path, name: str) -> None:
    _compare(CASES[name], tmp_path / "world")


_DAYS = st.sampled_from([(-100, 100)] * 6 + [(-100, -1), (1, 100), (-27000, 20000)])


def _mostly(usual: Any, *odd: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * (4 * len(odd)) + list(odd))


def _odd(part: Part) -> st.SearchStrategy[Part]:
    return st.builds(
        replace,
        st.just(part),
        days=_DAYS,
        is_ca=_mostly(part.is_ca, True, False, None),
        critical=_mostly(True, False),
        path_length=_mostly(None, 0, 1),
        key_usage=_mostly("right", "wrong", "none"),
        usage=_mostly(part.usage, *USAGES),
        constraints=_mostly("none", *CONSTRAINTS),
        subject_identifier=_mostly(True, False),
        authority_identifier=_mostly("right", "other", "none", "serial"),
        unknown=_mostly("none", "plain", "critical"),
        names=_mostly(part.names, *NAMES),
        damaged=_mostly(False, True),
        version_1=_mostly(False, True),
        signer=_mostly(part.signer, 0, 1, 5),
    )


_LISTS = st.lists(
    st.builds(
        replace,
        st.sampled_from(LISTS),
        days=_mostly((-10, 10), (-10, -1), (1, 10)),
        revokes=_mostly(0, 2, 4),
        delta_of=_mostly(0, 1),
        indirect=_mostly(False, True),
        only=_mostly("", "users", "authorities", "named"),
        damaged=_mostly(False, True),
        number=st.sampled_from([1, 2]),
    ),
    max_size=4,
)
_OPTIONS = st.lists(
    st.sampled_from(["-x509_strict", "-partial_chain", "-crl_check", "-crl_check_all"]), unique=True, max_size=2
)


@st.composite
def _worlds(draw: st.DrawFn) -> World:
    authorities = [draw(_odd(part)) for part in (ROOT, MIDDLE)]
    extra = draw(st.lists(st.sampled_from([CROSS, OTHER, MIDDLE, replace(MIDDLE, key=4), ROOT]), max_size=2))
    everything = [*authorities, *extra]
    return World(
        draw(_odd(LEAF)),
        tuple(part for part in everything if draw(_mostly(part.common_name == "Middle", True, False))),
        tuple(part for part in everything if draw(_mostly(part.common_name != "Middle", True, False))),
        tuple(draw(_LISTS)),
        tuple(draw(_OPTIONS)),
        draw(st.sampled_from(["", "", HOST, "other.test", "192.0.2.7"])),
        NOW + timedelta(days=draw(st.sampled_from([0, 0, 0, 0, -101, 101, 20000]))),
    )


@settings(max_examples=150, deadline=None)
@given(_worlds())
def test_any_odd_chain(world: World) -> None:
    with TemporaryDirectory() as place:
        _compare(world, Path(place))
