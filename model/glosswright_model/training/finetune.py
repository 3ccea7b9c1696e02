"""LoRA fine-tuning of a transformers model on pairs (Hu et al. 2022, arXiv 2106.09685), by peft.

The loss is the answers' alone. The adapter with the smallest loss on the `dev` pairs is what stays, or the last one
where there are none. A run that was killed at any moment goes on from its last saved state and ends with the same
weights; nothing is pickled. One process, one device: several GPUs are left to other tools.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from glosswright_model.atomic_folder import finish_replacement, replaced_folder
from glosswright_model.backends.adapter import is_adapter, quiet_peft, with_adapter
from glosswright_model.checkpoint import is_checkpoint
from glosswright_model.data.batching import Batches, BatchOptions, Example
from glosswright_model.data.pairs import Pair
from glosswright_model.data.readers import read_pairs
from glosswright_model.errors import (
    BackendMissing,
    CheckpointError,
    ConfigError,
    DataError,
    ModelLoadError,
    TrainingError,
)
from glosswright_model.training.finetune_batches import answer_loss, begin_tokens, tokenize
from glosswright_model.training.finetune_settings import FinetuneSettings
from glosswright_model.training.optimization import build_optimizer
from glosswright_model.training.schedules import Schedule
from glosswright_model.training.seeds import seed_of
from glosswright_model.training.state import Kept, Progress, load_state, save_state

ADAPTER, MERGED, STATE, LOG = "adapter", "model", "state", "log.jsonl"


@dataclass(frozen=True, slots=True)
class Step:
    """What is told after each update."""

    update: int
    updates: int
    """Of the whole run."""
    loss: float
    """Of the update: nats for each token of the answers."""
    tokens_per_s: float
    """Tokens of prompts and answers that this session has trained on, for each second."""
    dev_loss: float | None = None
    """After an epoch, where there are `dev` pairs."""


@dataclass(frozen=True, slots=True)
class Finetuned:
    """What a run ended with."""

    adapter: Path
    merged: Path | None
    updates: int
    training_pairs: int
    left_out: int
    """Pairs whose answer was longer than the limit."""
    trained_parameters: int
    dev_loss: float | None
    """Of the adapter that stayed."""
    licences: dict[str, int]
    """Of the training pairs, with their number: what the adapter's licence has to be thought about with."""


def finetune(
    settings: FinetuneSettings,
    out: Path,
    *,
    merge: bool = False,
    resume: bool = False,
    device: str = "auto",
    on_step: Callable[[Step], None] | None = None,
) -> Finetuned:
    """Fine-tune; the adapter goes to `out`/adapter, with `merge` a whole model to `out`/model.

    Raises BackendMissing, ModelLoadError (the model), DataError (the pairs), ConfigError (a run is there already),
    CheckpointError (a state that does not fit, a full disk), TrainingError (a loss that is no number).
    """
    finish_replacement(out / STATE)
    if not resume and ((out / STATE).exists() or (out / ADAPTER).exists()):
        raise ConfigError(f"{out} holds a run already: go on with it by --resume, or choose another --out.")
    place = _device(device)  # says what is wrong before the work begins
    train, dev = _read(settings)
    _make(out)
    run = _Run(settings, out, train, dev, place)
    progress = run.train(on_step)
    merged = run.merge() if merge else None
    best = progress.best
    return Finetuned(
        adapter=out / ADAPTER,
        merged=merged,
        updates=progress.update,
        training_pairs=len(run.examples),
        left_out=run.left_out,
        trained_parameters=sum(parameter.numel() for parameter in run.trained.parameters()),
        dev_loss=-best.metric if best is not None and run.dev else None,
        licences=_licences(train),
    )


class _Run:
    def __init__(
        self,
        settings: FinetuneSettings,
        out: Path,
        train: Sequence[Pair],
        dev: Sequence[Pair],
        device: torch.device,
    ) -> None:
        self.settings, self.out, self.device = settings, out, device
        torch.manual_seed(seed_of(settings.seed, "weights"))
        self.model, self.tokenizer = _load(settings, device)
        is_encoder_decoder = bool(self.model.config.is_encoder_decoder)
        begin = () if is_encoder_decoder else begin_tokens(self.tokenizer)
        made = [
            tokenize(
                self.tokenizer,
                pairs,
                max_tokens=_limit(settings, self.model.config),
                is_encoder_decoder=is_encoder_decoder,
                begin=begin,
            )
            for pairs in (train, dev)
        ]
        self.examples, self.dev = made[0].examples, made[1].examples
        self.left_out = made[0].too_long
        if not self.examples:
            raise DataError(f"no pair is short enough to train on: every answer has over {settings.max_tokens} tokens")
        self.pad = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else 0
        self.trained = _trained(self.model)
        self.optimizer = build_optimizer(self.trained, settings.optimizer)
        self.batches = Batches(self.examples, BatchOptions(size=settings.batch_size, seed=settings.seed))
        self.per_epoch = math.ceil(len(self.batches.plan(0)) / settings.optimizer.accumulate)
        self.updates = self.per_epoch * settings.epochs
        self.schedule = Schedule(
            kind="cosine", warmup=math.ceil(settings.warmup * self.updates), total=self.updates, floor=0.0
        )
        self.fingerprint = _fingerprint(settings, train, dev)

    def train(self, on_step: Callable[[Step], None] | None) -> Progress:
        parts = {"adapter": (self.trained, self.optimizer)}
        progress = load_state(self.out / STATE, parts, self.fingerprint) or Progress(self.fingerprint)
        began, tokens = time.monotonic(), 0
        while progress.epoch < self.settings.epochs:
            plan = self.batches.plan(progress.epoch)
            accumulate = self.settings.optimizer.accumulate
            for number in range(progress.position, self.per_epoch):
                batches = [
                    [self.examples[place] for place in places]
                    for places in plan[number * accumulate : (number + 1) * accumulate]
                ]
                loss = self._update(batches, progress.update)
                progress.update += 1
                progress.position = number + 1
                tokens += sum(len(one.source.ids) + len(one.target) for batch in batches for one in batch)
                is_last = progress.position == self.per_epoch
                dev_loss = self._end_epoch(progress) if is_last else None
                if is_last or (self.settings.save_every and progress.update % self.settings.save_every == 0):
                    save_state(self.out / STATE, progress, parts)
                rate = tokens / max(time.monotonic() - began, 1e-9)
                step = Step(progress.update, self.updates, loss, rate, dev_loss)
                self._log(step)
                if on_step is not None:
                    on_step(step)
        return progress

    def merge(self) -> Path:
        """The best adapter added to the base weights, as a model folder of its own."""
        base, tokenizer = _load_base(self.settings.model)
        model = with_adapter(base, self.out / ADAPTER)
        if model.config.dtype is None:
            model.config.dtype = model.dtype
        with replaced_folder(self.out / MERGED) as fresh:
            model.save_pretrained(fresh, safe_serialization=True)
            tokenizer.save_pretrained(fresh)
        return self.out / MERGED

    def _update(self, batches: Sequence[Sequence[Example]], update: int) -> float:
        """One step of the optimizer; the mean loss of its tokens."""
        torch.manual_seed(seed_of(self.settings.seed, "update", update))  # dropout is the same in a resumed run
        self.model.train()
        tokens = sum(len(example.target) for batch in batches for example in batch)
        total = 0.0
        for batch in batches:
            with self._autocast():
                loss = answer_loss(self.model, batch, self.pad, self.device) / tokens
            total += float(loss.detach())
            if not math.isfinite(total):
                raise _no_number(f"loss is no number any more at update {update + 1}", batch)
            loss.backward()
        longest = self.settings.optimizer.clip_norm or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self.trained.parameters(), longest))
        if not math.isfinite(norm):
            pairs = [example for batch in batches for example in batch]
            raise _no_number(f"gradient is no number any more at update {update + 1}", pairs)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.optimizer.learning_rate * self.schedule.share(update)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def _end_epoch(self, progress: Progress) -> float | None:
        """Validate, keep the adapter if it is the best, and begin the next epoch."""
        dev_loss = self._dev_loss()
        if dev_loss is not None and not math.isfinite(dev_loss):
            raise _no_number(f"loss on the dev pairs is no number after update {progress.update}")
        metric: float = progress.epoch if dev_loss is None else -dev_loss  # without dev pairs the last one is best
        if progress.best is None or metric > progress.best.metric:
            progress.kept = [Kept(progress.update, metric)]
            self._save_adapter()
        progress.epoch += 1
        progress.position = 0
        return dev_loss

    def _dev_loss(self) -> float | None:
        if not self.dev:
            return None
        self.model.eval()
        size = self.settings.batch_size
        order = sorted(self.dev, key=lambda one: len(one.source.ids) + len(one.target))
        total = 0.0
        for place in range(0, len(order), size):
            with torch.no_grad(), self._autocast():
                total += float(answer_loss(self.model, order[place : place + size], self.pad, self.device))
        return total / sum(len(example.target) for example in self.dev)

    def _save_adapter(self) -> None:
        with replaced_folder(self.out / ADAPTER) as fresh:
            with quiet_peft():
                self.model.save_pretrained(fresh, safe_serialization=True)
            (fresh / "README.md").unlink(missing_ok=True)  # peft's template, whose fields nobody has filled in
            self.tokenizer.save_pretrained(fresh)
            about = {"settings": self.settings.model_dump(mode="json"), "training_pairs": len(self.examples)}
            (fresh / "finetune.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    def _autocast(self) -> Any:
        if self.device.type == "cuda" and self.model.dtype == torch.bfloat16:
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()

    def _log(self, step: Step) -> None:
        try:
            with (self.out / LOG).open("a", encoding="utf-8") as file:
                file.write(json.dumps(dataclasses.asdict(step)) + "\n")
        except OSError as error:
            raise CheckpointError(
                f"{self.out / LOG} cannot be written ({error.strerror or error}). The adapter and the state saved "
                "before are kept; once there is space, go on by --resume."
            ) from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"The run's folder {folder} cannot be made ({error.strerror or error}).") from error


def _no_number(what: str, examples: Sequence[Example] = ()) -> TrainingError:
    pairs = f" (training pairs {', '.join(str(example.pair) for example in examples)}, from 0)" if examples else ""
    return TrainingError(
        f"The {what}{pairs}. The adapter and the state saved before are kept; try a smaller learning rate in another "
        "folder."
    )


def _read(settings: FinetuneSettings) -> tuple[list[Pair], list[Pair]]:
    wanted = [
        pair
        for pair in read_pairs(Path(settings.data).expanduser())
        if pair.kind in settings.kinds and (not settings.languages or pair.language in settings.languages)
    ]
    train = [pair for pair in wanted if pair.split == "train"]
    if not train:
        raise DataError(
            f"{settings.data} has no pair to train on: none of the wanted kinds and languages is in `train`"
        )
    return train, [pair for pair in wanted if pair.split == "dev"]


def _load_base(path: str) -> tuple[Any, Any]:
    try:
        import transformers
    except ImportError as error:
        raise BackendMissing("fine-tuning needs transformers: pip install 'glosswright[train]'") from error
    transformers.utils.logging.disable_progress_bar()
    try:
        config = transformers.AutoConfig.from_pretrained(path, trust_remote_code=False)
        kind = transformers.AutoModelForSeq2SeqLM if config.is_encoder_decoder else transformers.AutoModelForCausalLM
        model = kind.from_pretrained(path, trust_remote_code=False, use_safetensors=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    except Exception as error:  # a hostile or unknown model can raise anything from the libraries' depths
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelLoadError(f"transformers cannot load {path}: {line[:200]}") from error
    return model, tokenizer


def _load(settings: FinetuneSettings, device: torch.device) -> tuple[Any, Any]:
    """The model with a fresh adapter, on its device, and its tokenizer."""
    try:
        from peft import LoraConfig, TaskType, get_peft_model
    except ImportError as error:
        raise BackendMissing("fine-tuning needs peft: pip install 'glosswright[train]'") from error
    path, folder = settings.model, Path(settings.model).expanduser()
    if folder.is_dir():
        path = str(folder.resolve())  # the adapter remembers where its base is
        if is_checkpoint(folder):
            raise ModelLoadError(f"{folder} was made by `glosswright model train`, which tunes it too (start_from)")
        if is_adapter(folder):
            raise ModelLoadError(f"{folder} is an adapter; give its base model, or a model that was merged by --merge")
    elif folder.is_absolute() or path.startswith(".") or path.count("/") > 1:
        raise ModelLoadError(f"there is no folder {path}, and no model on the hub can be called so")
    model, tokenizer = _load_base(path)
    is_gpu = device.type == "cuda"
    if settings.precision == "bf16" or (settings.precision == "auto" and is_gpu and torch.cuda.is_bf16_supported()):
        model = model.to(torch.bfloat16)
    else:
        model = model.to(torch.float32)
    lora = settings.lora
    config = LoraConfig(
        task_type=TaskType.SEQ_2_SEQ_LM if model.config.is_encoder_decoder else TaskType.CAUSAL_LM,
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or "all-linear",
    )
    try:
        with quiet_peft():
            adapted = get_peft_model(model, config)
    except ValueError as error:  # no layer has one of the names
        raise ConfigError(f"lora.targets: {str(error).splitlines()[0]}") from error
    if settings.gradient_checkpointing:
        # transformers renames it, too.
        new_name = getattr(adapted, "activation_checkpointing_enable", None)
        with quiet_peft():
            (new_name or adapted.gradient_checkpointing_enable)()
            adapted.enable_input_require_grads()
    return adapted.to(device), tokenizer


def _trained(model: Any) -> Any:
    """The parameters that are trained, as a module of their own: what a state has to hold."""
    return torch.nn.ParameterDict(
        {name.replace(".", "/"): one for name, one in model.named_parameters() if one.requires_grad}
    )


def _limit(settings: FinetuneSettings, config: Any) -> int:
    """Tokens of prompt and answer: what was asked for, but never more than the network has positions for."""
    positions = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    return min([settings.max_tokens, *(one for one in positions if isinstance(one, int) and one > 0)])


def _fingerprint(settings: FinetuneSettings, train: Sequence[Pair], dev: Sequence[Pair]) -> str:
    """Of everything that decides what a run ends with."""
    document: Mapping[str, Any] = settings.model_dump(mode="json", exclude={"data": True, "save_every": True})
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for pair in (*train, *dev):
        digest.update(json.dumps(pair.to_json(), sort_keys=True).encode())
    return digest.hexdigest()


def _licences(pairs: Sequence[Pair]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for pair in pairs:
        counts[pair.licence or "none found"] = counts.get(pair.licence or "none found", 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _device(name: str) -> torch.device:
    """The one of that name, or the best there is. Raises ConfigError where torch cannot use it."""
    there = [kind for kind, found in (("cuda", torch.cuda), ("mps", torch.backends.mps)) if found.is_available()]
    if name == "auto":
        return torch.device([*there, "cpu"][0])
    if name != "cpu" and name not in there:
        raise ConfigError(f"torch cannot compute on {name} here; leave --device out to take what there is.")
    return torch.device(name)
