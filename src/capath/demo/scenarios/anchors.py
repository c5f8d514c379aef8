"""Chains that end in an anchor, or in none."""

from __future__ import annotations

from capath.demo import authority
from capath.demo.authority import Template
from capath.demo.scenarios.registry import scenario
from capath.demo.scene import Scene, Site
from capath.demo.server import files
from capath.diagnosis.cause import Cause, RemedyKind
from capath.pki.pem import encode_pem, read_pem
from capath.pki.trust_attributes import SERVER_AUTH, encode_trust_attributes
from capath.tls.offline.slot_rule import skips_broken_slots
from capath.tls.test_options import ProbeOptions, VerifyFlags


@scenario(None)
def good(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, trusted."""
    leaf = authority.leaf(scene.intermediate, scene.host)
    return Site(scene.https(leaf, scene.intermediate))


@scenario(Cause.ROOT_NOT_TRUSTED, RemedyKind.TRUST)
def root_off(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, in the directory, distrusted."""
    root = authority.root("capath demo root that is off")
    scene.take_out(root)
    intermediate = authority.intermediate(root, "capath demo intermediate of the root that is off")
    return Site(scene.https(authority.leaf(intermediate, scene.host), intermediate))


@scenario(Cause.LINK_BROKEN, RemedyKind.REHASH)
def link_broken(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, in the directory, linked in slot 1 after an empty slot 0."""
    root = authority.root("capath demo root after a gap")
    scene.break_link(root)
    intermediate = authority.intermediate(root, "capath demo intermediate of the root after a gap")
    return Site(scene.https(authority.leaf(intermediate, scene.host), intermediate))


@scenario(Cause.ROOT_NOT_IN_STORE)
def root_not_in_store(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root, not in the directory."""
    root = authority.root("capath demo root that is nowhere")
    intermediate = authority.intermediate(root, "capath demo intermediate of a root that is nowhere")
    return Site(scene.https(authority.leaf(intermediate, scene.host), intermediate))


@scenario(Cause.MISSING_INTERMEDIATE)
def missing_intermediate(scene: Scene) -> Site:
    """[leaf] ← intermediate, nowhere but at the leaf's AIA address ← root, trusted."""
    intermediate = authority.intermediate(scene.root, "capath demo intermediate that is not sent")
    content = next(block.content for block in read_pem(intermediate.pem) if hasattr(block, "content"))
    port = scene.loopback.serve(files({"/intermediate.der": content}))
    url = f"http://127.0.0.1:{port}/intermediate.der"
    return Site(scene.https(authority.leaf(intermediate, scene.host, issuer_url=url)))


@scenario(Cause.SELF_SIGNED_LEAF, RemedyKind.IMPORT)
def self_signed(scene: Scene) -> Site:
    """[leaf], signed with its own key."""
    return Site(scene.https(authority.self_signed(Template(scene.host, names=(scene.host,)))))


@scenario(Cause.PRIVATE_ROOT_SENT, RemedyKind.IMPORT)
def private_root_sent(scene: Scene) -> Site:
    """[leaf ← root], and that root is not in the directory."""
    root = authority.root("capath demo interceptor")
    return Site(scene.https(authority.leaf(root, scene.host), root))


@scenario(Cause.INTERMEDIATE_ONLY, RemedyKind.CHANGE_FLAGS)
def intermediate_only(scene: Scene) -> Site:
    """[leaf] ← intermediate, trusted ← root, not in the directory."""
    root = authority.root("capath demo root of a trusted intermediate")
    intermediate = authority.intermediate(root, "capath demo intermediate without its root")
    scene.trust(intermediate)
    return Site(scene.https(authority.leaf(intermediate, scene.host)))


@scenario(Cause.SAME_NAME_OTHER_KEY)
def same_name_other_key(scene: Scene) -> Site:
    """[leaf ← intermediate] ← root with a new key; the directory has the root of that name with the old key."""
    scene.trust(authority.root("capath demo root with two keys"))
    rolled = authority.root("capath demo root with two keys")
    intermediate = authority.intermediate(rolled, "capath demo intermediate of the new key")
    return Site(scene.https(authority.leaf(intermediate, scene.host), intermediate))


@scenario(Cause.TRUST_REJECTED)
def trust_rejected(scene: Scene) -> Site:
    """[leaf] ← root, in the directory as a TRUSTED CERTIFICATE that rejects TLS servers."""
    root = authority.root("capath demo root that rejects servers")
    content = next(block.content for block in read_pem(root.pem) if hasattr(block, "content"))
    attributes = encode_trust_attributes(rejected=(SERVER_AUTH,))
    scene.write(
        "capath_demo_root_that_rejects_servers.pem", encode_pem("TRUSTED CERTIFICATE", content + attributes)
    )
    return Site(scene.https(authority.leaf(root, scene.host)))


@scenario(Cause.WRONG_FORMAT, RemedyKind.IMPORT)
def wrong_format(scene: Scene) -> Site:
    """[leaf] ← root, in the directory in a file with a second certificate, which rehash links to nothing."""
    root = authority.root("capath demo root in a bundle")
    other = authority.root("capath demo root beside it")
    scene.write("capath_demo_bundle.pem", root.pem + other.pem)
    return Site(scene.https(authority.leaf(root, scene.host)))


@scenario(Cause.SENT_PATH_MISLEADS, RemedyKind.SEND_CHAIN, RemedyKind.IMPORT)
def sent_path_misleads(scene: Scene) -> Site:
    """[leaf ← intermediate by a root that is nowhere, the same intermediate by the root] ← root, trusted."""
    gone = authority.root("capath demo root that signs across")
    right = authority.intermediate(scene.root, "capath demo intermediate with two issuers")
    across = authority.intermediate(gone, "capath demo intermediate with two issuers", key=right.key)
    return Site(scene.https(authority.leaf(right, scene.host), across, right))


@scenario(Cause.CLIENT_DIFFERS if skips_broken_slots() else Cause.LINK_BROKEN, RemedyKind.REHASH)
def slot_that_dangles(scene: Scene) -> Site:
    """[leaf] ← root, in the directory, linked in slot 1 after a dangling slot 0: OpenSSL 3.0.19 stops there."""
    root = authority.root("capath demo root after a slot that dangles")
    scene.hide(root)
    return Site(scene.https(authority.leaf(root, scene.host)))


@scenario(Cause.CLIENT_DIFFERS, RemedyKind.CHANGE_FLAGS)
def strict_only(scene: Scene) -> Site:
    """[leaf] ← root, trusted, without a subject key identifier; tested with X509_V_FLAG_X509_STRICT."""
    root = authority.root("capath demo root without key identifier", key_identifiers=False)
    scene.trust(root)
    options = ProbeOptions(flags=VerifyFlags(strict=True))
    return Site(scene.https(authority.leaf(root, scene.host)), options)
