"""The network: endpoints, handshakes, other clients, offline verification, and what came of them."""
