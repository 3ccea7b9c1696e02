"""The OpenAI completions API as values: what a request may say, and how answers, events and errors are written.

Pure: no HTTP framework, no threads. What is accepted here is honoured; a field of the API that this server cannot
honour is refused, and only fields from outside the API are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic

from glosswright_model.backends.base import BackendInfo, Finish, GenerationRequest, Origin, TokenLogprob

MAX_CHOICES = 16
MAX_STOPS = 16

JsonObject = dict[str, Any]


class ApiError(Exception):
    """An answer that is not 2xx, in OpenAI's form. `message` is for the user and never holds a prompt."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.param = param
        self.retry_after_s = retry_after_s

    def body(self) -> JsonObject:
        """The JSON object of the answer, or of the event in a stream that has begun."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}


Stop = Annotated[str, pydantic.StringConstraints(min_length=1)]
Temperature = Annotated[float, pydantic.Field(ge=0, le=2, allow_inf_nan=False)]


class StreamOptions(pydantic.BaseModel):
    """`stream_options`."""

    model_config = pydantic.ConfigDict(strict=True, frozen=True)

    include_usage: bool = False


class CompletionRequest(pydantic.BaseModel):
    """The body of `POST /v1/completions`. Strict: `"5"` is no number and `1` is no boolean."""

    model_config = pydantic.ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    prompt: str
    model: str | None = None
    suffix: str | None = None
    max_tokens: Annotated[int, pydantic.Field(ge=1)] = 256
    temperature: Temperature = 0.0
    top_p: Annotated[float, pydantic.Field(gt=0, le=1, allow_inf_nan=False)] = 1.0
    n: Annotated[int, pydantic.Field(ge=1, le=MAX_CHOICES)] = 1
    temperatures: Annotated[tuple[Temperature, ...], pydantic.Field(max_length=MAX_CHOICES, strict=False)] = ()
    """One for each choice, instead of `temperature`; not of OpenAI's API."""
    stop: Annotated[tuple[Stop, ...], pydantic.Field(max_length=MAX_STOPS, strict=False)] = ()
    seed: Annotated[int, pydantic.Field(ge=-(2**63), lt=2**63)] | None = None
    logprobs: Annotated[int, pydantic.Field(ge=0, le=5)] | None = None
    explain: bool = False
    """Whether the choices should say which words of the prompt their tokens came from; not of OpenAI's API."""
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    echo: bool = False
    best_of: int | None = None
    logit_bias: dict[str, float] | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0

    @pydantic.model_validator(mode="before")
    @classmethod
    def _null_is_default(cls, data: Any) -> Any:
        """The API lets a client send null for "not given"."""
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data

    @pydantic.field_validator("prompt", mode="before")
    @classmethod
    def _one_prompt(cls, value: Any) -> Any:
        if isinstance(value, list):
            if len(value) == 1 and isinstance(value[0], str):
                return value[0]
            raise ValueError("must be a string or a list with one string; token ids and batches are not supported")
        return value

    @pydantic.field_validator("stop", mode="before")
    @classmethod
    def _stops(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @pydantic.field_validator("echo", "logit_bias", "presence_penalty", "frequency_penalty")
    @classmethod
    def _unsupported(cls, value: Any) -> Any:
        if value:
            raise ValueError("is not supported by this server: leave it out")
        return value

    @pydantic.model_validator(mode="after")
    def _best_of_all(self) -> CompletionRequest:
        if self.best_of is not None and self.best_of != self.n:
            raise ValueError("best_of must equal n: leave it out")
        return self

    @pydantic.model_validator(mode="after")
    def _temperature_of_each(self) -> CompletionRequest:
        if self.temperatures and len(self.temperatures) != self.n:
            raise ValueError("temperatures must have one number for each of the n choices")
        return self

    def runs(self) -> tuple[GenerationRequest, ...]:
        """One back-end request per choice; choice i draws from `seed + i`."""
        return tuple(
            GenerationRequest(
                prompt=self.prompt,
                suffix=self.suffix,
                max_tokens=self.max_tokens,
                temperature=self.temperatures[index] if self.temperatures else self.temperature,
                top_p=self.top_p,
                stop=self.stop,
                seed=None if self.seed is None else self.seed + index,
                logprobs=self.logprobs,
                explain=self.explain,
            )
            for index in range(self.n)
        )


def parse_request(body: bytes) -> CompletionRequest:
    """Read a body. Raises ApiError 400 that names the field, and never repeats its value.

    The parser takes no half surrogate pairs either, which JSON can escape and no tokenizer can read.
    """
    try:
        data = pydantic.TypeAdapter(dict[str, Any]).validate_json(body)
    except pydantic.ValidationError:
        raise ApiError(400, "invalid_json", "The body is not a JSON object: send one, in UTF-8.") from None
    try:
        return CompletionRequest.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        message = first["msg"].removeprefix("Value error, ")
        raise ApiError(
            400,
            "invalid_value",
            f"{param}: {message}" if param else message,
            param=str(first["loc"][0]) if param else None,
        ) from None


def check_fits(request: CompletionRequest, info: BackendInfo) -> None:
    """Raise ApiError 400 for what this model cannot do."""
    if request.suffix is not None and not info.supports_suffix:
        raise ApiError(
            400,
            "suffix_not_supported",
            f"The model {info.model} cannot fill in the middle: leave out suffix.",
            param="suffix",
        )
    if request.max_tokens >= info.context_length:
        raise ApiError(
            400,
            "context_length_exceeded",
            f"max_tokens must be smaller than the context length, {info.context_length} tokens.",
            param="max_tokens",
        )


@dataclass(slots=True)
class Tally:
    """What one request cost, summed over its choices."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    truncated_tokens: int = 0
    prefill_s: float = 0.0
    decode_s: float = 0.0
    queue_s: float = 0.0

    def add(self, finish: Finish) -> None:
        """Count one choice; the prompt, which all share, counts as the first choice saw it."""
        if not self.prompt_tokens:
            self.prompt_tokens = finish.prompt_tokens
            self.cached_tokens = finish.cached_tokens
            self.truncated_tokens = finish.truncated_tokens
        self.completion_tokens += finish.completion_tokens
        self.prefill_s += finish.prefill_s
        self.decode_s += finish.decode_s

    def usage(self) -> JsonObject:
        """OpenAI's `usage`."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }

    def extension(self) -> JsonObject:
        """The `glosswright` object: durations in seconds."""
        return {
            "queue_s": round(self.queue_s, 6),
            "prefill_s": round(self.prefill_s, 6),
            "decode_s": round(self.decode_s, 6),
            "truncated_tokens": self.truncated_tokens,
        }


def logprobs_object(tokens: Iterable[TokenLogprob], offset: int) -> JsonObject:
    """OpenAI's `logprobs` of one choice or one piece of it, which starts `offset` code points into the completion."""
    result: JsonObject = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        result["tokens"].append(token.token)
        result["token_logprobs"].append(token.logprob)
        result["top_logprobs"].append(dict(token.top))
        result["text_offset"].append(offset)
        offset += len(token.token)
    return result


def choice_object(
    index: int,
    text: str,
    finish_reason: str | None,
    logprobs: JsonObject | None = None,
    origins: Iterable[Origin] = (),
) -> JsonObject:
    """One element of `choices`, whole or a piece of it."""
    choice: JsonObject = {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}
    if found := [{"text": origin.text, "words": [list(word) for word in origin.words]} for origin in origins]:
        choice["origins"] = found
    return choice


def models_object(info: BackendInfo | None, created: int) -> JsonObject:
    """The body of `GET /v1/models`; `info` is None until the model is loaded."""
    data = []
    if info is not None:
        extension: JsonObject = {
            "family": info.family,
            "context_length": info.context_length,
            "backend": info.backend,
            "device": info.device,
            "supports_suffix": info.supports_suffix,
            "slots": info.slots,
            "batch": info.batch,
            "temperatures": True,
            "why": info.why,
        }
        if info.unit:
            extension |= {"unit": info.unit, "language": info.language}
        data.append(
            {
                "id": info.model,
                "object": "model",
                "created": created,
                "owned_by": "glosswright",
                "glosswright": extension,
            }
        )
    return {"object": "list", "data": data}
