"""Prompts and answers as padded batches for transformers models, and the loss over the answers alone.

Rows of a decoder-only model end together (padding on the left): then the answers' predictions are the last ones, and
the logits of the prompts, gigabytes with a large vocabulary, need not be computed. An encoder-decoder model gets the
prompt in its encoder.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from glosswright_model.data.batching import Example
from glosswright_model.data.codec import EncodedSource
from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError
from glosswright_model.training.finetune_prompts import prompt_and_answer

_IGNORED = -100
"""Label of what no loss is computed on: cross_entropy's own default."""


@dataclass(frozen=True, slots=True)
class Tokenized:
    """Pairs as ids, and how many were left out."""

    examples: tuple[Example, ...]
    too_long: int


def tokenize(
    tokenizer: Any, pairs: Iterable[Pair], *, max_tokens: int, is_encoder_decoder: bool, begin: Sequence[int] = ()
) -> Tokenized:
    """Prompt and answer of each pair; the answer ends with the model's end token. Raises DataError (no end token).

    begin: ids that every prompt of this model begins with.
    """
    end = tokenizer.eos_token_id
    if end is None:
        raise DataError("The model's tokenizer has no end token, so the model could not learn to stop.")
    examples = []
    too_long = 0
    for number, pair in enumerate(pairs):
        prompt, answer = (_ids(tokenizer, text) for text in prompt_and_answer(pair))
        answer = [*answer, end]
        room = max_tokens - (0 if is_encoder_decoder else len(answer)) - len(begin) - 1
        if len(answer) > max_tokens or room < 1:
            too_long += 1
            continue
        prompt = [*begin, *prompt[-room:], *([end] if is_encoder_decoder else [])]
        examples.append(Example(EncodedSource(tuple(prompt), ()), tuple(answer), number))
    return Tokenized(tuple(examples), too_long)


def begin_tokens(tokenizer: Any) -> tuple[int, ...]:
    """The begin token, where the tokenizer puts one before every text."""
    ids = tokenizer("", add_special_tokens=True)["input_ids"]
    return tuple(int(token) for token in ids[:1] if token == tokenizer.bos_token_id)


def answer_loss(model: Any, examples: Sequence[Example], pad: int, device: torch.device) -> Tensor:
    """[] sum of the negative log-likelihoods of the answers' tokens, in nats."""
    if model.config.is_encoder_decoder:
        longest = max(len(example.source.ids) for example in examples)
        ids, mask = _padded([example.source.ids for example in examples], longest, pad, left=False)
        labels, _ = _padded([example.target for example in examples], _longest_answer(examples), _IGNORED, left=False)
        labels = labels.to(device)
        logits = model(input_ids=ids.to(device), attention_mask=mask.to(device), labels=labels).logits
    else:
        rows = [(*example.source.ids, *example.target) for example in examples]
        ids, mask = _padded(rows, max(map(len, rows)), pad, left=True)
        kept = _longest_answer(examples)
        labels, _ = _padded([example.target for example in examples], kept, _IGNORED, left=True)
        labels = labels.to(device)
        options: dict[str, Any] = {}
        known = _parameters(model)
        if "position_ids" in known:
            options["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0).to(device)
        if "logits_to_keep" in known:
            options["logits_to_keep"] = kept + 1
        logits = model(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False, **options).logits
        logits = logits[:, -kept - 1 : -1]  # [B, kept, V]: what predicts the last `kept` tokens
    return cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=_IGNORED, reduction="sum")


def _parameters(model: Any) -> frozenset[str]:
    """Names that the network itself takes; an adapter's wrapper takes anything."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return frozenset(inspect.signature(inner.forward).parameters)


def _longest_answer(examples: Sequence[Example]) -> int:
    return max(len(example.target) for example in examples)


def _padded(rows: Sequence[tuple[int, ...]], length: int, pad: int, *, left: bool) -> tuple[Tensor, Tensor]:
    """[B, length] ids and their mask (1: no padding), int64."""
    ids, mask = [], []
    for row in rows:
        fill, ones = [pad] * (length - len(row)), [1] * len(row)
        ids.append([*fill, *row] if left else [*row, *fill])
        mask.append([*([0] * len(fill)), *ones] if left else [*ones, *([0] * len(fill))])
    return torch.tensor(ids, dtype=torch.int64), torch.tensor(mask, dtype=torch.int64)


def _ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of a document's text: what is spelt like a control token is text."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    found = tokenizer(clean, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]
    return [int(token) for token in found]
