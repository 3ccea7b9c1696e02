"""What clients of other completion servers say and expect, so that they work with this one unchanged.

A dialect adds to LSP and takes nothing away from it: its own requests and notifications are always understood, and what
only its clients expect is sent only to a client that has shown itself to be one.
"""
