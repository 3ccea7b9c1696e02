"""Runs code that nobody has read yet where it can do no harm, or not at all."""
