"""The Glosswright language server: reads what comments and docstrings ask for and answers with checked code.

It holds no model and imports no torch: code comes over HTTP from an OpenAI-compatible completions server.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("glosswright")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
