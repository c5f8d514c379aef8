"""Protocols that begin in plain text and go over to TLS: one module a protocol or family, one table of them."""
