"""`glosswright trust`: which folders' examples may be run, as the editor's question is answered there.

An answer is for exactly one folder. The setting `verify.runExamples` comes first: `always` and `never` ask nobody.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from glosswright_server.verify.trusted import TrustFile, folder_key


def run_trust(options: argparse.Namespace) -> int:
    """List, grant, refuse or forget; returns the exit status."""
    file = TrustFile()
    if options.list:
        return _list(file)
    folder = Path(options.folder)
    if not options.forget and not folder.is_dir():
        print(f"glosswright trust: {folder} is not a folder.", file=sys.stderr)
        return 2
    try:
        if options.forget:
            known = file.forget(folder)
            print(f"{folder_key(folder)}: {'forgotten; you will be asked' if known else 'was not answered for'}")
        else:
            file.remember(folder, not options.never)
            print(f"{folder_key(folder)}: {_in_words(not options.never)}")
    except OSError as error:
        print(f"glosswright trust: {file.path} cannot be written: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


def _list(file: TrustFile) -> int:
    answers = file.answers()
    for folder, allowed in sorted(answers.items()):
        print(f"{folder}: {_in_words(allowed)}")
    if not answers:
        print("No folder was answered for yet; the editor asks when examples could be run.")
    return 0


def _in_words(allowed: bool) -> str:
    return "examples are run, in the sandbox" if allowed else "examples are not run"
