"""Subcommands of `glosswright model` that belong to the seq2seq system, one module each.

A module has one public function, `register(add)`, that declares its command line; what the command needs is imported
when it runs, so that the other commands start quickly.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol

from glosswright_model.commands import evaluate, export, finetune, mine, train


class AddCommand(Protocol):
    """Declares a subcommand: name, what runs it (returns the exit code), one sentence about it."""

    def __call__(
        self, name: str, command: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser: ...


def register_all(add: AddCommand) -> None:
    """Declare every subcommand of this package."""
    for register in REGISTERS:
        register(add)


REGISTERS: tuple[Callable[[AddCommand], None], ...] = (
    evaluate.register,
    export.register,
    finetune.register,
    mine.register,
    train.register,
)
