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

from glosswright_server.machine.model_command import model_command


def run_model(arguments: Sequence[str]) -> int:
    """Run the model package's command line with these arguments; returns its exit status."""
    if importlib.util.find_spec("glosswright_model") is None:
        print("The model package is not installed; run: pip install 'glosswright[llamacpp]'", file=sys.stderr)
        return 1
    command = model_command(*arguments)
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - our own module, arguments as they are, no shell
    return subprocess.run(command, check=False).returncode  # noqa: S603 - the same where exec is not to be had
