"""Benchmarks through the whole product path: document, request, shaping, verification. Nothing else uses it."""
