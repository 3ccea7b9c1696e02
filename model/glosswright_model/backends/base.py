"""The one interface every engine stands behind. Plain data and a Protocol: nothing here imports an engine.

A back end is synchronous: `generate` blocks its thread and pushes text through a callback, which is also how it is
stopped. Queues, deadlines, HTTP and threads are the business of `serving`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """One completion to generate. Field meanings follow the OpenAI completions API."""

    prompt: str
    suffix: str | None = None
    """Text after the gap. None: plain continuation of `prompt`; a string (even ""): fill in the middle."""
    max_tokens: int = 256
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    """Generation ends before the first of these; they are not part of the text."""
    seed: int | None = None
    logprobs: int | None = None
    """Number of alternatives wanted for each token (0-5); None: no log-probabilities at all."""
    explain: bool = False
    """Whether it should be told which words of the prompt each token came from, by models that can."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token: its text, its natural-log probability, and the best alternatives (text, logprob)."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """A piece of the text, and the words of the prompt that it came from."""

    text: str
    words: tuple[tuple[str, float], ...]
    """(word, share of the attention from 0 to 1), the largest first; only shares worth naming."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of text (whole Unicode characters), with its tokens when log-probabilities were asked for."""

    text: str
    tokens: tuple[TokenLogprob, ...] = ()
    origins: tuple[Origin, ...] = ()
    """When an explanation was asked for and the model has attention to give one: they make up `text`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """How a generation ended, and what it cost."""

    reason: FinishReason
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens taken from the prefix cache instead of being evaluated."""
    completion_tokens: int = 0
    truncated_tokens: int = 0
    """Tokens dropped from the far end (the start) of the prompt because the context was full."""
    prefill_s: float = 0.0
    decode_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendInfo:
    """What a loaded back end is, for `/v1/models`, `status` and `doctor`."""

    backend: str
    """"llama.cpp", "transformers", "seq2seq", or "scripted" (the fake for tests)."""
    model: str
    family: str
    """Prompt family: "qwen2.5-coder", "starcoder", "codellama", "deepseek-coder", "codegemma", "seq2seq" or
    "generic"."""
    context_length: int
    """Tokens one request may use, prompt and completion together."""
    slots: int
    """Requests that can generate at once."""
    supports_suffix: bool
    device: str
    """"cpu", "cuda:0 (NVIDIA ...)", "mps"."""
    choices_per_slot: int = 1
    """Choices of one request that one slot generates together."""
    why: str = ""
    """One sentence: why this back end and device were chosen."""
    unit: str = ""
    """For family "seq2seq" what it answers with: "statement", for a comment, or "function", for a docstring."""
    language: str = ""
    """For family "seq2seq" the language it writes, by the name the language server has for it."""
    details: dict[str, str] = field(default_factory=dict)

    @property
    def batch(self) -> int:
        """Choices of one request that are generated together when nothing else runs: one slot is left alone."""
        return max(self.slots - 1, 1) * self.choices_per_slot


OnDelta = Callable[[Delta], bool]
"""Receives text as it is generated; returns False to stop. May be called with an empty Delta, which only asks whether
to go on: engines call it between prompt batches too, so that a long prefill can be cancelled."""


OnChoice = Callable[[int, Delta | Finish], bool]
"""Receives what comes of choice `index`: its deltas, and its Finish once it ended. False stops all choices. Like
OnDelta it may get an empty Delta, which only asks."""


class Backend(Protocol):
    """A loaded model that completes text. May be called from `info.slots` threads at once."""

    @property
    def info(self) -> BackendInfo:
        """What this back end is. Constant once loaded."""

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        """Generate one completion, pushing text through `on_delta`; returns when it ended or was stopped.

        Raises GenerationError when the engine fails. A stop asked for through `on_delta` is no error: the reason is
        "cancelled", and no further token is computed.
        """

    def generate_choices(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        """Generate `count` different completions of one prompt together; choice i draws from `request.seed + i`.

        The prompt is evaluated once: the first Finish says what that took, the others that all of it was cached.
        `count` is at most `info.slots * info.choices_per_slot`, and takes so many slots. Each choice's Finish comes
        through `on_choice` as soon as it ended, "cancelled" for those that were stopped. Raises GenerationError.
        """

    def count_tokens(self, text: str) -> int:
        """Number of tokens of `text`, without special tokens."""

    def close(self) -> None:
        """Free the model. Safe to call twice."""


def only_choice(
    generate_choices: Callable[[GenerationRequest, int, OnChoice], None], request: GenerationRequest, on_delta: OnDelta
) -> Finish:
    """`Backend.generate` in terms of `Backend.generate_choices`."""
    finishes: list[Finish] = []

    def on_choice(_: int, event: Delta | Finish) -> bool:
        if isinstance(event, Finish):
            finishes.append(event)
            return True
        return on_delta(event)

    generate_choices(request, 1, on_choice)
    return finishes[0]
