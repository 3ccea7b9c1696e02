"""The OpenAI completions protocol as values: what is asked, what comes back, and how both look as JSON.

Decoding takes what real servers send (ours, vLLM, llama.cpp, Ollama) and refuses what no completions server would
send. No I/O happens here, and no error holds prompt text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

HealthStatus = Literal["starting", "downloading", "loading", "ready", "failed"]


class ProtocolViolation(ValueError):
    """The JSON is not what the completions protocol says. The message names the field, never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """One completion to ask for. Field meanings follow the OpenAI completions API."""

    prompt: str
    suffix: str | None = None
    """Text after the gap; None leaves the field out (plain continuation)."""
    model: str | None = None
    """None: the model that the endpoint names."""
    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    temperatures: tuple[float, ...] = ()
    """One for each choice, instead of `temperature`. Not of OpenAI's API: only for servers whose ModelCard says so."""
    n: int = 1
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: int | None = None
    """Alternatives wanted for each token (0-5); None: no log-probabilities."""
    explain: bool = False
    """Whether the choices should say where their text came from. Not of OpenAI's API: left out where False."""
    deadline_ms: int | None = None
    """Sent as `X-Glosswright-Deadline-Ms`: our server gives up after so long. Other servers ignore it."""

    def body(self, model: str) -> dict[str, Any]:
        """The JSON body; `model` is used where the request names none ("": the server's choice)."""
        body: dict[str, Any] = {
            "prompt": self.prompt,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        # Fields at their default are left out: not every server knows every field.
        if name := self.model or model:
            body["model"] = name
        if self.suffix is not None:
            body["suffix"] = self.suffix
        if self.n != 1:
            body["n"] = self.n
        if self.temperatures:
            body["temperatures"] = list(self.temperatures)
        if self.stop:
            body["stop"] = list(self.stop)
        if self.seed is not None:
            body["seed"] = self.seed
        if self.logprobs is not None:
            body["logprobs"] = self.logprobs
        if self.explain:
            body["explain"] = True
        return body


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token, its natural-log probability, and the best alternatives as (text, logprob)."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """A piece of generated text, and the words of the prompt that it came from."""

    text: str
    words: tuple[tuple[str, float], ...] = ()
    """(word, share of the model's attention from 0 to 1), the largest first."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a request cost, in tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that the server took from its prefix cache."""


@dataclass(frozen=True, slots=True)
class CompletionChunk:
    """The next piece of one choice. The piece that carries `usage` may have no text."""

    text: str
    finish_reason: str | None = None
    """"stop", "length" or a server's own word, on the last piece of a choice."""
    usage: Usage | None = None
    index: int = 0
    """Which of the `n` choices."""
    logprobs: tuple[TokenLogprob, ...] = ()
    origins: tuple[Origin, ...] = ()
    """Where it came from, if that was asked for and the model can tell."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model that a server lists. None: the server does not say (every server but ours)."""

    id: str
    family: str | None = None
    context_length: int | None = None
    """Tokens, prompt and completion together."""
    supports_suffix: bool | None = None
    device: str | None = None
    backend: str | None = None
    batch: int | None = None
    """Choices of one request that are generated together."""
    takes_temperatures: bool = False
    """Whether `CompletionRequest.temperatures` is understood."""
    unit: str = ""
    """Of family "seq2seq": what it was trained to write, "statement" or "function"."""
    language: str = ""
    """Of family "seq2seq": the language it writes."""


@dataclass(frozen=True, slots=True)
class Health:
    """How far a server has come. Sizes in bytes; 0: not known or not downloading."""

    status: HealthStatus
    message: str = ""
    """One sentence for the user; what to do when the status is "failed"."""
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0


def decode_chunks(payload: object) -> list[CompletionChunk]:
    """The pieces in one JSON payload, streamed or whole. Raises ProtocolViolation."""
    if not isinstance(payload, Mapping):
        raise ProtocolViolation("an event is not a JSON object")
    choices = payload.get("choices")
    if not isinstance(choices, list):
        raise ProtocolViolation("`choices` is missing")
    chunks = [_choice(choice) for choice in choices]
    usage = _usage(payload.get("usage"))
    if usage is not None:
        chunks.append(CompletionChunk("", usage=usage))
    return chunks


def decode_models(payload: object) -> list[ModelCard]:
    """The models in an answer to `GET /v1/models`. Raises ProtocolViolation."""
    data = payload.get("data") if isinstance(payload, Mapping) else None
    if not isinstance(data, list):
        raise ProtocolViolation("`data` is missing")
    cards = []
    for item in data:
        if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
            raise ProtocolViolation("a model has no `id`")
        extra = item.get("glosswright")
        extra = extra if isinstance(extra, Mapping) else {}
        cards.append(
            ModelCard(
                id=item["id"],
                family=_text(extra.get("family")),
                # vLLM says `max_model_len`.
                context_length=_count(extra.get("context_length")) or _count(item.get("max_model_len")) or None,
                supports_suffix=value if isinstance(value := extra.get("supports_suffix"), bool) else None,
                device=_text(extra.get("device")),
                backend=_text(extra.get("backend")),
                batch=_count(extra.get("batch")) or None,
                takes_temperatures=extra.get("temperatures") is True,
                unit=_text(extra.get("unit")) or "",
                language=_text(extra.get("language")) or "",
            )
        )
    return cards


def decode_health(payload: object, http_status: int) -> Health:
    """The answer to `GET /health`; a server that says nothing we know is ready on 200 and loading otherwise."""
    fields = payload if isinstance(payload, Mapping) else {}
    status: HealthStatus = "ready" if http_status == 200 else "loading"
    for known in get_args(HealthStatus):
        if fields.get("status") == known:
            status = known
    speed = fields.get("bytes_per_s")
    return Health(
        status=status,
        message=_text(fields.get("error" if status == "failed" else "message")) or _text(fields.get("message")) or "",
        done_bytes=_count(fields.get("done_bytes")),
        total_bytes=_count(fields.get("total_bytes")),
        bytes_per_s=float(speed) if isinstance(speed, (int, float)) and speed > 0 else 0.0,
    )


def _choice(choice: object) -> CompletionChunk:
    if not isinstance(choice, Mapping):
        raise ProtocolViolation("a choice is not a JSON object")
    text = choice.get("text")
    if text is not None and not isinstance(text, str):
        raise ProtocolViolation("`text` is not a string")
    if text is None and ("message" in choice or "delta" in choice):
        raise ProtocolViolation("chat messages came where completions were asked for")
    reason = choice.get("finish_reason")
    return CompletionChunk(
        text or "",
        finish_reason=reason if isinstance(reason, str) else None,
        index=_count(choice.get("index")),
        logprobs=_logprobs(choice.get("logprobs")),
        origins=_origins(choice.get("origins")),
    )


def _usage(usage: object) -> Usage | None:
    if not isinstance(usage, Mapping):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")), _count(cached))


def _logprobs(logprobs: object) -> tuple[TokenLogprob, ...]:
    """Log-probabilities in the completions form or in the chat form that llama.cpp uses; () for anything else."""
    if not isinstance(logprobs, Mapping):
        return ()
    content = logprobs.get("content")
    if isinstance(content, list):
        return tuple(
            TokenLogprob(item["token"], float(item["logprob"]), _top_pairs(item.get("top_logprobs")))
            for item in content
            if _is_pair(item)
        )
    tokens, values = logprobs.get("tokens"), logprobs.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list):
        return ()
    tops = logprobs.get("top_logprobs")
    tops = tops if isinstance(tops, list) and len(tops) == len(tokens) else [None] * len(tokens)
    return tuple(
        TokenLogprob(token, float(value), _top_pairs(top))
        for token, value, top in zip(tokens, values, tops, strict=False)
        if isinstance(token, str) and isinstance(value, (int, float))
    )


def _origins(origins: object) -> tuple[Origin, ...]:
    """Where a text came from; what is not of that form is left out."""
    found = []
    for item in origins if isinstance(origins, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("text"), str):
            words = item.get("words")
            pairs = [each for each in words if _is_share(each)] if isinstance(words, list) else []
            found.append(Origin(item["text"], tuple((word, float(share)) for word, share in pairs)))
    return tuple(found)


def _is_share(item: object) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], (int, float))
        and 0 <= item[1] <= 1
    )


def _top_pairs(top: object) -> tuple[tuple[str, float], ...]:
    if isinstance(top, Mapping):
        return tuple((str(token), float(value)) for token, value in top.items() if isinstance(value, (int, float)))
    if isinstance(top, list):
        return tuple((item["token"], float(item["logprob"])) for item in top if _is_pair(item))
    return ()


def _is_pair(item: object) -> bool:
    return (
        isinstance(item, Mapping)
        and isinstance(item.get("token"), str)
        and isinstance(item.get("logprob"), (int, float))
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
