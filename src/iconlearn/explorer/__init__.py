"""The explorer: a local server of the periodic table, of runs as they happen, and of recordings."""
