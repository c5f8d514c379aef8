"""Remedies: what asks the network again, to find and to try them."""
