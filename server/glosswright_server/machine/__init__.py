"""This machine: which models it has and could fetch, how fast they are on it, and what is wrong with it."""
