"""The write side of one CApath: plans that can be read before and undone after."""
