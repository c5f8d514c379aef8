"""A world of its own: authorities, a CApath and TLS servers on loopback, one for each cause."""
