"""A web page for making dances: ``python -m app``."""
