"""From what a test saw to its cause and what mends it. The explanations
are pure: no network, no clock, no file but the stores of other roots."""
