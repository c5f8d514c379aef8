"""Which trust store each TLS client of this machine reads, why, and whether it accepts a host."""
