"""Token ids in, logits out: the step-by-step evaluation of causal and encoder-decoder networks, and the choice of a
token.

Promise: stepping with a cache gives the logits of a full forward pass (tested), and a causal network evaluates only
what its cache does not hold from the request before. Several continuations of one prompt are rows of one batch, which
share what the prompt cost. Deliberately no text, no stop strings and no requests here. This module is imported only
when the transformers back end loads.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

from glosswright_model.decoding.sampling import COLDEST

GoOn = Callable[[], bool]
"""Asked between two batches of a prompt; False stops."""


class Decoder(Protocol):
    """A network that can be fed a prompt and then one token at a time."""

    cached_tokens: int
    """Prompt tokens that `start` found evaluated already."""

    def start(self, prompt: Sequence[int], go_on: GoOn) -> torch.Tensor | None:
        """Evaluate the prompt; the next token's logits [vocabulary], or None when stopped. The prompt is not empty."""

    def step(self, token: int) -> torch.Tensor:
        """Append a token; the next one's logits [vocabulary]."""

    def fork(self, count: int) -> Rows | None:
        """So many continuations of what has been evaluated; None where the network's cache cannot be copied."""

    def forget(self) -> None:
        """Drop what is cached, after a failure that may have left it half written."""


class Rows:
    """Continuations of one prompt, stepped together. They leave the decoder's own cache as it is."""

    def __init__(self, cache: Any, count: int, forward: Callable[[list[int], Any], torch.Tensor]) -> None:
        """`cache` holds one row for each; `forward` evaluates a token for each row: logits [rows, vocabulary]."""
        self._cache = cache
        self._forward = forward
        self._count = count

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Append one token to each row; the next ones' logits [rows, vocabulary]."""
        return self._forward(list(tokens), self._cache)

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only, in ascending order."""
        if len(rows) < self._count:
            self._cache.batch_select_indices(torch.tensor(list(rows), dtype=torch.long))
            self._count = len(rows)


class CausalDecoder:
    """A decoder-only network with a key-value cache that is kept between prompts."""

    def __init__(self, model: Any, *, batch: int) -> None:
        """`batch` is the number of prompt tokens evaluated between two looks at a stop request."""
        self.cached_tokens = 0
        self._model = model
        self._batch = batch
        self._options = _only_last_logits(model)
        self._cache_name = cache_name(model)
        self._cache: Any = None
        self._evaluated: list[int] = []

    def start(self, prompt: Sequence[int], go_on: GoOn) -> torch.Tensor | None:
        self._reuse(prompt)
        self.cached_tokens = len(self._evaluated)
        logits: torch.Tensor | None = None
        for at in range(self.cached_tokens, len(prompt), self._batch):
            if not go_on():
                return None
            logits = self._forward(prompt[at : at + self._batch])
        return logits

    def step(self, token: int) -> torch.Tensor:
        return self._forward([token])

    def fork(self, count: int) -> Rows | None:
        cache = _repeated(self._cache, count)
        return None if cache is None else Rows(cache, count, self._forward_rows)

    def forget(self) -> None:
        self._cache, self._evaluated = None, []

    def _reuse(self, prompt: Sequence[int]) -> None:
        """Cut the cache back to what it shares with `prompt`, less the last token, whose logits are needed."""
        shared = 0
        for cached, wanted in zip(self._evaluated, prompt[:-1], strict=False):
            if cached != wanted:
                break
            shared += 1
        if shared == len(self._evaluated):
            return
        if shared == 0:
            self.forget()
            return
        try:
            # Negative: the number of tokens to remove. A positive length is refused by newer versions.
            self._cache.crop(shared - len(self._evaluated))
        except (AttributeError, NotImplementedError, ValueError, RuntimeError):
            # Sliding-window and recurrent caches cannot go back.
            self.forget()
            return
        del self._evaluated[shared:]

    def _forward(self, tokens: Sequence[int]) -> torch.Tensor:
        with torch.inference_mode():
            input_ids = torch.tensor([list(tokens)], device=self._model.device)  # [1, n]
            cache = {self._cache_name: self._cache}
            output = self._model(input_ids=input_ids, use_cache=True, **cache, **self._options)
        self._cache = getattr(output, self._cache_name)
        self._evaluated += tokens
        return _last(output.logits)[0]

    def _forward_rows(self, tokens: list[int], cache: Any) -> torch.Tensor:
        with torch.inference_mode():
            input_ids = torch.tensor(tokens, device=self._model.device)[:, None]  # [rows, 1]
            rows = {self._cache_name: cache}
            output = self._model(input_ids=input_ids, use_cache=True, **rows, **self._options)
        return _last(output.logits)


class Seq2SeqDecoder:
    """An encoder-decoder network: the prompt goes to the encoder, whole, for each request anew."""

    def __init__(self, model: Any, *, start: Sequence[int]) -> None:
        """`start` is what the decoder begins with: its start token, and a sentinel where a gap is to be filled."""
        self.cached_tokens = 0
        self.begin = list(start)
        self._model = model
        self._encoded: Any = None
        self._cache_name = cache_name(model)
        self._cache: Any = None

    def start(self, prompt: Sequence[int], go_on: GoOn) -> torch.Tensor | None:
        self.forget()
        if not go_on():
            return None
        with torch.inference_mode():
            input_ids = torch.tensor([list(prompt)], device=self._model.device)  # [1, n]
            self._encoded = self._model.get_encoder()(input_ids=input_ids)
        return self._forward(self.begin)

    def step(self, token: int) -> torch.Tensor:
        return self._forward([token])

    def fork(self, count: int) -> Rows | None:
        cache = _repeated(self._cache, count)
        return None if cache is None else Rows(cache, count, self._forward_rows)

    def forget(self) -> None:
        self._encoded = self._cache = None

    def _forward(self, tokens: Sequence[int]) -> torch.Tensor:
        with torch.inference_mode():
            output = self._model(
                encoder_outputs=self._encoded,
                decoder_input_ids=torch.tensor([list(tokens)], device=self._model.device),  # [1, n]
                use_cache=True,
                **{self._cache_name: self._cache},
            )
        self._cache = getattr(output, self._cache_name)
        return _last(output.logits)[0]

    def _forward_rows(self, tokens: list[int], cache: Any) -> torch.Tensor:
        with torch.inference_mode():
            states = self._encoded.last_hidden_state  # [1, m, width]
            output = self._model(
                encoder_outputs=(states.expand(len(tokens), -1, -1),),
                decoder_input_ids=torch.tensor(tokens, device=self._model.device)[:, None],  # [rows, 1]
                use_cache=True,
                **{self._cache_name: cache},
            )
        return _last(output.logits)


def cache_name(model: Any) -> str:
    """What a network calls its key-value cache: transformers renamed it in 5.24. Empty where it has none."""
    known = inspect.signature(model.forward).parameters
    return next((name for name in ("cache", "past_key_values") if name in known), "")


def pick(logits: torch.Tensor, *, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """The next token: the likeliest at temperature 0, else drawn from the nucleus (arXiv:1904.09751, section 3.1).

    `logits` is [vocabulary]; the nucleus is the smallest set of likeliest tokens whose probability reaches `top_p`.
    """
    if temperature <= COLDEST:
        return int(logits.argmax())
    probabilities = torch.softmax(logits / temperature, dim=-1)
    if top_p < 1:
        ordered, order = probabilities.sort(descending=True)
        outside = ordered.cumsum(dim=-1) - ordered >= top_p
        outside[0] = False  # the likeliest always stays, also at top_p = 0
        probabilities = probabilities.scatter(0, order, ordered.masked_fill(outside, 0.0))
    return int(torch.multinomial(probabilities, 1, generator=generator))


def seeded(seed: int | None) -> torch.Generator:
    """A source of chance of one's own, so that concurrent work cannot disturb it; None: another one each time."""
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed & 0xFFFFFFFFFFFFFFFF)
    return generator


def _repeated(cache: Any, count: int) -> Any:
    """A copy of a cache of one row with `count` of them; None for caches that know no rows (recurrent ones)."""
    try:
        repeated = copy.deepcopy(cache)
        repeated.batch_repeat_interleave(count)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return None
    return repeated


def _last(logits: torch.Tensor) -> torch.Tensor:
    """[rows, n, vocabulary] → [rows, vocabulary], in 32 bits and on the CPU: one small copy for each step."""
    return logits[:, -1].float().cpu()


def _only_last_logits(model: Any) -> dict[str, int]:
    """The option that spares a causal model the logits of all prompt tokens but the last, where it knows it."""
    return {"logits_to_keep": 1} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
