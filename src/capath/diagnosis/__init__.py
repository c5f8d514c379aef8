"""From what a test saw to its cause and what mends it. Pure: no network, no clock, no file but certifi's list."""
