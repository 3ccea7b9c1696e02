"""Measuring translations: exact match, BLEU in the protocols of published papers, CodeBLEU, parse rate, reports.

Nothing imports this package but the command line.
"""
