"""`glosswright model …`: hands everything to the model package's own command line, in a process of its own.

A process and not an import: the language server's package never imports the model package, and the two may be installed
with different extras.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence

_ENTRY = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
    "from glosswright_model.cli import main; sys.exit(main(sys.argv[1:]))"
)


def model_command(*arguments: str) -> list[str]:
    """The command line of the model package.

    Not `python -m`: that looks for modules in the current folder first, which may be one whose code nobody trusts.
    """
    return [sys.executable, "-c", _ENTRY, *arguments]


def run_model(arguments: Sequence[str]) -> int:
    """Run the model package's command line with these arguments; returns its exit status."""
    if importlib.util.find_spec("glosswright_model") is None:
        print("The model package is not installed; run: pip install 'glosswright[llamacpp]'", file=sys.stderr)
        return 1
    command = model_command(*arguments)
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - our own module, arguments as they are, no shell
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the same where exec is not to be had
