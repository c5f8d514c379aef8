"""Where certificates come from: bytes or a place in, certificates and refusals out. No network."""
