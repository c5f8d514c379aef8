"""From the result of a test to its cause and what fixes it. Pure: no network, no clock, only local stores."""
