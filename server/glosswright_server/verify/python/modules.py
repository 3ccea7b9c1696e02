"""Do the modules exist that a candidate imports? Looks for top-level modules where this program runs; imports none.

A project may have an environment of its own, and modules beside the file that nobody shows us: so a module that the
user's file mentions is never doubted, and of those that people commonly install it is only said that none was found.
"""

from __future__ import annotations

import ast
import re

from glosswright_server.verify.python.missing import is_installed
from glosswright_server.verify.python.parsed import Parsed


def absent_module(parsed: Parsed, text: str) -> tuple[str, bool]:
    """The first module that the candidate imports and that is found nowhere, "" for none; and whether that is sure.

    `text` is the user's file without the candidate. Relative imports, and imports whose failure the code deals with,
    are left alone.
    """
    guarded = {id(node) for one in parsed.nodes if _is_guard(one) for node in ast.walk(one)}
    doubtful = ""
    for node in parsed.new_nodes:
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or id(node) in guarded:
            continue
        for name in _modules_of(node):
            if is_installed(name) or re.search(rf"\b{re.escape(name)}\b", text):
                continue
            if name not in _COMMON:
                return name, True
            doubtful = doubtful or name
    return doubtful, False


def _modules_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [] if node.level or not node.module else [node.module.partition(".")[0]]
    return [alias.name.partition(".")[0] for alias in node.names]


def _is_guard(node: ast.AST) -> bool:
    """Whether what `node` holds may fail to be imported without harm: `try`, `with suppress(…)`, `if TYPE_CHECKING`."""
    return isinstance(node, (ast.Try, ast.With, ast.If))


_COMMON = frozenset(
    (
        *("numpy", "pandas", "scipy", "sklearn", "matplotlib", "seaborn", "plotly", "torch", "tensorflow", "keras"),
        *("transformers", "networkx", "sympy", "statsmodels", "polars", "pyarrow", "PIL", "cv2", "skimage", "nltk"),
        *("requests", "httpx", "aiohttp", "urllib3", "bs4", "lxml", "flask", "django", "fastapi", "starlette"),
        *("pydantic", "sqlalchemy", "psycopg2", "pymongo", "redis", "celery", "boto3", "click", "typer", "rich"),
        *("tqdm", "yaml", "toml", "attr", "attrs", "dateutil", "pytz", "jinja2", "jwt", "cryptography", "paramiko"),
        *("pytest", "hypothesis", "typing_extensions", "more_itertools", "sortedcontainers", "regex", "chardet"),
        *("psutil", "openpyxl", "docx", "markdown", "pygments", "setuptools", "pkg_resources", "dotenv", "orjson"),
        *("jieba", "pypinyin", "spacy", "cachetools", "gmpy2", "numba", "joblib", "websockets", "uvicorn", "openai"),
    )
)
"""Modules outside the standard library that many projects have: to be found in theirs, if not here."""
