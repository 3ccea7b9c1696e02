"""How the model package's command line is started.

A process and not an import: the language server's package never imports the model package, and the two may be installed
with different extras.
"""

from __future__ import annotations

import sys

_ENTRY = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
    "from glosswright_model.cli import main; sys.exit(main(sys.argv[1:]))"
)


def model_command(*arguments: str) -> list[str]:
    """The command line of the model package.

    Not `python -m`: that looks for modules in the current folder first, which may be one whose code nobody trusts.
    """
    return [sys.executable, "-c", _ENTRY, *arguments]
