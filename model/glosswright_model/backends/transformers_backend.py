"""Models in the Hugging Face format through torch and transformers: causal and encoder-decoder ones.

Promise: weights come from safetensors files alone and no code of a model repository runs; text streams token by token
and stops between two tokens; a causal model keeps its key-value cache between requests. One request runs at a time, its
choices together. Deliberately not here: quantisation, batches of several prompts, several GPUs; point `endpoint` at
vLLM for those.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from glosswright_model.errors import BackendMissing, GenerationError, ModelLoadError

from .adapter import base_of, is_adapter, with_adapter
from .base import BackendInfo, Delta, Finish, FinishReason, GenerationRequest, OnChoice, OnDelta, only_choice
from .context_window import fit
from .fim import FAMILIES, GENERIC, Control, infer_family, neutralise, pieces
from .threads import thread_count

_DEFAULT_CONTEXT_LENGTH = 8192
_CPU_BATCH, _GPU_BATCH = 64, 512
"""Prompt tokens evaluated between two looks at a stop request."""
_CHOICES_AT_ONCE = 16
"""Rows of one batch. Each repeats the prompt's part of the key-value cache."""
_SENTINELS = ("<extra_id_0>", "<extra_id_1>")
"""T5's marks for a gap (arXiv:1910.10683, section 3.1.4): the decoder writes the gap's text between them."""


class TransformersBackend:
    """A model loaded with transformers."""

    def __init__(self, model: Any, tokenizer: Any, info: BackendInfo, *, batch: int = _CPU_BATCH) -> None:
        """Wrap a loaded model and its tokenizer; use `load` to get one."""
        from .torch_decoding import CausalDecoder, Decoder, Seq2SeqDecoder

        self._tokenizer = tokenizer
        self._info = info
        self._is_seq2seq = bool(model.config.is_encoder_decoder)
        self._family = FAMILIES.get(info.family) if info.supports_suffix else None
        self._lock = threading.Lock()
        self._closed = False
        self._eos = _end_tokens(model, tokenizer)
        self._sentinels = _sentinels(tokenizer) if self._is_seq2seq else ()
        self._decoder: Decoder
        if self._is_seq2seq:
            start = model.generation_config.decoder_start_token_id
            self._begin = model.config.decoder_start_token_id if start is None else start
            self._decoder = Seq2SeqDecoder(model, start=[self._begin])
        else:
            self._decoder = CausalDecoder(model, batch=batch)

    @classmethod
    def load(
        cls,
        path: str,
        *,
        model_name: str,
        family: str | None = None,
        context_length: int | None = None,
        threads: int | None = None,
        why: str = "",
    ) -> TransformersBackend:
        """Load a folder, or a model of the hub by its id (which may download it).

        Raises BackendMissing without torch or transformers, ModelLoadError when the model cannot be read safely.
        """
        try:
            import torch
            import transformers
        except ImportError as error:
            raise BackendMissing("this model needs torch: pip install 'glosswright[torch]'") from error
        from .torch_decoding import cache_name

        # A server's log is no terminal: no progress bars.
        transformers.utils.logging.disable_progress_bar()
        device = _device(torch)
        torch.set_num_threads(thread_count(threads))
        adapter = Path(path) if is_adapter(path) else None
        base = path if adapter is None else base_of(adapter)
        try:
            config = transformers.AutoConfig.from_pretrained(base, trust_remote_code=False)
            kind = (
                transformers.AutoModelForSeq2SeqLM if config.is_encoder_decoder else transformers.AutoModelForCausalLM
            )
            # Safetensors only: the older format is pickle, which runs code.
            model = kind.from_pretrained(base, trust_remote_code=False, use_safetensors=True)
            tokenizer = transformers.AutoTokenizer.from_pretrained(base, trust_remote_code=False)
            if adapter is not None:
                model = with_adapter(model, adapter)
            model.to(device=device, dtype=torch.float32 if device == "cpu" else torch.bfloat16).eval()
        except BackendMissing:
            raise
        except Exception as error:  # a hostile or unknown model can raise anything from the libraries' depths
            raise ModelLoadError(f"transformers cannot load {Path(path).name}: {_first_line(error)}") from error
        if not cache_name(model):
            raise ModelLoadError(f"{Path(path).name} has no key-value cache, which this back end needs to stream")
        vocabulary = tokenizer.get_vocab()
        name = infer_family((model_name, Path(path).name, Path(base).name), vocabulary) if family is None else family
        fim = FAMILIES.get(name)
        if config.is_encoder_decoder:
            supports_suffix = bool(_sentinels(tokenizer))
        else:
            supports_suffix = fim is not None and all(mark in vocabulary for mark in fim.marks)
        info = BackendInfo(
            backend="transformers",
            model=model_name,
            family=GENERIC if config.is_encoder_decoder else name,
            context_length=_context_length(config, context_length),
            slots=1,
            choices_per_slot=_CHOICES_AT_ONCE,
            supports_suffix=supports_suffix,
            device=_device_name(torch, device),
            why=why,
            details={
                "architecture": str(config.model_type),
                "parameters": f"{model.num_parameters() / 1e6:.0f} M",
                "dtype": str(model.dtype).removeprefix("torch."),
                **({"adapter": Path(path).name} if adapter is not None else {}),
                "engine": f"transformers {transformers.__version__}, torch {torch.__version__}",
            },
        )
        return cls(model, tokenizer, info, batch=_CPU_BATCH if device == "cpu" else _GPU_BATCH)

    @property
    def info(self) -> BackendInfo:
        """What this back end is."""
        return self._info

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        """Generate one completion; see `base.Backend`. A second caller waits until the first is done."""
        return only_choice(self.generate_choices, request, on_delta)

    def generate_choices(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        """Generate `count` completions as rows of one batch; see `base.Backend`.

        A network whose cache cannot be copied (a recurrent one) generates them one after the other.
        """
        with self._lock:
            if self._closed:
                raise GenerationError("the model has been unloaded")
            try:
                self._generate(request, range(count), on_choice)
            except RuntimeError as error:  # torch's own errors, out-of-memory among them
                self._decoder.forget()
                raise GenerationError(f"torch failed while generating: {_first_line(error)}") from error

    def count_tokens(self, text: str) -> int:
        """Number of tokens of `text`, without special tokens."""
        return len(self._document(text))

    def close(self) -> None:
        """Stop what is running at its next token, wait for it, and free the model."""
        self._closed = True
        with self._lock:
            if hasattr(self, "_decoder"):
                del self._decoder

    def _generate(self, request: GenerationRequest, indices: range, on_choice: OnChoice) -> bool:
        """Returns whether to go on."""
        from .torch_choices import Voice, write
        from .torch_decoding import Seq2SeqDecoder

        go_on = True

        def tell(index: int, event: Delta | Finish) -> bool:
            nonlocal go_on
            go_on = on_choice(index, event) and go_on and not self._closed
            return go_on

        prompt, max_tokens, truncated, end = self._prompt(request)
        if isinstance(self._decoder, Seq2SeqDecoder):
            fills_gap = request.suffix is not None and bool(self._sentinels)
            self._decoder.begin = [self._begin, *self._sentinels[:1]] if fills_gap else [self._begin]
        started = time.monotonic()
        logits = self._decoder.start(prompt, lambda: tell(indices[0], Delta(""))) if prompt else None
        prefilled = time.monotonic()
        cached = self._decoder.cached_tokens if prompt else 0
        first: Voice | None = None

        def finish(voice: Voice, reason: FinishReason) -> bool:
            nonlocal first
            first = first or voice
            return tell(
                voice.index,
                Finish(
                    reason=reason,
                    prompt_tokens=len(prompt),
                    cached_tokens=cached if voice is first else len(prompt),
                    completion_tokens=voice.n_tokens,
                    truncated_tokens=truncated,
                    prefill_s=prefilled - started if voice is first else 0.0,
                    decode_s=time.monotonic() - prefilled,
                ),
            )

        before = () if self._is_seq2seq else prompt
        voices = [Voice(index, request, self._tokenizer, before, max_tokens=max_tokens, end=end) for index in indices]
        if logits is None:
            for voice in voices:
                finish(voice, "cancelled" if prompt else "stop")
        elif not write(self._decoder, logits, voices, tell, finish):
            for index in indices:
                # The prompt is cached; a stop in one choice is met at once by the next.
                self._generate(request, indices[index - indices[0] :][:1], on_choice)
        return go_on

    def _prompt(self, request: GenerationRequest) -> tuple[list[int], int, int, frozenset[int]]:
        """The prompt's tokens, the room for the answer, the number of tokens dropped, and what ends the answer."""
        if self._is_seq2seq:
            return self._seq2seq_prompt(request)
        context = self._info.context_length
        family = self._family
        if request.suffix is None or family is None:
            tokens = self._ids(request.prompt, add_special_tokens=True)
            fixed = len(tokens) and int(tokens[0] == self._tokenizer.bos_token_id)
            room = fit(context=context, prefix=len(tokens) - fixed, fixed=fixed, max_tokens=request.max_tokens)
            kept = tokens[:fixed] + tokens[fixed + room.drop_prefix :]
            return kept, room.max_tokens, room.drop_prefix, self._eos
        prefix, suffix = self._document(request.prompt), self._document(request.suffix)
        beginning = [token for token in self._ids("", add_special_tokens=True) if token == self._tokenizer.bos_token_id]
        room = fit(
            context=context,
            prefix=len(prefix),
            suffix=len(suffix),
            fixed=len(beginning) + len(family.marks),
            max_tokens=request.max_tokens,
        )
        sides = {"prefix": prefix[room.drop_prefix :], "suffix": suffix[: room.keep_suffix]}
        kept = list(beginning)
        # The parts are laid out by name, so that equal texts on both sides of the gap cannot be mistaken for each
        # other.
        for piece in pieces(family, "prefix", "suffix"):
            kept += [self._control(piece.text)] if isinstance(piece, Control) else sides[piece]
        end = self._eos | {self._control(token) for token in family.end if token in self._tokenizer.get_vocab()}
        return kept, room.max_tokens, room.drop_prefix + len(suffix) - room.keep_suffix, end

    def _seq2seq_prompt(self, request: GenerationRequest) -> tuple[list[int], int, int, frozenset[int]]:
        """The encoder's input. Its length and the decoder's are limited separately."""
        context = self._info.context_length
        prefix, suffix = self._document(request.prompt), self._document(request.suffix or "")
        fills_gap = request.suffix is not None and bool(self._sentinels)
        if not fills_gap:
            suffix = []
        tail = [self._tokenizer.eos_token_id] if self._tokenizer.eos_token_id is not None else []
        gap = list(self._sentinels[:1]) if fills_gap else []
        room = fit(context=context, prefix=len(prefix), suffix=len(suffix), fixed=len(tail) + len(gap), max_tokens=0)
        tokens = prefix[room.drop_prefix :] + gap + suffix[: room.keep_suffix] + tail
        dropped = room.drop_prefix + len(suffix) - room.keep_suffix
        end = self._eos | frozenset(self._sentinels[1:]) if fills_gap else self._eos
        return tokens, min(request.max_tokens, context), dropped, end

    def _document(self, text: str) -> list[int]:
        """Tokens of a document's text, none of them a control token."""
        tokens = self._ids(text, add_special_tokens=False, split_special_tokens=True)
        # Some tokenizers read added tokens in plain text whatever they are told.
        if self._family is not None and any(self._control(mark) in tokens for mark in self._family.marks):
            tokens = self._ids(neutralise(self._family, text), add_special_tokens=False)
        return tokens

    def _ids(self, text: str, **options: bool) -> list[int]:
        # Editors can send half a surrogate pair, which the tokenizers' UTF-8 cannot carry.
        clean = text.encode("utf-8", "replace").decode("utf-8")
        # verbose=False: a text longer than the context is expected here, and cut below.
        return [int(token) for token in self._tokenizer(clean, verbose=False, **options)["input_ids"]]

    def _control(self, token: str) -> int:
        return int(self._tokenizer.convert_tokens_to_ids(token))


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _device_name(torch: Any, device: str) -> str:
    return f"cuda:0 ({torch.cuda.get_device_name(0)})" if device == "cuda" else device


def _context_length(config: Any, wanted: int | None) -> int:
    """Tokens of context: what was asked for, but never more than the network has positions for."""
    limits = [getattr(config, key, None) for key in ("max_position_embeddings", "n_positions", "n_ctx")]
    known = [limit for limit in limits if isinstance(limit, int) and limit > 0]
    return max(min([wanted or _DEFAULT_CONTEXT_LENGTH, *known[:1]]), 1)


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    several = configured if isinstance(configured, list) else [configured]
    return frozenset(int(token) for token in (*several, tokenizer.eos_token_id) if token is not None)


def _sentinels(tokenizer: Any) -> tuple[int, ...]:
    """Ids of the two sentinels around a gap, or nothing."""
    vocabulary = tokenizer.get_vocab()
    return tuple(vocabulary[mark] for mark in _SENTINELS) if all(mark in vocabulary for mark in _SENTINELS) else ()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
