"""One TLS handshake: its context, what was verified, and what the session says."""
