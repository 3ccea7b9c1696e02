"""`POST /v1/completions` against a real server on loopback: every field, both forms of answer, every refusal."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from model.serving.support import HandBackend, events, running

from glosswright_model.errors import GenerationError
from glosswright_model.serving.service import Limits


def test_whole_answer_has_the_openai_form() -> None:
    """Any OpenAI client must be able to read the answer."""
    with running(HandBackend()) as server:
        response = server.complete(model="hand", max_tokens=16)
        assert response.status_code == 200
        body = response.json()
        assert body.pop("id").startswith("cmpl-")
        assert isinstance(body.pop("created"), int)
        queue_s = body["glosswright"].pop("queue_s")
        assert 0 <= queue_s < 5
        assert body == {
            "object": "text_completion",
            "model": "hand",
            "choices": [{"index": 0, "text": "return a + b", "logprobs": None, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 3,
                "total_tokens": 6,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
            "glosswright": {"prefill_s": 0.25, "decode_s": 0.5, "truncated_tokens": 2},
        }


def test_stream_says_the_same_in_pieces() -> None:
    """Streaming and not streaming may differ in form only."""
    with running(HandBackend()) as server:
        response = server.complete(stream=True)
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        got = events(response.text)
        assert "".join(event["choices"][0]["text"] for event in got) == "return a + b"
        assert [event["choices"][0]["finish_reason"] for event in got[:-1]] == [None] * (len(got) - 1)
        assert got[-1]["choices"][0]["finish_reason"] == "stop"
        assert got[-1]["glosswright"]["truncated_tokens"] == 2
        assert len({event["id"] for event in got}) == 1
        assert not any("usage" in event for event in got)


def test_usage_event_comes_last_when_asked_for() -> None:
    """`stream_options.include_usage` as OpenAI documents it: null before, one event without choices at the end."""
    with running(HandBackend()) as server:
        got = events(server.complete(stream=True, stream_options={"include_usage": True}).text)
        assert all(event["usage"] is None and "glosswright" not in event for event in got[:-1])
        assert got[-1]["choices"] == []
        assert got[-1]["usage"]["completion_tokens"] == 3
        assert got[-1]["glosswright"]["decode_s"] == 0.5


@pytest.mark.parametrize("stream", [False, True])
def test_n_choices_run_with_their_own_seed_and_share_the_prompt(stream: bool) -> None:
    """Candidates for verification come from one request; the prompt must be counted, and paid for, once."""
    backend = HandBackend()
    with running(backend) as server:
        response = server.complete(n=3, seed=7, temperature=0.5, stream=stream, stream_options={"include_usage": True})
        assert [request.seed for request in backend.requests] == [7, 8, 9]
        if stream:
            got = events(response.text)
            usage = got[-1]["usage"]
            texts = ["".join(c["text"] for e in got for c in e["choices"] if c["index"] == i) for i in range(3)]
            reasons = [c["finish_reason"] for e in got for c in e["choices"] if c["finish_reason"]]
        else:
            usage = response.json()["usage"]
            texts = [choice["text"] for choice in response.json()["choices"]]
            reasons = [choice["finish_reason"] for choice in response.json()["choices"]]
        assert texts == ["return a + b"] * 3
        assert reasons == ["stop"] * 3
        assert usage["prompt_tokens"] == 3
        assert usage["completion_tokens"] == 9


def test_every_field_reaches_the_back_end() -> None:
    """A field that is accepted but dropped would give wrong code silently."""
    backend = HandBackend()
    with running(backend) as server:
        fields = {"suffix": "", "max_tokens": 2, "temperature": 0.25, "top_p": 0.5, "stop": ["\n\n", "def"], "seed": -3}
        assert server.complete("p", **fields, logprobs=2).status_code == 200
        assert server.complete(["q"], stop="x", temperature=1, best_of=1, user="u", echo=False).status_code == 200
        assert server.complete("r", suffix=None, stop=None, seed=None, max_tokens=None).status_code == 200
    first, second, third = backend.requests
    assert (first.prompt, first.suffix, first.max_tokens, first.temperature) == ("p", "", 2, 0.25)
    assert (first.top_p, first.stop, first.seed, first.logprobs) == (0.5, ("\n\n", "def"), -3, 2)
    assert (second.prompt, second.suffix, second.stop, second.logprobs) == ("q", None, ("x",), None)
    assert (third.max_tokens, third.temperature, third.top_p, third.seed, third.stop) == (256, 0.0, 1.0, None, ())


@pytest.mark.parametrize("stream", [False, True])
def test_logprobs_line_up_with_the_text(stream: bool) -> None:
    """Ranking sums them: each token once, at its offset in the completion, also across events."""
    with running(HandBackend()) as server:
        response = server.complete(logprobs=2, stream=stream)
        objects = events(response.text) if stream else [response.json()]
        parts = [o["choices"][0]["logprobs"] for o in objects if o["choices"][0]["logprobs"]]
        assert [token for part in parts for token in part["tokens"]] == ["return", " a", " + b"]
        assert [offset for part in parts for offset in part["text_offset"]] == [0, 6, 8]
        assert [value for part in parts for value in part["token_logprobs"]] == [-0.5] * 3
        assert parts[0]["top_logprobs"][0] == {"return": -0.5, "x": -2.0}


def test_length_is_told_from_stop() -> None:
    """Shaping treats a cut completion differently from a finished one."""
    with running(HandBackend()) as server:
        assert server.complete(max_tokens=2).json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"prompt": 5}, "invalid_value", "prompt"),
        ({"prompt": ["a", "b"]}, "invalid_value", "prompt"),
        ({"prompt": [1, 2]}, "invalid_value", "prompt"),
        ({"prompt": None}, "invalid_value", "prompt"),
        ({"prompt": "\ud800"}, "invalid_json", None),
        ({"max_tokens": 0}, "invalid_value", "max_tokens"),
        ({"max_tokens": "5"}, "invalid_value", "max_tokens"),
        ({"max_tokens": 1000}, "context_length_exceeded", "max_tokens"),
        ({"temperature": -0.1}, "invalid_value", "temperature"),
        ({"temperature": 2.1}, "invalid_value", "temperature"),
        ({"top_p": 0}, "invalid_value", "top_p"),
        ({"n": 0}, "invalid_value", "n"),
        ({"n": 17}, "invalid_value", "n"),
        ({"stop": ["a"] * 17}, "invalid_value", "stop"),
        ({"stop": ""}, "invalid_value", "stop"),
        ({"stop": 3}, "invalid_value", "stop"),
        ({"seed": 2**64}, "invalid_value", "seed"),
        ({"logprobs": 6}, "invalid_value", "logprobs"),
        ({"logprobs": True}, "invalid_value", "logprobs"),
        ({"stream": 1}, "invalid_value", "stream"),
        ({"echo": True}, "invalid_value", "echo"),
        ({"best_of": 2}, "invalid_value", None),
        ({"logit_bias": {"5": 1}}, "invalid_value", "logit_bias"),
        ({"presence_penalty": 0.5}, "invalid_value", "presence_penalty"),
        ({"stream_options": {"include_usage": "yes"}}, "invalid_value", "stream_options"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(fields: dict, code: str, param: str | None) -> None:
    """A refusal must name the field, and must never repeat the prompt."""
    with running(HandBackend()) as server:
        body = json_escaped({"prompt": "SECRET", **fields})
        response = server.client.post("/v1/completions", content=body)
        assert response.status_code == 400
        error = response.json()["error"]
        assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)
        assert error["message"]
        assert "SECRET" not in response.text


def json_escaped(value: object) -> bytes:
    """JSON in ASCII, so that even half a surrogate pair can be sent."""
    import json

    return json.dumps(value).encode("ascii")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_bodies_that_are_no_json_object(body: bytes) -> None:
    """Broken and hostile bodies are the sender's mistake, not the server's."""
    with running(HandBackend()) as server:
        response = server.client.post("/v1/completions", content=body)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_json")


def test_unknown_model_is_404_with_the_names() -> None:
    """The user mistyped a name; the answer must say which there are. The name asked for at start is one, too."""
    with running(HandBackend()) as server:
        response = server.complete(model="gpt-4")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")
        assert "hand" in response.json()["error"]["message"]
        assert server.complete(model="asked-for").status_code == 200


def test_suffix_needs_a_model_that_fills_in_the_middle() -> None:
    """Ignoring the suffix would give code that does not fit, and nobody would know why."""
    with running(HandBackend(supports_suffix=False)) as server:
        response = server.complete(suffix="x")
        assert (response.status_code, response.json()["error"]["code"]) == (400, "suffix_not_supported")
        assert server.complete(suffix=None).status_code == 200


@pytest.mark.parametrize("error", [GenerationError("The engine is out of memory."), ValueError("SECRET prompt")])
@pytest.mark.parametrize("stream", [False, True])
def test_engine_failure_before_any_text_is_a_500(
    error: Exception, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The message of a known failure reaches the user; an unknown one might quote the prompt and stays inside."""
    backend = HandBackend((), error=error)
    with running(backend) as server:
        response = server.complete(stream=stream)
        assert (response.status_code, response.json()["error"]["code"]) == (500, "generation_failed")
        assert isinstance(error, GenerationError) == (str(error) in response.text)
        assert "SECRET" not in response.text
        assert "SECRET" not in caplog.text
        backend.error = None
        assert server.complete().status_code == 200  # the slot survived


def test_engine_failure_after_text_is_an_event() -> None:
    """The status line is gone by then; the client still must learn that the text is not whole."""
    backend = HandBackend(permits=1, error=GenerationError("broken"))
    with running(backend) as server:
        with server.client.stream("POST", "/v1/completions", json={"prompt": "p", "stream": True}) as response:
            chunks = response.iter_text()
            text = next(chunks)
            backend.permits.release(2)
            got = events(text + "".join(chunks))
        assert response.status_code == 200
        assert got[0]["choices"][0]["text"] == "return"
        assert got[-1] == {
            "error": {"message": "broken", "type": "server_error", "param": None, "code": "generation_failed"}
        }
        server.counted('glosswright_model_requests_total{outcome="generation_failed"}', 1)


def test_prompts_never_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """House rule: no user's code in logs above DEBUG."""
    caplog.set_level("INFO")
    with running(HandBackend(("COMPLETION",))) as server:
        assert server.complete("SECRET").status_code == 200
    assert "1 completion tokens" in caplog.text
    assert "SECRET" not in caplog.text
    assert "COMPLETION" not in caplog.text


def test_body_over_the_limit_is_413() -> None:
    """With and without Content-Length: a chunked body must not get around the limit."""
    with running(HandBackend(), limits=Limits(body_bytes=1000)) as server:
        assert server.complete("x" * 2000).json()["error"]["code"] == "body_too_large"
        chunks = (b" " * 300 for _ in range(10))
        assert server.client.post("/v1/completions", content=chunks).status_code == 413


async def test_body_that_never_arrives_is_given_up() -> None:
    """A client that sends half a body must not hold a connection's memory for ever."""
    with running(HandBackend(), limits=Limits(body_s=0.2)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(server.url).port)
        head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
        writer.write((head + f"Authorization: {server.client.headers['authorization']}\r\n\r\n{{").encode())
        status = await asyncio.wait_for(reader.readline(), 10)
        assert b" 408 " in status
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("value", ["0", "-5", "1.5", "soon", "9" * 13, "\u0665"])
def test_deadline_header_must_be_milliseconds(value: str) -> None:
    """A deadline that cannot be read must not silently become two minutes."""
    with running(HandBackend()) as server:
        headers = {"X-Glosswright-Deadline-Ms": value.encode("utf-8")}
        response = server.client.post("/v1/completions", json={"prompt": "p"}, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_value")
