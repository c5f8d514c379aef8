"""Verifying certificates without a connection."""
