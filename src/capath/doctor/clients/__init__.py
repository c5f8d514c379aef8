"""A client a file: how it is found, which stores it reads and why, how it is run, and what its answer means."""
