"""Chinese text in words, by jieba, without the parts of jieba that a careful machine does not want.

jieba keeps its dictionary in a shared temporary folder in a form that can be tampered with, says so on stderr, and
imports `pkg_resources`, which warns. Here the dictionary is read from the package each time a process needs it first
(about a second), nothing is written, and nothing is said.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from glosswright_model.errors import DataError


def cut_chinese(text: str) -> list[str]:
    """The words of a run of Chinese; joined, they are the text. Raises DataError where jieba is not installed."""
    return [word for word in _tokenizer().cut(text) if word]


@cache
def _tokenizer() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            jieba = importlib.import_module("jieba")
    except ImportError as error:
        raise DataError("cutting Chinese into words needs jieba: pip install 'glosswright[train]'") from error
    logger = logging.getLogger("jieba")
    logger.handlers.clear()
    logger.setLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # Its own `initialize` would look for the cache; it is never called once the tokenizer says it is initialized.
    with (Path(str(jieba.__file__)).parent / "dict.txt").open("rb") as dictionary:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(dictionary)
    tokenizer.initialized = True
    return tokenizer
