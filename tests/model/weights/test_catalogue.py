"""The catalogue as shipped, and what its reader refuses."""

from __future__ import annotations

import copy
import dataclasses
import json
from importlib import resources
from typing import Any

import pytest

from glosswright_model.errors import WeightsError
from glosswright_model.weights import catalogue, default_entry, find_entry, licence_notice
from glosswright_model.weights.catalogue import HubFile, IndexParts, read_catalogue

GOOD: dict[str, Any] = {
    "name": "a-1.5b",
    "title": "A",
    "family": "generic",
    "parameters": 1,
    "licence": "MIT",
    "notice": "Copyright A.",
    "file": "a.gguf",
    "size": 3,
    "sha256": "0" * 64,
    "default": True,
    "sources": [
        {"kind": "hub", "repo": "a/b"},
        {"kind": "index", "parts": [{"package": "a-1", "version": "1.0", "payload": "a/p.bin"}]},
    ],
}


def test_what_is_shipped() -> None:
    """Users type these names, and other parts of the product rely on these families."""
    assert [(entry.name, entry.family, entry.default, entry.fixture) for entry in catalogue()] == [
        ("qwen2.5-coder-0.5b", "qwen2.5-coder", True, False),
        ("qwen2.5-coder-1.5b", "qwen2.5-coder", False, False),
        ("smollm2-135m", "generic", False, True),
    ]
    assert default_entry().size == 491_400_064


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_each_entry_has_the_hub_first_and_parts_that_add_up(entry: Any) -> None:
    """A typing mistake in one of the many part sizes would only show after gigabytes."""
    hub, index = entry.sources
    assert isinstance(hub, HubFile)
    assert isinstance(index, IndexParts)
    assert sum(part.size for part in index.parts) == entry.size
    assert len({part.sha256 for part in index.parts}) == len(index.parts)
    assert entry.licence == "Apache-2.0"
    assert entry.title in licence_notice(entry)
    assert entry.notice in licence_notice(entry)
    assert "apache.org" in licence_notice(entry)


def test_entries_are_frozen() -> None:
    """Everybody shares them."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        default_entry().size = 1  # type: ignore[misc]  # that it cannot be assigned is what is tested


def test_a_licence_without_an_address_is_named_all_the_same() -> None:
    """The table of addresses need not know every licence."""
    assert "Licence: LicenseRef-x\n" in licence_notice(dataclasses.replace(default_entry(), licence="LicenseRef-x"))


def test_names_are_found_whatever_their_case() -> None:
    """People write model names as the vendors do."""
    assert find_entry(" Qwen2.5-Coder-0.5B ") is default_entry()
    assert find_entry("qwen") is None


def test_a_good_row_is_read() -> None:
    """The base of the refusals below."""
    (entry,) = read_catalogue(json.dumps({"models": [GOOD]}))
    assert entry.sources[0] == HubFile(repo="a/b", revision="main")
    assert isinstance(entry.sources[1], IndexParts)
    assert entry.sources[1].parts[0].size is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "../a"),
        (("name",), "A b"),
        (("title",), ""),
        (("family",), None),
        (("parameters",), 0),
        (("size",), "3"),
        (("size",), True),
        (("file",), "../a.gguf"),
        (("file",), "a/b.gguf"),
        (("file",), "a.pickle"),
        (("sha256",), "0" * 63),
        (("sha256",), "X" * 64),
        (("default",), 1),
        (("sources",), []),
        (("sources", 0, "kind"), "ftp"),
        (("sources", 0, "repo"), "a"),
        (("sources", 0, "repo"), "../b"),
        (("sources", 1, "parts"), []),
        (("sources", 1, "parts", 0, "package"), "--index-url=x"),
        (("sources", 1, "parts", 0, "package"), "a @ https"),
        (("sources", 1, "parts", 0, "version"), "*"),
        (("sources", 1, "parts", 0, "payload"), "../p"),
        (("sources", 1, "parts", 0, "payload"), "/p"),
        (("sources", 1, "parts", 0, "payload"), "a\\p"),
        (("sources", 1, "parts", 0, "size"), -1),
        (("sources", 1, "parts", 0, "sha256"), "0"),
    ],
)
def test_a_bad_field_is_named(path: tuple[Any, ...], value: Any) -> None:
    """Paths and requirements are used as they stand later on, so this is where they are held to their form."""
    row = copy.deepcopy(GOOD)
    place: Any = row
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(WeightsError) as caught:
        read_catalogue(json.dumps({"models": [row]}))
    named = str(path[-1])
    assert named in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"models": [1]}), json.dumps({"models": [{"name": "a"}]})])
def test_a_damaged_catalogue(text: str) -> None:
    """A broken installation is told as one."""
    with pytest.raises(WeightsError, match="damaged"):
        read_catalogue(text)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([{}, {}], "name occurs twice"),
        ([{}, {"name": "b"}], "file occurs twice"),
        ([{"default": False}], "exactly one"),
        ([{}, {"name": "b", "file": "b.gguf"}], "exactly one"),
    ],
)
def test_rules_across_entries(changes: list[dict[str, Any]], told: str) -> None:
    """Two entries in one file would overwrite each other; no default would leave `resolve` without an answer."""
    with pytest.raises(WeightsError, match=told):
        read_catalogue(json.dumps({"models": [{**GOOD, **change} for change in changes]}))


def test_the_file_is_part_of_the_package() -> None:
    """It is read as a resource: from a wheel, too."""
    assert resources.files("glosswright_model.weights").joinpath("catalogue.json").is_file()
