"""Each client's file against the real client: what is said to be read is read, and judgement and proof agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.doctor.conftest import World

from capath.demo.authority import Template, intermediate, leaf, self_signed
from capath.doctor.giving import store_variables
from capath.doctor.open_store import given_store, open_store, write_keystore
from capath.doctor.program import Accepts, Refuses, Unknown
from capath.doctor.registry import CLIENTS

NAMES = [client.name for client in CLIENTS]


@pytest.mark.parametrize("name", NAMES)
def test_a_client_reads_what_is_said_and_its_remedy_works(world: World, name: str) -> None:
    """It is found with its store; it refuses an unknown root, as judged; with the remedy it accepts the host."""
    # Another client has the root: the store that the remedy takes.
    machine = world.machine(SSL_CERT_FILE=world.file("company.pem"))
    verdict = world.verdict(machine, name, "openssl")
    program = verdict.row.program
    assert program.title.split()[-1]
    assert verdict.row.stores
    reads_it = any("company.pem" in store.place.path for store in verdict.row.stores)
    assert isinstance(verdict.proved, Accepts) == reads_it
    if not reads_it:
        assert verdict.remedy is not None
        assert verdict.remedy.fixes, verdict.remedy
    alone = world.verdict(world.machine(), name)
    assert isinstance(alone.proved, Refuses)
    assert isinstance(alone.judged, Unknown if name == "uv" else Refuses)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_can_be_given_a_store(world: World, name: str) -> None:
    """With the variables of `capath run`, or with its option, it accepts what the store verifies."""
    program = world.verdict(world.machine(), name).row.program
    client = next(client for client in CLIENTS if client.name == name)
    roots = open_store(world.file("company.pem"))
    with given_store(roots) as store:
        variables = store_variables(store.bundle, store.directory, {})
        machine = world.machine().changed(variables if client.variables else {})
        write_keystore(store, roots)
        filled = [
            option.format(bundle=store.bundle, keystore=store.keystore)
            for option in (() if client.variables else client.option)
        ]
        proved = world.doctor(machine).prove(program, world.server, machine, filled)
    assert isinstance(proved, Accepts), proved


@pytest.mark.parametrize("name", ["openssl", "python", "requests", "npm", "node", "go", "ruby", "php", "uv"])
def test_a_given_store_is_the_only_one(world: World, name: str) -> None:
    """With the variables of `capath run` a root that the client has otherwise no longer counts."""
    found = world.verdict(world.machine(), name).row
    with given_store(open_store(world.file("company.pem"))) as store:
        machine = world.machine().changed(store_variables(store.bundle, store.directory, {}))
        given = world.doctor(machine, name).row_of(found.program, machine)
    assert given is not None
    assert {certificate.subject.title for certificate in given.certificates} == {"Doctor Test Root"}
    assert given.is_complete


@pytest.mark.parametrize(
    "case", ["good", "expired", "wrong name", "common name", "no intermediate", "intermediate", "self-signed"]
)
def test_judgement_and_proof_agree(world: World, case: str) -> None:
    """Each client is judged as it behaves: with its roots, its strictness, and its rule for names."""
    middle = intermediate(world.authority, "Middle")
    day = timedelta(days=1)
    trusted, identities = (
        world.authority,
        {
            "good": (leaf(middle, "localhost"), middle),
            "expired": (leaf(world.authority, "localhost", not_before=-30 * day, not_after=-day),),
            "wrong name": (leaf(world.authority, "elsewhere.test"),),
            "common name": (world.authority.issue(Template("localhost")),),
            "no intermediate": (leaf(middle, "localhost"),),
            "intermediate": (leaf(middle, "localhost"),),
            "self-signed": (self_signed(Template("localhost", names=("localhost",))),),
        }[case],
    )
    if case == "intermediate":
        trusted = middle
    host = world.serve(*identities)
    with given_store(open_store(world.file("company.pem", trusted))) as store:
        machine = world.machine().changed(store_variables(store.bundle, store.directory, {}))
        found = world.examine(machine, hosts=(host,))
    assert found.verdicts
    differing = [
        (verdict.row.program.title, verdict.judged, verdict.proved)
        for verdict in found.verdicts
        if verdict.differs
    ]
    assert not differing
    unproved = {
        verdict.row.program.title: verdict.proved
        for verdict in found.verdicts
        if isinstance(verdict.proved, Unknown)
    }
    assert not unproved
