"""`glosswright model export`: a smaller copy of a checkpoint, to be passed on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glosswright_model.commands import AddCommand


def register(add: AddCommand) -> None:
    """Declare the command."""
    export = add("export", run, "Copy a trained model with smaller weights.")
    export.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="a checkpoint's folder, or its name")
    export.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the copy goes")
    export.add_argument(
        "--weights",
        choices=("float32", "float16", "bfloat16"),
        default="float16",
        help="what numbers are stored as (default: %(default)s, half the size)",
    )


def run(options: argparse.Namespace) -> int:
    """Copy; returns 0. Raises CheckpointError with a sentence for the user."""
    from glosswright_model.checkpoint import WEIGHTS_NAME, load_checkpoint, save_checkpoint
    from glosswright_model.errors import CheckpointError
    from glosswright_model.weights.shipped import checkpoint_folder

    original = checkpoint_folder(options.checkpoint)
    if options.out.exists() and original.exists() and options.out.samefile(original):
        raise CheckpointError(f"{options.out} is the original, which would be lost; choose another folder.")
    loaded = load_checkpoint(original)
    save_checkpoint(options.out, loaded.network, loaded.config, loaded.codec, loaded.about, weights=options.weights)
    megabytes = (options.out / WEIGHTS_NAME).stat().st_size / 1e6
    print(f"{options.out}: {megabytes:.1f} MB of weights as {options.weights}.")
    return 0
