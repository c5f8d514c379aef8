"""A world of its own: CAs, a CApath and TLS servers on loopback, one for each cause."""
