"""Rules on directories, files and links."""

from __future__ import annotations

import os
from pathlib import Path

from capath.audit import AboutDirectory, AboutFile, AboutLink, Severity
from tests.audit.worlds import Spec, audit, make_store
from tests.minting import mint_root


def test_a_private_key_is_an_error_of_its_file(tmp_path: Path) -> None:
    """A key beside its certificate is found, though openssl rehash links the file without a word."""
    root = mint_root()
    store = make_store(tmp_path / "store", {"root.pem": root.pem + root.key_pem, "key.txt": root.key_pem})
    found = audit(store)["private-key"]
    assert {finding.subject for finding in found} == {AboutFile("root.pem"), AboutFile("key.txt")}
    assert {finding.severity for finding in found} == {Severity.ERROR}


def test_what_others_can_write_is_an_error(tmp_path: Path) -> None:
    """A directory of mode 0777 and a file of mode 0666 are each named, a link to the file is not."""
    store = make_store(tmp_path / "store", {"root.pem": Spec().pem()})
    os.chmod(store / "root.pem", 0o666)
    found = audit(store, directory_mode=0o40777)["writable-by-others"]
    assert [finding.subject for finding in found] == [AboutDirectory(str(store)), AboutFile("root.pem")]
    assert "0777" in found[0].evidence
    assert "chmod o-w" in found[1].remedy


def test_a_damaged_certificate_is_an_error(tmp_path: Path) -> None:
    """A block that does not decode is told with its reason."""
    damaged = Spec().pem().replace(b"M", b"!", 1)
    found = audit(make_store(tmp_path / "store", {"bad.pem": damaged}))["not-parsable"]
    assert [finding.subject for finding in found] == [AboutFile("bad.pem")]


def test_link_defects_are_errors_of_the_link(tmp_path: Path) -> None:
    """Dangling, wrongly named and hidden links are each found."""
    store = make_store(tmp_path / "store", {"root.pem": Spec().pem()})
    (link,) = [name for name in os.listdir(store) if name.endswith(".0")]
    os.symlink("gone.pem", store / "00000001.0")
    os.symlink("root.pem", store / "00000002.0")
    os.symlink("root.pem", store / (link[:-1] + "2"))
    found = audit(store)
    assert found["link-dangling"][0].subject == AboutLink("00000001.0")
    assert found["link-wrong-hash"][0].subject == AboutLink("00000002.0")
    assert found["link-unreachable"][0].subject == AboutLink(link[:-1] + "2")
    assert all(finding.severity is Severity.ERROR for rule in found for finding in found[rule])


def test_several_certificates_behind_one_link_are_a_warning(tmp_path: Path) -> None:
    """A bundle behind a link brings in more than its name says."""
    store = make_store(tmp_path / "store", {"two.pem": Spec("A").pem() + Spec("B").pem()})
    listing_hash = mint_hash(store / "two.pem")
    os.symlink("two.pem", store / f"{listing_hash}.0")
    (finding,) = audit(store)["several-behind-one-link"]
    assert finding.severity is Severity.WARNING


def test_a_store_named_by_old_hashes_is_told_what_to_do(tmp_path: Path) -> None:
    """Android's layout, regular files named by the old hash, is found by no current OpenSSL."""
    store = tmp_path / "android"
    store.mkdir()
    content = Spec().pem()
    (store / "x").write_bytes(content)
    from capath.pki.objects import CertificateObject, read_objects

    (item,) = read_objects(content)
    assert isinstance(item, CertificateObject)
    os.rename(store / "x", store / f"{item.certificate.subject.old_hash}.0")
    (finding,) = audit(store)["old-hash-only"]
    assert finding.severity is Severity.ERROR
    assert "capath import" in finding.remedy


def test_an_unlinked_certificate_is_a_warning(tmp_path: Path) -> None:
    """A .pem that nothing links to will be trusted by the next rehash: one of the two is not meant."""
    store = make_store(tmp_path / "store", {"root.pem": Spec().pem()}, rehash=False)
    (finding,) = audit(store)["not-linked"]
    assert finding.severity is Severity.WARNING


def mint_hash(path: Path) -> str:
    """The subject hash of the first certificate in `path`."""
    from capath.pki.objects import CertificateObject, read_objects

    item = read_objects(path.read_bytes())[0]
    assert isinstance(item, CertificateObject)
    return item.certificate.subject_hash


def test_files_that_others_cannot_read(tmp_path: Path) -> None:
    """As an umask of 077 leaves them: their owner sees nothing, and everybody else's lookups stop there."""
    store = make_store(tmp_path / "store", {"a.pem": Spec().pem()})
    assert "unreadable-by-others" not in audit(store)
    (store / "a.pem").chmod(0o600)
    (finding,) = audit(store)["unreadable-by-others"]
    assert "0600" in finding.evidence
    assert finding.remedy.startswith("chmod o+r ")
    assert "unreadable-by-others" not in audit(store, directory_mode=0o40700)
