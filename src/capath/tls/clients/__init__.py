"""The other clients that a host is tested with; a file each."""
