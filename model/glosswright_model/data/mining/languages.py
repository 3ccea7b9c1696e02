"""What each grammar calls the parts that pairs are made of. Data, and the loading of grammars; nothing here parses.

Keys are LSP language identifiers, as in `Pair.language`.
"""

from __future__ import annotations

import importlib
import re
import warnings
from functools import cache
from pathlib import PurePath
from types import MappingProxyType

import tree_sitter

from glosswright_model.data.mining.further_languages import FURTHER_LANGUAGES
from glosswright_model.data.mining.mined_language import MinedLanguage
from glosswright_model.errors import DataError

OTHERS = frozenset(
    {
        "Carthage",
        "Pods",
        "_vendor",
        "bower_components",
        "deps",
        "dist-packages",
        "env",
        "external",
        "externals",
        "node_modules",
        "site-packages",
        "third-party",
        "third_party",
        "thirdparty",
        "vendor",
        "vendored",
        "venv",
        "virtualenv",
    }
)
"""Names of folders that hold other people's code."""


def language_of(path: PurePath, source: bytes = b"") -> MinedLanguage | None:
    """By the name of the file, and by its text where two languages share an ending; None for files not mined."""
    found = _BY_EXTENSION.get(path.suffix.lower()) or _BY_EXTENSION.get(path.name.lower())
    if shares_ending(path) and not _OBJECTIVE_C.search(source):
        return LANGUAGES["matlab"]
    return found


def shares_ending(path: PurePath) -> bool:
    """Whether the name alone does not tell the language."""
    return path.suffix.lower() == ".m"


_OBJECTIVE_C = re.compile(
    rb"^\s*(?:#\s*(?:import|include|define|if)|@(?:import|interface|implementation|protocol|class)\b|//|/\*)", re.M
)


def package_of(language: MinedLanguage) -> str:
    """The name by which its grammar is installed."""
    return language.module.replace("_", "-")


def find_language(name: str) -> MinedLanguage:
    """By its key or one of its other names. Raises DataError."""
    found = _BY_NAME.get(name.strip().lower())
    if found is None:
        raise DataError(f"there is no language {name!r}; choose among {', '.join(LANGUAGES)}")
    return found


@cache  # one entry per language; grammars do not change while the process lives
def load_grammar(key: str) -> tree_sitter.Language:
    """The compiled grammar, loaded on first use. Raises DataError where its wheel is missing or does not fit."""
    language = LANGUAGES[key]
    try:
        module = importlib.import_module(language.module)
        with warnings.catch_warnings():  # some wheels still give an address, which tree-sitter takes but deplores
            warnings.simplefilter("ignore", DeprecationWarning)
            return tree_sitter.Language(getattr(module, language.factory)())
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise DataError(
            f"{key} files need a grammar that is not installed: pip install {package_of(language)}"
        ) from error


_TYPESCRIPT = frozenset(
    {
        "abstract_class_declaration",
        "interface_declaration",
        "type_alias_declaration",
        "enum_declaration",
        "ambient_declaration",
    }
)


def _ecmascript(key: str, module: str, factory: str, extensions: tuple[str, ...], *aliases: str) -> MinedLanguage:
    return MinedLanguage(
        key=key,
        module=module,
        factory=factory,
        extensions=extensions,
        aliases=aliases,
        functions=frozenset(
            {
                "function_declaration",
                "generator_function_declaration",
                "method_definition",
                "arrow_function",
                "function_expression",
            }
        ),
        wrappers=frozenset({"export_statement", "lexical_declaration", "variable_declaration", "variable_declarator"}),
        prefixes=frozenset({"decorator"}),
        blocks=frozenset({"program", "statement_block", "switch_case", "switch_default"}),
        skipped=frozenset({"import_statement", "export_statement", "class_declaration", "empty_statement"})
        | (_TYPESCRIPT if key.startswith("typescript") else frozenset()),
    )


_C_COMMON = frozenset({"preproc_include", "preproc_def", "preproc_ifdef", "preproc_if", "preproc_call"})
_C_SKIPPED = _C_COMMON | {
    "preproc_function_def",
    "type_definition",
    "struct_specifier",
    "enum_specifier",
    "union_specifier",
    "linkage_specification",
}
_C_BLOCKS = frozenset({"compound_statement", "case_statement", "translation_unit"})

LANGUAGES: MappingProxyType[str, MinedLanguage] = MappingProxyType(
    {
        language.key: language
        for language in (
            MinedLanguage(
                key="python",
                module="tree_sitter_python",
                extensions=(".py", ".pyi", ".pyw"),
                aliases=("py",),
                functions=frozenset({"function_definition"}),
                wrappers=frozenset({"decorated_definition"}),
                blocks=frozenset({"module", "block"}),
                bodies=frozenset({"block"}),
                skipped=frozenset(
                    {"import_statement", "import_from_statement", "future_import_statement", "class_definition"}
                ),
                docstrings=frozenset({"string"}),
                enclosed=False,
            ),
            _ecmascript(
                "javascript", "tree_sitter_javascript", "language", (".js", ".jsx", ".mjs", ".cjs"), "js", "jsx"
            ),
            _ecmascript("typescript", "tree_sitter_typescript", "language_typescript", (".ts", ".mts", ".cts"), "ts"),
            _ecmascript("typescriptreact", "tree_sitter_typescript", "language_tsx", (".tsx",), "tsx"),
            MinedLanguage(
                key="go",
                module="tree_sitter_go",
                extensions=(".go",),
                aliases=("golang",),
                functions=frozenset({"function_declaration", "method_declaration"}),
                blocks=frozenset({"block", "statement_list", "expression_case", "default_case"}),
                bodies=frozenset({"statement_list"}),
                skipped=frozenset({"import_declaration", "package_clause", "type_declaration"}),
            ),
            MinedLanguage(
                key="rust",
                module="tree_sitter_rust",
                extensions=(".rs",),
                aliases=("rs",),
                comments=frozenset({"line_comment", "block_comment"}),
                functions=frozenset({"function_item"}),
                prefixes=frozenset({"attribute_item"}),
                blocks=frozenset({"block"}),
                skipped=frozenset({"use_declaration", "mod_item", "struct_item", "enum_item", "impl_item"}),
            ),
            MinedLanguage(
                key="java",
                module="tree_sitter_java",
                extensions=(".java",),
                comments=frozenset({"line_comment", "block_comment"}),
                functions=frozenset({"method_declaration", "constructor_declaration"}),
                blocks=frozenset({"block", "constructor_body", "switch_block_statement_group"}),
                skipped=frozenset({"class_declaration", "interface_declaration", "enum_declaration"}),
            ),
            MinedLanguage(
                key="c",
                module="tree_sitter_c",
                extensions=(".c", ".h"),
                functions=frozenset({"function_definition"}),
                blocks=_C_BLOCKS,
                skipped=_C_SKIPPED,
            ),
            MinedLanguage(
                key="cpp",
                module="tree_sitter_cpp",
                extensions=(".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".ipp"),
                aliases=("c++",),
                functions=frozenset({"function_definition"}),
                wrappers=frozenset({"template_declaration"}),
                blocks=_C_BLOCKS,
                skipped=_C_SKIPPED
                | {
                    "class_specifier",
                    "namespace_definition",
                    "using_declaration",
                    "alias_declaration",
                    "template_declaration",
                    "access_specifier",
                },
            ),
            MinedLanguage(
                key="ruby",
                module="tree_sitter_ruby",
                extensions=(".rb", ".rake"),
                aliases=("rb",),
                functions=frozenset({"method", "singleton_method"}),
                blocks=frozenset({"program", "body_statement", "then", "else", "block_body"}),
                bodies=frozenset({"body_statement", "then", "block_body"}),
                skipped=frozenset({"class", "module"}),
                enclosed=False,
            ),
            MinedLanguage(
                key="shellscript",
                module="tree_sitter_bash",
                extensions=(".sh", ".bash", ".zsh", ".ksh", ".bats"),
                aliases=("bash", "sh", "shell"),
                functions=frozenset({"function_definition"}),
                blocks=frozenset({"program", "compound_statement", "do_group", "if_statement", "else_clause"}),
                skipped=frozenset({"elif_clause", "else_clause"}),
            ),
            MinedLanguage(
                key="sql",
                module="tree_sitter_sql",
                extensions=(".sql", ".ddl", ".psql", ".pgsql"),
                comments=frozenset({"comment", "marginalia"}),
                blocks=frozenset({"program"}),
            ),
            *FURTHER_LANGUAGES,
        )
    }
)
"""Every language that is mined, by key."""

_BY_EXTENSION = MappingProxyType({end: one for one in LANGUAGES.values() for end in one.extensions})
_BY_NAME = MappingProxyType({name: one for one in LANGUAGES.values() for name in (one.key, *one.aliases)})
