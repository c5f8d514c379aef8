"""Connections: names, addresses, proxies, the wire, and what is fetched by HTTP."""
