"""Certificates, CRLs, names and hashes, decoded from bytes. Pure: no files, no network, no clock."""
