"""See, edit and test the trust behind TLS: OpenSSL CApath directories."""

__version__ = "0.1.0"
