"""What the server counts, for `GET /metrics`. One registry per server: two servers in one process count apart."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from glosswright_model.backends.base import Finish

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """Counters and their text form. Any thread may call any method."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._requests = Counter(
            "glosswright_model_requests",
            "Completion requests by how they ended",
            ["outcome"],
            registry=registry,
        )
        self._queue_length = Gauge("glosswright_model_queue_length", "Requests that wait for a slot", registry=registry)
        self._slots_busy = Gauge("glosswright_model_slots_busy", "Slots that generate", registry=registry)
        self._prompt = Counter(
            "glosswright_model_prompt_tokens", "Prompt tokens, cached ones included", registry=registry
        )
        self._cached = Counter(
            "glosswright_model_cached_tokens", "Prompt tokens from the prefix cache", registry=registry
        )
        self._completion = Counter("glosswright_model_completion_tokens", "Generated tokens", registry=registry)
        self._first_token = Histogram(
            "glosswright_model_time_to_first_token_seconds",
            "From a request's arrival to its first text",
            buckets=SECONDS,
            registry=registry,
        )
        self._prefill = Histogram(
            "glosswright_model_prefill_seconds", "Evaluating one prompt", buckets=SECONDS, registry=registry
        )
        self._decode = Histogram(
            "glosswright_model_decode_seconds", "Generating one completion", buckets=SECONDS, registry=registry
        )

    def watch(self, queue_length: Callable[[], int], slots_busy: Callable[[], int]) -> None:
        """Read the two gauges from here whenever the text is asked for."""
        self._queue_length.set_function(queue_length)
        self._slots_busy.set_function(slots_busy)

    def finished(self, finish: Finish) -> None:
        """Count what one generation cost, cancelled ones included."""
        self._prompt.inc(finish.prompt_tokens)
        self._cached.inc(finish.cached_tokens)
        self._completion.inc(finish.completion_tokens)
        self._prefill.observe(finish.prefill_s)
        self._decode.observe(finish.decode_s)

    def answered(self, outcome: str, first_token_s: float | None = None) -> None:
        """Count one completion request. `outcome`: "ok", "cancelled", "deadline", "stalled" (the client stopped
        reading) or the error's code."""
        self._requests.labels(outcome).inc()
        if first_token_s is not None:
            self._first_token.observe(first_token_s)

    def text(self) -> bytes:
        """The Prometheus text format, version 0.0.4."""
        return generate_latest(self._registry)
