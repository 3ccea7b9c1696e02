"""Our own networks behind the API of the big models: a checkpoint folder that answers a comment with code.

Promise: the prompt is the comment's (or docstring's) text and nothing else, in the words the network was trained on;
where there is a grammar of its language every answer parses. At temperature 0 the answer is found by beam search, above
it is sampled. An answer comes whole, for its words make text only together, and a search can be stopped between two
tokens. One request runs at a time, its choices together. Deliberately not here: files and their checks
(`checkpoint`), search (`decoding`), GPUs, which a network of this size does not need for one comment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from glosswright_model.errors import BackendMissing, CheckpointError, DataError, GenerationError, ModelLoadError

from .base import (
    BackendInfo,
    Delta,
    Finish,
    FinishReason,
    GenerationRequest,
    OnChoice,
    OnDelta,
    Origin,
    TokenLogprob,
    only_choice,
)
from .stop_strings import StopStrings
from .threads import thread_count

if TYPE_CHECKING:
    from glosswright_model.checkpoint import Loaded
    from glosswright_model.constraints import Constraint
    from glosswright_model.data.codec import EncodedSource
    from glosswright_model.decoding.hypothesis import Hypothesis
    from glosswright_model.seq2seq.batch import Source

FAMILY = "seq2seq"
BEAM = 5
LENGTH_NORMALISATION = 0.6
"""alpha of Wu et al. 2016, equation 14."""
CONTEXT_LENGTH = 1024
"""Tokens that a request may ask for; the codec limits what is read of the comment."""
_CHOICES_AT_ONCE = 16
_SPACE = "▁"
"""A blank in the content of a string (`data.python_words`)."""
_MOST_ORIGINS = 3
_LEAST_WEIGHT = 0.05
"""A word that gave less than this to a token is not named as its origin."""


class Seq2SeqBackend:
    """A checkpoint in memory."""

    def __init__(self, loaded: Loaded, info: BackendInfo, constraint: Constraint | None) -> None:
        """Around a loaded checkpoint; use `load` to get one."""
        self._loaded: Loaded | None = loaded
        self._info = info
        self._constraint = constraint
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        model_name: str,
        context_length: int | None = None,
        threads: int | None = None,
        why: str = "",
    ) -> Seq2SeqBackend:
        """Load a checkpoint folder.

        Raises BackendMissing without torch, ModelLoadError with what is wrong with the checkpoint and what to do.
        """
        try:
            import torch

            from glosswright_model.checkpoint import load_checkpoint
            from glosswright_model.constraints import constraint_for, has_grammar
        except ImportError as error:
            raise BackendMissing("this model needs torch: pip install 'glosswright[torch]'") from error
        # One thread is the fastest for matrices this small, and much so on a busy machine.
        torch.set_num_threads(1 if threads is None else thread_count(threads))
        constraint = None
        try:
            loaded = load_checkpoint(folder)
            if has_grammar(loaded.about.language):
                constraint = constraint_for(loaded.codec, loaded.about.language)
        except CheckpointError as error:
            raise ModelLoadError(str(error)) from error
        except DataError as error:
            raise ModelLoadError(f"the checkpoint {folder} cannot be served: {error}") from error
        about = loaded.about
        info = BackendInfo(
            backend="seq2seq",
            model=model_name,
            family=FAMILY,
            context_length=context_length or CONTEXT_LENGTH,
            slots=1,
            choices_per_slot=_CHOICES_AT_ONCE,
            supports_suffix=False,
            device="cpu",
            why=why,
            unit=about.unit,
            language=about.language,
            details={
                "trained as": about.name,
                "trained on": ", ".join(about.data) or "unknown data",
                "licence": about.licence,
                "parameters": f"{sum(weights.numel() for weights in loaded.network.parameters()) / 1e6:.1f} M",
                "grammar": about.language if constraint is not None else "none",
                "engine": f"torch {torch.__version__}",
            },
        )
        return cls(loaded, info, constraint)

    @property
    def info(self) -> BackendInfo:
        """What this back end is."""
        return self._info

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        """Generate one completion; see `base.Backend`. A second caller waits until the first is done."""
        return only_choice(self.generate_choices, request, on_delta)

    def generate_choices(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        """Generate `count` completions; see `base.Backend`. At temperature 0 they are the best `count` of the beam."""
        with self._lock:
            loaded = self._loaded
            if loaded is None or self._closed:
                raise GenerationError("the model has been unloaded")
            try:
                self._generate(loaded, request, count, on_choice)
            except RuntimeError as error:
                raise GenerationError(f"the network failed: {str(error).splitlines()[0][:200]}") from error

    def count_tokens(self, text: str) -> int:
        """Number of tokens of `text` as a source; 0 once closed."""
        loaded = self._loaded
        if loaded is None or not text:
            return 0
        encoded = loaded.codec.encode_source(text)
        return len(encoded.ids) + encoded.truncated

    def close(self) -> None:
        """Stop what is running at its next token, wait for it, and free the model."""
        self._closed = True
        with self._lock:
            self._loaded = None

    def _generate(self, loaded: Loaded, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        from glosswright_model.data.batching import collate_sources

        going = True

        def go_on() -> bool:
            nonlocal going
            going = going and not self._closed and on_choice(0, Delta(""))
            return going

        started = time.monotonic()
        encoded = loaded.codec.encode_source(request.prompt)
        source = collate_sources([encoded])
        found = self._search(loaded, encoded, source, request, count, go_on)
        decode_s = time.monotonic() - started
        for index in range(count):
            hypothesis = found[index] if index < len(found) else None
            reason: FinishReason = "cancelled"
            if going and hypothesis is not None:
                delta, reason = self._answer(loaded, encoded, source, request, hypothesis)
                going = on_choice(index, delta)
            elif going:
                reason = "stop"  # the beam found fewer answers than were asked for
            written = 0 if hypothesis is None else len(hypothesis.token_log_probs)
            finish = Finish(
                reason=reason,
                prompt_tokens=len(encoded.ids),
                cached_tokens=0 if index == 0 else len(encoded.ids),
                completion_tokens=written,
                truncated_tokens=encoded.truncated,
                decode_s=decode_s,
            )
            going = on_choice(index, finish) and going

    def _search(
        self,
        loaded: Loaded,
        encoded: EncodedSource,
        source: Source,
        request: GenerationRequest,
        count: int,
        go_on: _GoOn,
    ) -> Sequence[Hypothesis]:
        from glosswright_model.decoding.beam import beam_search
        from glosswright_model.decoding.hypothesis import Normalisation
        from glosswright_model.decoding.sampling import Sampling, sample

        prefixes = None if self._constraint is None else [self._constraint(encoded)]
        max_length = loaded.answer_limit(request.max_tokens + 1)  # the end is a token for a search
        if request.temperature == 0:
            (found,) = beam_search(
                loaded.network,
                source,
                width=max(BEAM, count),
                n_best=count,
                max_length=max_length,
                normalisation=Normalisation(length=LENGTH_NORMALISATION),
                prefixes=prefixes,
                go_on=go_on,
            )
            return found
        (drawn,) = sample(
            loaded.network,
            source,
            max_length=max_length,
            samples=count,
            sampling=Sampling(temperature=request.temperature, top_p=request.top_p),
            seeds=[None if request.seed is None else request.seed + index for index in range(count)],
            prefixes=prefixes,
            on_token=lambda _: go_on(),
        )
        return drawn

    def _answer(
        self,
        loaded: Loaded,
        encoded: EncodedSource,
        source: Source,
        request: GenerationRequest,
        hypothesis: Hypothesis,
    ) -> tuple[Delta, FinishReason]:
        """The text of one answer up to a stop string, with what was asked for about its tokens."""
        text = loaded.codec.decode(hypothesis.ids, encoded.extras)
        stops = StopStrings(request.stop)
        shown = stops.push(text) + stops.flush()
        pieces = aligned(shown, loaded.codec.target_tokens(hypothesis.ids, encoded.extras))
        tokens: tuple[TokenLogprob, ...] = ()
        if request.logprobs is not None:
            log_probs = hypothesis.token_log_probs[: len(pieces)]
            tokens = tuple(TokenLogprob(piece, value) for piece, value in zip(pieces, log_probs, strict=True))
        origins = self._origins(loaded, encoded, source, hypothesis, pieces) if request.explain else ()
        reason: FinishReason = "stop" if hypothesis.finished or stops.found else "length"
        return Delta(shown, tokens, origins), reason

    def _origins(
        self, loaded: Loaded, encoded: EncodedSource, source: Source, hypothesis: Hypothesis, pieces: Sequence[str]
    ) -> tuple[Origin, ...]:
        """Which words of the comment each piece came from."""
        from glosswright_model.seq2seq.explain import explain

        if not hypothesis.ids:
            return ()
        weights = explain(loaded.network, source, hypothesis.ids).weights  # [T, S]
        found = []
        for piece, row in zip(pieces, weights.tolist(), strict=True):
            shares: dict[str, float] = {}
            for word, weight in zip(encoded.words, row, strict=True):
                if word.strip():
                    shares[word] = shares.get(word, 0.0) + weight
            best = sorted(shares.items(), key=lambda item: -item[1])[:_MOST_ORIGINS]
            found.append(
                Origin(piece, tuple((word, round(share, 3)) for word, share in best if share >= _LEAST_WEIGHT))
            )
        return tuple(found)


class _GoOn(Protocol):
    def __call__(self) -> bool: ...


def aligned(text: str, words: Sequence[str]) -> list[str]:
    """A text cut into one piece for each word, such that the pieces make up the text.

    A piece is a word with the blanks before it; words that the text does not show as they are (layout, a string's
    parts) get what stands between their neighbours, or nothing.
    """
    ends: list[int] = []
    at = 0
    for word in words:
        word = word.replace(_SPACE, " ")
        found = text.find(word, at) if word else -1
        # A word that is far away is another one of the same name: what stands between would be swallowed.
        if found >= 0 and not any(char.isalnum() for char in text[at:found]):
            at = found + len(word)
        ends.append(at)
    if ends:
        ends[-1] = len(text)
    return [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
