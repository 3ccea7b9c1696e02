"""Holds what a server said to the meta model of LSP 3.18, without a line of lsprotocol: so neither can hide the other's
mistakes.

The meta model is the specification's own description of every message, as JSON. It is not part of this repository:
GLOSSWRIGHT_META_MODEL names the file, or it lies in `lsp/metaModel.json` of the folder GLOSSWRIGHT_SHARED (by default
`shared` beside the checkout). Where it is not at hand nothing is checked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

ANYTHING = {"LSPAny", "LSPObject", "LSPArray"}
Json = dict[str, Any]


def meta_model() -> Path | None:
    """The file, where there is one."""
    shared = Path(os.environ.get("GLOSSWRIGHT_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    path = Path(os.environ.get("GLOSSWRIGHT_META_MODEL") or shared / "lsp" / "metaModel.json")
    return path if path.is_file() else None


def faults(dialogue: Iterable[Json]) -> list[str]:
    """What is wrong with the server's messages: `dialogue` are `{"dir": "c2s" | "s2c", "msg": …}` in order."""
    path = meta_model()
    if path is None:
        return []
    model = _model(path)
    asked: dict[Any, str] = {}
    found: list[str] = []
    for entry in dialogue:
        message, from_server = entry["msg"], entry["dir"] == "s2c"
        method = message.get("method")
        if method is None:
            if from_server and "result" in message:
                found += model.result(asked.get(message["id"], ""), message["result"])
            continue
        if not from_server:
            if "id" in message:
                asked[message["id"]] = method
            continue
        found += model.params(method, message.get("params"), is_request="id" in message)
    return found


@cache
def _model(path: Path) -> _Model:
    return _Model(json.loads(path.read_text(encoding="utf-8")))


class _Model:
    def __init__(self, model: Json) -> None:
        self._structures = {each["name"]: each for each in model["structures"]}
        self._enumerations = {each["name"]: each for each in model["enumerations"]}
        self._aliases = {each["name"]: each["type"] for each in model["typeAliases"]}
        self._requests = {each["method"]: each for each in model["requests"]}
        self._notifications = {each["method"]: each for each in model["notifications"]}

    def params(self, method: str, params: Any, *, is_request: bool) -> list[str]:
        """Faults of what the server sent by itself. Methods of our own are not the specification's business."""
        if "/" in method and method.partition("/")[0] not in ("window", "workspace", "textDocument", "client", "$"):
            return []
        known = self._requests if is_request else self._notifications
        if method not in known:
            return [f"{method}: not in the specification"]
        if known[method]["messageDirection"] == "clientToServer":
            return [f"{method}: not a server's to send"]
        declared = known[method].get("params")
        return self._type(declared, params, method) if declared else []

    def result(self, method: str, result: Any) -> list[str]:
        """Faults of an answer."""
        return self._type(self._requests[method]["result"], result, method) if method in self._requests else []

    def _type(self, kind: Json, value: Any, at: str) -> list[str]:
        match kind["kind"]:
            case "base":
                return [] if _is_base(kind["name"], value) else [f"{at}: {value!r:.60} is not {kind['name']}"]
            case "reference":
                return self._reference(kind["name"], value, at)
            case "array":
                if not isinstance(value, list):
                    return [f"{at}: not a list"]
                return [one for n, each in enumerate(value) for one in self._type(kind["element"], each, f"{at}[{n}]")]
            case "map":
                if not isinstance(value, dict):
                    return [f"{at}: not a map"]
                return [one for name, each in value.items() for one in self._type(kind["value"], each, f"{at}.{name}")]
            case "or":
                return min((self._type(each, value, at) for each in kind["items"]), key=len)
            case "and":
                return [one for each in kind["items"] for one in self._type(each, value, at)]
            case "tuple":
                if not isinstance(value, list) or len(value) != len(kind["items"]):
                    return [f"{at}: not a tuple of {len(kind['items'])}"]
                pairs = zip(kind["items"], value, strict=True)
                return [one for n, (each, part) in enumerate(pairs) for one in self._type(each, part, f"{at}[{n}]")]
            case "literal":
                return self._fields(kind["value"]["properties"], value, at)
            case _:  # a string, an integer or a boolean as such
                return [] if value == kind["value"] else [f"{at}: {value!r:.60} is not {kind['value']!r}"]

    def _reference(self, name: str, value: Any, at: str) -> list[str]:
        if name in ANYTHING:
            return []
        if name in self._aliases:
            return self._type(self._aliases[name], value, at)
        if name in self._enumerations:
            declared = self._enumerations[name]
            values = [each["value"] for each in declared["values"]]
            custom = declared.get("supportsCustomValues") and isinstance(value, type(values[0]))
            return [] if value in values or custom else [f"{at}: {value!r:.60} is no {name}"]
        return self._fields(self._properties(name), value, at)

    def _fields(self, properties: list[Json], value: Any, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at}: not an object"]
        declared = {each["name"]: each for each in properties}
        found = [f"{at}: {name} is unknown" for name in value if declared and name not in declared]
        for name, each in declared.items():
            if name in value:
                found += self._type(each["type"], value[name], f"{at}.{name}")
            elif not each.get("optional"):
                found.append(f"{at}: {name} is missing")
        return found

    def _properties(self, name: str) -> list[Json]:
        structure = self._structures[name]
        above = [*structure.get("extends", []), *structure.get("mixins", [])]
        inherited = [each for parent in above for each in self._properties(parent["name"])]
        own: list[Json] = structure["properties"]
        redefined = {each["name"] for each in own}
        return [*(each for each in inherited if each["name"] not in redefined), *own]


def _is_base(name: str, value: Any) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    match name:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return number and -(2**31) <= value < 2**31
        case "uinteger":
            return number and 0 <= value < 2**31
        case "decimal":
            return number or isinstance(value, float)
        case "null":
            return value is None
        case _:  # string, DocumentUri, URI, RegExp
            return isinstance(value, str)
