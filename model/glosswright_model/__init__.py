"""The Glosswright model server and library: weights, back ends, and an OpenAI-compatible completions API over them.

It knows nothing of editors, documents or the language server protocol.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("glosswright")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
