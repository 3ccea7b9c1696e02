"""GGUF models through llama.cpp, inside this process, by way of the `xllamacpp` package.

Promise: one request costs only the tokens that the engine's prefix cache does not hold; a stop is seen between two
tokens and between two batches of a prompt; text from a document is never read as a control token when a gap is filled;
a broken file is refused, with a reason, before llama.cpp sees it.

xllamacpp's server cannot be had without its HTTP port. It listens on 127.0.0.1, on a port the system picks, behind a
random key that never leaves this object, and serves here for one thing: telling the tokens of a text. Generation does
not pass through it. Not promised: that no file whatever can make llama.cpp abort. The process belongs to the model
server alone, and whoever started it starts it again, with growing pauses.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glosswright_model.errors import BackendMissing, GenerationError, ModelLoadError

from .base import BackendInfo, Delta, Finish, FinishReason, GenerationRequest, OnChoice, OnDelta, only_choice
from .context_window import fit
from .fim import FAMILIES, Control, FimFamily, infer_family, neutralise, pieces
from .gguf_check import GgufInfo, check_gguf
from .llamacpp_stream import ResponseStream
from .llamacpp_tokens import LoopbackTokenizer
from .threads import thread_count
from .token_pool import TokenPool

DEFAULT_CONTEXT_LENGTH = 8192
"""Tokens. The model's own limit applies when it is lower."""

DEFAULT_SLOTS = 9
"""Eight candidates in one batch, and one slot for what is typed meanwhile. Measured with Qwen2.5-Coder 0.5B on two
cores: docs/decisions/0011-slots-and-batches.md. A slot costs no memory of its own, and nothing while it is idle."""
_MIN_CONTEXT_LENGTH = 32
_CPU_BATCH = 64
"""Prompt tokens evaluated between two looks at a stop request, on a CPU. Measured with Qwen2.5-Coder 0.5B on two cores:
prefill 103, 120, 146, 146, 145 tokens/s at 16, 32, 64, 128, 512, so 64 costs nothing and a stop is seen within 0.4
s."""
_GPU_BATCH = 512
_PROMPT_CACHE_MIB = 512
"""Memory for the evaluated prompts of documents that lost their slot to another document."""
_CHARACTERS_PER_TOKEN = 8
"""Longer texts than this many characters per token of context are clipped before they are tokenized."""


class LlamaCppBackend:
    """A GGUF model loaded into llama.cpp. Safe to use from several threads."""

    def __init__(self, server: Any, api_key: str, info: BackendInfo, family: FimFamily | None) -> None:
        """Wrap a running `xllamacpp.Server`; use `load` to get one."""
        # One token through the whole engine: it fetches the first weights from the disk, and proves that the engine's
        # loop runs: a server destroyed before its loop has begun waits for that loop without end.
        server.handle_completions({"prompt": [0], "n_predict": 0, "stream": True}, lambda _: False)
        self._server = server
        self._tokenizer = LoopbackTokenizer(server.listening_address, api_key)
        self._family = family
        self._control = self._control_tokens(family) if family is not None else {}
        self._info = info
        self._pool = TokenPool(_pool_size(info.context_length, info.slots), kept_for_single=info.context_length)
        self._idle = threading.Condition()
        self._running = 0
        self._closed = False

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        model_name: str,
        family: str | None = None,
        context_length: int | None = None,
        slots: int | None = None,
        threads: int | None = None,
        why: str = "",
    ) -> LlamaCppBackend:
        """Load the GGUF file at `path`. Takes seconds.

        `context_length` is in tokens (default 8192, never more than the model's own). Raises BackendMissing without
        xllamacpp, ModelLoadError for a file that is not a sound model.
        """
        engine = _import_engine()
        gguf = check_gguf(path)
        name = infer_family((model_name, path.stem, gguf.name), gguf.tokens) if family is None else family
        gpu = _gpu(engine)
        context = min(max(context_length or DEFAULT_CONTEXT_LENGTH, _MIN_CONTEXT_LENGTH), gguf.context_length)
        n_threads = thread_count(threads)
        n_slots = max(slots, 1) if slots else DEFAULT_SLOTS
        api_key = secrets.token_urlsafe(32)
        parameters = _parameters(
            engine, path, context=context, slots=n_slots, threads=n_threads, on_gpu=gpu is not None, api_key=api_key
        )
        parameters.model_alias = {model_name}
        try:
            server = engine.Server(parameters)
        except Exception as error:  # xllamacpp raises what C++ threw: RuntimeError and others, undocumented
            raise ModelLoadError(
                f"llama.cpp cannot load {path.name} (architecture {gguf.architecture[:40]}): it is damaged, too large "
                "for the memory, or newer than this engine; try pip install -U xllamacpp"
            ) from error
        fim = _usable_family(name, gguf)
        info = BackendInfo(
            backend="llama.cpp",
            model=model_name,
            family=name,
            context_length=context,
            slots=n_slots,
            supports_suffix=fim is not None,
            device=_device_name(gpu),
            why=why,
            details={
                "architecture": gguf.architecture,
                "trained context": str(gguf.context_length),
                "weights": f"{gguf.tensor_bytes / 1e6:.0f} MB",
                "threads": str(n_threads),
                "engine": f"xllamacpp {getattr(engine, '__version__', '?')}",
            },
        )
        return cls(server, api_key, info, fim)

    @property
    def info(self) -> BackendInfo:
        """What this back end is."""
        return self._info

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        """Generate one completion; see `base.Backend`.

        After a stop llama.cpp finishes the step it has begun (one token, or one batch of the prompt) before the slot is
        free; nothing of it is shown or counted. Raises GenerationError when the engine refuses or fails.
        """
        return only_choice(self.generate_choices, request, on_delta)

    def generate_choices(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        """Generate `count` completions in one batch; see `base.Backend`.

        llama.cpp evaluates the prompt in one slot and lets the others share what it computed. Where the cache cannot
        hold all choices at once they run in several batches.
        """
        with self._in_use() as server:
            tokens, max_tokens, truncated = self._prompt(request)
            at = 0
            stopped = False

            def go_on_with(index: int, event: Delta | Finish) -> bool:
                nonlocal stopped
                stopped = not on_choice(at + index, event) or stopped or self._closed
                return not stopped

            while at < count:
                width = self._pool.width(len(tokens), max_tokens, count - at)
                # Only a vocabulary without a beginning-of-text token makes an empty prompt; llama.cpp refuses it.
                with self._pool.take(
                    len(tokens) + width * max_tokens, batch=width > 1, go_on=lambda: go_on_with(0, Delta(""))
                ) as taken:
                    if not taken or not tokens or stopped:
                        reason: FinishReason = "stop" if not tokens else "cancelled"
                        for index in range(at, count):
                            on_choice(index, Finish(reason=reason, prompt_tokens=len(tokens)))
                        return
                    stream = ResponseStream(
                        go_on_with,
                        request,
                        count=width,
                        prompt_tokens=len(tokens),
                        truncated_tokens=truncated,
                        stopped=lambda: self._closed,
                    )
                    parameters = self._parameters(request, tokens, max_tokens, at, width)
                    server.handle_completions(parameters, stream.receive)
                    stream.finish()
                at += width

    def count_tokens(self, text: str) -> int:
        """Number of tokens of `text`, without special tokens: exact, told by the model's own tokenizer."""
        with self._in_use():
            return len(self._tokenizer.document(text))

    def close(self) -> None:
        """Stop what is running, wait for it to end (one token or batch at most), and free the model."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: self._running == 0)
            self._server = None

    @contextmanager
    def _in_use(self) -> Iterator[Any]:
        with self._idle:
            if self._closed:
                raise GenerationError("the model has been unloaded")
            self._running += 1
            server = self._server
        try:
            yield server
        finally:
            # Before the count says idle: `close` frees the model when the last reference goes, and it must be its own.
            del server
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _prompt(self, request: GenerationRequest) -> tuple[list[int], int, int]:
        """The prompt's token ids, the room for the answer, and the number of tokens dropped."""
        limit = self._info.context_length * _CHARACTERS_PER_TOKEN
        # Clipped in steps, for the same reason as in `context_window`: the start must not move with each keystroke.
        clipped = -(-max(len(request.prompt) - limit, 0) // (limit // 8 or 1)) * (limit // 8 or 1)
        text = request.prompt[clipped:]
        if request.suffix is None or self._family is None:
            ids, fixed = self._tokenizer.prompt(text), 0
            if ids[:1] == self._tokenizer.beginning:
                fixed = 1
            room = fit(
                context=self._info.context_length, prefix=len(ids) - fixed, fixed=fixed, max_tokens=request.max_tokens
            )
            kept = ids[:fixed] + ids[fixed + room.drop_prefix :]
            return kept, room.max_tokens, room.drop_prefix + clipped // 4
        prefix, suffix = self._document(text), self._document(request.suffix[:limit])
        beginning = self._tokenizer.beginning
        room = fit(
            context=self._info.context_length,
            prefix=len(prefix),
            suffix=len(suffix),
            fixed=len(beginning) + len(self._control),
            max_tokens=request.max_tokens,
        )
        sides = {"prefix": prefix[room.drop_prefix :], "suffix": suffix[: room.keep_suffix]}
        kept = list(beginning)
        # The parts are laid out by name, so that equal texts on both sides of the gap cannot be mistaken for each
        # other.
        for piece in pieces(self._family, "prefix", "suffix"):
            kept += [self._control[piece.text]] if isinstance(piece, Control) else sides[piece]
        return kept, room.max_tokens, room.drop_prefix + len(suffix) - room.keep_suffix + clipped // 4

    def _document(self, text: str) -> list[int]:
        """Tokens of a document's text, none of them a mark of the family."""
        assert self._family is not None
        tokens = self._tokenizer.document(text)
        # llama.cpp reads "user-defined" tokens even in plain text, and some files class the marks as such.
        if not set(self._control.values()).isdisjoint(tokens):
            tokens = self._tokenizer.document(neutralise(self._family, text))
        return tokens

    def _parameters(
        self, request: GenerationRequest, tokens: list[int], max_tokens: int, first: int, count: int
    ) -> dict[str, Any]:
        """What llama.cpp is asked for: choices `first` to `first + count`."""
        end = self._family.end if self._family is not None and request.suffix is not None else ()
        parameters: dict[str, Any] = {
            "prompt": tokens,
            "n_predict": max_tokens,
            "stream": True,
            "temperature": request.temperature,
            "top_p": request.top_p,
            # llama.cpp's own defaults (top-k 40, min-p 0.05) are not part of the API that is promised.
            "top_k": 0,
            "min_p": 0.0,
            "stop": [stop for stop in (*request.stop, *(token.lstrip("▁") for token in end)) if stop],
            # Of several choices llama.cpp gives the i-th the seed plus i.
            "seed": -1 if request.seed is None else (request.seed + first) & 0xFFFFFFFF,
            "n_cmpl": count,
            "cache_prompt": True,
            "return_progress": True,
            "timings_per_token": True,
        }
        if request.logprobs is not None:
            parameters["n_probs"] = max(request.logprobs, 1)
        return parameters

    def _control_tokens(self, family: FimFamily) -> dict[str, int]:
        """Ids of the family's three marks. Raises ModelLoadError when one is not a single token of the vocabulary."""
        ids: dict[str, int] = {}
        for mark in family.marks:
            found = self._tokenizer.control(mark)
            if len(found) != 1:
                raise ModelLoadError(f"the vocabulary has no control token {mark}, which {family.name} models need")
            ids[mark] = found[0]
        return ids


def _import_engine() -> Any:
    # Idle OpenMP threads that spin starve the others on a loaded machine: 3.3 instead of 17.2 tokens/s. Read at import.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import xllamacpp
    except ImportError as error:
        raise BackendMissing("GGUF models need llama.cpp: pip install 'glosswright[llamacpp]'") from error
    return xllamacpp


def _parameters(engine: Any, path: Path, *, context: int, slots: int, threads: int, on_gpu: bool, api_key: str) -> Any:
    parameters = engine.CommonParams()
    parameters.model.path = str(path)
    # One cache for all slots: choices of one request share their prompt's part of it, and memory does not grow with the
    # slots. `TokenPool` sees to it that it suffices. What an idle slot holds moves to the prompt cache when a request
    # starts elsewhere: left where it is, it would slow down every token of the others.
    parameters.n_ctx, parameters.n_parallel, parameters.kv_unified = _pool_size(context, slots), slots, True
    parameters.cache_idle_slots = True
    parameters.n_batch = parameters.n_ubatch = _GPU_BATCH if on_gpu else _CPU_BATCH
    parameters.n_gpu_layers = -1 if on_gpu else 0
    parameters.fit_params = on_gpu
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.cache_ram_mib = _PROMPT_CACHE_MIB
    # Chunk reuse (n_cache_reuse) only finds text that moved towards the start: measured, it saves nothing while a
    # document grows, and what it reuses was computed for another position. It stays off, and answers stay reproducible.
    parameters.n_cache_reuse = 0
    parameters.ctx_shift = False
    parameters.warmup = False
    # A chat template is a program of the file's author, which llama.cpp tries out while loading; chat formats are the
    # language server's business, so the file's own is put out of the way.
    parameters.enable_chat_template, parameters.chat_template = False, "chatml"
    parameters.offline = True
    parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [api_key]
    parameters.cors_origins, parameters.cors_credentials = "http://127.0.0.1", False
    parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = parameters.endpoint_metrics = False
    parameters.n_threads_http = 2
    parameters.verbosity = -1
    return parameters


def _gpu(engine: Any) -> dict[str, Any] | None:
    """The first graphics device llama.cpp can use, if any."""
    kinds = engine.ggml_backend_dev_type
    wanted = {kinds.GGML_BACKEND_DEVICE_TYPE_GPU, getattr(kinds, "GGML_BACKEND_DEVICE_TYPE_IGPU", None)}
    return next((device for device in engine.get_device_info() if device["type"] in wanted), None)


def _device_name(gpu: dict[str, Any] | None) -> str:
    if gpu is None:
        return "cpu"
    name = str(gpu.get("name", "gpu"))
    kind = name.rstrip("0123456789")
    number = name[len(kind) :]
    return f"{kind.lower()}{':' + number if number else ''} ({gpu.get('description', 'unknown')})"


def _pool_size(context: int, slots: int) -> int:
    """Tokens of the cache: one request of the whole context, and as much again for what runs beside it."""
    return context * min(slots, 2)


def _usable_family(name: str, gguf: GgufInfo) -> FimFamily | None:
    family = FAMILIES.get(name)
    return family if family is not None and all(mark in gguf.tokens for mark in family.marks) else None
