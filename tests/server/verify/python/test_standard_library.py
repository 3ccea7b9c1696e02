"""Right code must never fail: documented functions of the standard library, their own bodies the candidates."""

from __future__ import annotations

import argparse
import ast
import bisect
import collections
import difflib
import fractions
import heapq
import inspect
import json.decoder
import json.encoder
import logging
import random
import shutil
import statistics
import string
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import docstring_parser
import pytest

from glosswright_server.intent.contract import Contract, Parameter, Raised, Result
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.intent.tree import parse
from glosswright_server.verify.static import judge
from glosswright_server.verify.verdict import Outcome, Verdict

MODULES: tuple[ModuleType, ...] = (
    *(statistics, textwrap, heapq, bisect, difflib, string, collections, shutil, argparse, json.decoder, json.encoder),
    *(ast, fractions, random, inspect, logging, tempfile, zipfile),
)
MUST_NEVER_FAIL = {"parses", "ends whole", "compiles", "names resolve", "calls fit", "recursion ends"}
MOST_OF_ONE_MODULE = 30


def cases(path: Path) -> Iterator[tuple[str, str, Intent, str]]:
    """Name, text without the body, intent and body of each documented function."""
    text = path.read_text(encoding="utf-8")
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = text.split("\n")

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or len(node.body) < 2:
            continue
        doc = ast.get_docstring(node)
        first, last = node.body[0], node.body[-1]
        if not doc or first.end_lineno is None or last.end_lineno is None:
            continue
        start = offset(first.end_lineno, first.end_col_offset or 0)
        body = text[start : offset(last.end_lineno, last.end_col_offset or 0)]
        intent = Intent(
            kind=IntentKind.BODY,
            language="python",
            extent=Extent.BODY,
            start=start,
            end=start,
            lead=body[: len(body) - len(body.lstrip())],
            request=doc,
            name=node.name,
        )
        yield node.name, text[:start] + text[start + len(body) :], intent, body


def contract_of(doc: str) -> Contract:
    """What docstring_parser reads of it."""
    try:
        found = docstring_parser.parse(doc)
    except docstring_parser.ParseError:
        return Contract()
    returns = found.returns
    return Contract(
        parameters=tuple(Parameter(name=one.arg_name, description=one.description or "") for one in found.params),
        returns=Result(type=returns.type_name or "", description=returns.description or "") if returns else None,
        raises=tuple(Raised(type=one.type_name) for one in found.raises if one.type_name),
    )


def verdicts(module: ModuleType) -> Iterator[tuple[str, Verdict]]:
    """A verdict on each real body."""
    tree = None
    for number, (name, text, intent, body) in enumerate(cases(Path(str(module.__file__)))):
        if number >= MOST_OF_ONE_MODULE:
            return
        tree = parse(text, LANGUAGES["python"], tree)
        yield f"{module.__name__}.{name}", judge(text, intent, body, before=tree, contract=contract_of(intent.request))


@pytest.mark.timeout(180)
def test_real_bodies_pass() -> None:
    """A false alarm throws right code away, so the sure checks may have none, and the others one in a hundred."""
    seen, wrong = 0, []
    for module in MODULES:
        for name, verdict in verdicts(module):
            seen += 1
            failed = [f"{one.name}: {one.detail}" for one in verdict.checks if one.outcome is Outcome.FAILED]
            wrong += [f"{name}: {one}" for one in failed]
            assert not [one for one in failed if one.partition(":")[0] in MUST_NEVER_FAIL], (name, failed)
            assert not [one for one in verdict.imports if "annotations" in one], name
    assert seen >= 300
    assert len(wrong) <= seen // 100, wrong


@pytest.mark.timeout(180)
def test_a_lost_name_is_noticed() -> None:
    """The other side: the same bodies with one name misspelt are not let through."""
    seen = missed = 0
    for module in (statistics, textwrap, shutil):
        for name, text, intent, body in cases(Path(str(module.__file__))):
            worse = f"{intent.lead}misspelt_name(1){body}"
            verdict = judge(text, intent, worse)
            seen += 1
            found = [one for one in verdict.checks if one.name == "names resolve"]
            missed += found[0].outcome is not Outcome.FAILED
            assert name
    assert seen > 50
    assert missed == 0
