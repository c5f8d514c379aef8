"""The read side of one CApath: what is in the directory, and what OpenSSL's lookup finds there."""

from capath.store.listing import CertificateRow, CrlRow, Listing, Skipped, list_store
from capath.store.snapshot import Snapshot
from capath.store.walk import scan

__all__ = ["CertificateRow", "CrlRow", "Listing", "Skipped", "Snapshot", "list_store", "scan"]
