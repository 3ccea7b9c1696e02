"""Constraints that keep an output grammatical: a recogniser for prefixes of any grammar, and Python's grammar for it.

Why this is our own: docs/decisions/0019-constrained-decoding.md.
"""
