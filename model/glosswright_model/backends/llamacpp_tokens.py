"""The tokenizer of a running llama.cpp server, asked over its loopback port: xllamacpp has no call for it.

Promise: exact token ids for three kinds of text (prompts, document text, control tokens), and no text in any error.
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from glosswright_model.errors import GenerationError

_TIMEOUT_S = 30.0


class LoopbackTokenizer:
    """The model's tokenizer, asked over the loopback port. Not held up by generation: other threads answer."""

    def __init__(self, address: str, api_key: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self.beginning = self._ask("", add_special=True, parse_special=False)
        """What the model wants before every text: its beginning-of-text token, or nothing."""

    def prompt(self, text: str) -> list[int]:
        """A whole prompt: control tokens spelled out in it count as such."""
        return self._ask(text, add_special=True, parse_special=True)

    def document(self, text: str) -> list[int]:
        """A document's text: nothing in it is a control token."""
        return self._ask(text, add_special=False, parse_special=False)

    def control(self, text: str) -> list[int]:
        """The spelling of a control token."""
        return self._ask(text, add_special=False, parse_special=True)

    def _ask(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        # Editors can send half a surrogate pair; UTF-8 cannot carry one.
        content = text.encode("utf-8", "replace").decode("utf-8")
        body = json.dumps({"content": content, "add_special": add_special, "parse_special": parse_special})
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", "/tokenize", body.encode(), self._headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != http.client.OK:
                raise GenerationError(f"llama.cpp could not tokenize the prompt (status {response.status})")
            return [int(token) for token in json.loads(answer)["tokens"]]
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise GenerationError(f"llama.cpp could not tokenize the prompt ({type(error).__name__})") from error
        finally:
            connection.close()
