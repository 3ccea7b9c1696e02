"""`glosswright model finetune`: LoRA on mined pairs for a model of any size that transformers can load."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glosswright_model.commands import AddCommand


def register(add: AddCommand) -> None:
    """Declare the command line."""
    finetune = add("finetune", run, "Fine-tune a pretrained model on pairs, by LoRA.")
    finetune.add_argument("config", nargs="?", type=Path, metavar="CONFIG", help="a YAML file; flags override it")
    finetune.add_argument("--model", metavar="PATH|ID", help="a model folder in the Hugging Face format, or a hub id")
    finetune.add_argument("--data", metavar="FILE", help="pairs, as `glosswright model mine` writes them")
    finetune.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the run's folder")
    finetune.add_argument("--merge", action="store_true", help="write a whole model too, not the adapter alone")
    finetune.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    finetune.add_argument("--epochs", type=int, metavar="N")
    finetune.add_argument("--batch-size", type=int, metavar="N", help="pairs computed at once")
    finetune.add_argument("--max-tokens", type=int, metavar="N", help="of prompt and answer together")
    finetune.add_argument("--learning-rate", type=float, metavar="X")
    finetune.add_argument("--rank", type=int, metavar="N", help="of the adapters")
    finetune.add_argument("--kind", action="append", choices=["statement", "body", "function"], help="only these")
    finetune.add_argument("--language", action="append", metavar="L", help="only these")
    finetune.add_argument("--gradient-checkpointing", action="store_const", const=True, help="less memory, more time")
    finetune.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="where to compute")


def run(options: argparse.Namespace) -> int:
    """Fine-tune; returns 0. Raises ModelPackageError with a sentence for the user."""
    from rich import progress as bars
    from rich.console import Console

    from glosswright_model.data.mining.languages import find_language
    from glosswright_model.training.finetune import Step, finetune
    from glosswright_model.training.finetune_settings import finetune_settings
    from glosswright_model.training.memory import want_of_memory_named

    flags: dict[str, Any] = {
        "model": options.model,
        "data": options.data,
        "epochs": options.epochs,
        "batch_size": options.batch_size,
        "max_tokens": options.max_tokens,
        "kinds": options.kind,
        "languages": [find_language(name).key for name in options.language] if options.language else None,
        "gradient_checkpointing": options.gradient_checkpointing,
        "optimizer.learning_rate": options.learning_rate,
        "lora.rank": options.rank,
    }
    settings = finetune_settings(options.config, flags)
    columns = ("[progress.description]{task.description}", bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("Loading", total=None)

        def show(step: Step) -> None:
            text = f"loss {step.loss:.3f}, {step.tokens_per_s:.0f} tokens/s"
            bar.update(task, completed=step.update, total=step.updates, description=text)
            if step.dev_loss is not None:
                bar.console.print(f"After update {step.update}: loss on dev pairs {step.dev_loss:.4f}")

        with want_of_memory_named(
            ": halve batch_size and double optimizer.accumulate, which changes nothing else, or use "
            "--gradient-checkpointing; --resume goes on with the same settings only."
        ):
            outcome = finetune(
                settings, options.out, merge=options.merge, resume=options.resume, device=options.device, on_step=show
            )
    licences = ", ".join(f"{name} {count}" for name, count in outcome.licences.items())
    left_out = f"; {outcome.left_out} left out, their answers were too long" if outcome.left_out else ""
    print(
        f"{outcome.updates} updates of {outcome.trained_parameters} parameters on {outcome.training_pairs} pairs"
        f"{left_out}.\nLicences of the pairs: {licences}.",
        file=sys.stderr,
    )
    print(f"Serve it with: glosswright model serve --model {outcome.merged or outcome.adapter}")
    return 0
