"""The explorer: the periodic table of methods as a live page."""
