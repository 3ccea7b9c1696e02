"""The languages the server knows: how editors name them, how they mark comments, what their grammars call things.

Data and two pure look-ups, nothing else: `language_for` never fails (an unknown language is "plain"), and
`load_grammar` answers None where a grammar wheel is not installed, so that the caller falls back to reading lines.
Nothing here parses.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType

import tree_sitter


class BlockStyle(str, Enum):
    """How a language encloses the body of a function."""

    INDENTATION = "indentation"  # Python: a colon, then deeper lines
    BRACES = "braces"  # { ... }
    END = "end"  # Ruby: def ... end
    NONE = "none"  # no functions to fill in


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Where a tree-sitter grammar is found, and its names for what intent looks at."""

    module: str
    factory: str = "language"
    comments: frozenset[str] = frozenset({"comment"})
    functions: frozenset[str]
    """Function-like nodes that have, or may lack, a `body` field."""
    anonymous: frozenset[str] = frozenset()
    """Function-like nodes that count only when something gives them a name (`const f = () => {}`)."""
    classes: frozenset[str] = frozenset()
    strings: frozenset[str]
    holes: frozenset[str] = frozenset()
    """Code inside a string: `{x}` of an f-string, `${x}` of a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language. `key` is what `Intent.language` carries; `name` is for people and for prompts."""

    key: str
    name: str
    ids: tuple[str, ...] = ()
    """LSP language identifiers, lower case; the key itself need not be repeated."""
    extensions: tuple[str, ...] = ()
    """File name endings, lower case, with the dot; a whole file name (`makefile`) has none."""
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()
    indent: str = "    "
    """One level of indentation in a file that shows none."""
    style: BlockStyle = BlockStyle.NONE
    grammar: Grammar | None = None


_C_BLOCKS = (("/*", "*/"),)


def _ecmascript(module: str, factory: str) -> Grammar:
    """JavaScript's and TypeScript's grammars share these names."""
    return Grammar(
        module=module,
        factory=factory,
        functions=frozenset({"function_declaration", "generator_function_declaration", "method_definition"}),
        anonymous=frozenset({"arrow_function", "function_expression", "generator_function"}),
        classes=frozenset({"class_declaration", "abstract_class_declaration", "class"}),
        strings=frozenset({"string", "template_string", "regex"}),
        holes=frozenset({"template_substitution", "jsx_expression"}),
    )


def _c_like(key: str, name: str, extensions: tuple[str, ...], ids: tuple[str, ...] = ()) -> Language:
    """A language without a grammar here whose comments are those of C."""
    return Language(key=key, name=name, ids=ids, extensions=extensions, line_comments=("//",), block_comments=_C_BLOCKS)


def _hash(key: str, name: str, extensions: tuple[str, ...], ids: tuple[str, ...] = (), indent: str = "  ") -> Language:
    """A language without a grammar here whose comments start with `#`."""
    return Language(key=key, name=name, ids=ids, extensions=extensions, line_comments=("#",), indent=indent)


PLAIN = Language(key="plain", name="plain text", line_comments=("#", "//", "--"), block_comments=_C_BLOCKS)
"""A file of an unknown kind: the three commonest comment markers are worth a guess."""

_WITH_GRAMMAR = (
    Language(
        key="python",
        name="Python",
        ids=("py", "python3", "cython"),
        extensions=(".py", ".pyi", ".pyw", ".pyx"),
        line_comments=("#",),
        style=BlockStyle.INDENTATION,
        grammar=Grammar(
            module="tree_sitter_python",
            functions=frozenset({"function_definition"}),
            classes=frozenset({"class_definition"}),
            strings=frozenset({"string"}),
            holes=frozenset({"interpolation"}),
        ),
    ),
    Language(
        key="javascript",
        name="JavaScript",
        ids=("javascriptreact", "jsx", "js", "mjs", "node"),
        extensions=(".js", ".jsx", ".mjs", ".cjs"),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        indent="  ",
        style=BlockStyle.BRACES,
        grammar=_ecmascript("tree_sitter_javascript", "language"),
    ),
    Language(
        key="typescript",
        name="TypeScript",
        ids=("ts",),
        extensions=(".ts", ".mts", ".cts"),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        indent="  ",
        style=BlockStyle.BRACES,
        grammar=_ecmascript("tree_sitter_typescript", "language_typescript"),
    ),
    Language(
        key="tsx",
        name="TypeScript (TSX)",
        ids=("typescriptreact", "typescript.tsx"),
        extensions=(".tsx",),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        indent="  ",
        style=BlockStyle.BRACES,
        grammar=_ecmascript("tree_sitter_typescript", "language_tsx"),
    ),
    Language(
        key="go",
        name="Go",
        ids=("golang",),
        extensions=(".go",),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        indent="\t",
        style=BlockStyle.BRACES,
        grammar=Grammar(
            module="tree_sitter_go",
            functions=frozenset({"function_declaration", "method_declaration"}),
            strings=frozenset({"interpreted_string_literal", "raw_string_literal", "rune_literal"}),
        ),
    ),
    Language(
        key="rust",
        name="Rust",
        ids=("rs",),
        extensions=(".rs",),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        style=BlockStyle.BRACES,
        grammar=Grammar(
            module="tree_sitter_rust",
            comments=frozenset({"line_comment", "block_comment"}),
            functions=frozenset({"function_item"}),
            classes=frozenset({"impl_item", "trait_item"}),
            strings=frozenset({"string_literal", "raw_string_literal", "char_literal"}),
        ),
    ),
    Language(
        key="java",
        name="Java",
        extensions=(".java",),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        style=BlockStyle.BRACES,
        grammar=Grammar(
            module="tree_sitter_java",
            comments=frozenset({"line_comment", "block_comment"}),
            functions=frozenset({"method_declaration", "constructor_declaration"}),
            classes=frozenset({"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}),
            strings=frozenset({"string_literal", "character_literal"}),
            holes=frozenset({"string_interpolation"}),
        ),
    ),
    Language(
        key="c",
        name="C",
        extensions=(".c", ".h"),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        style=BlockStyle.BRACES,
        grammar=Grammar(
            module="tree_sitter_c",
            functions=frozenset({"function_definition"}),
            strings=frozenset({"string_literal", "char_literal", "system_lib_string"}),
        ),
    ),
    Language(
        key="cpp",
        name="C++",
        ids=("c++", "cuda-cpp", "cuda"),
        extensions=(".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx", ".ipp", ".cu", ".cuh"),
        line_comments=("//",),
        block_comments=_C_BLOCKS,
        style=BlockStyle.BRACES,
        grammar=Grammar(
            module="tree_sitter_cpp",
            functions=frozenset({"function_definition"}),
            classes=frozenset({"class_specifier", "struct_specifier"}),
            strings=frozenset({"string_literal", "raw_string_literal", "char_literal", "system_lib_string"}),
        ),
    ),
    Language(
        key="ruby",
        name="Ruby",
        ids=("rb",),
        extensions=(".rb", ".rake", ".gemspec", "gemfile", "rakefile"),
        line_comments=("#",),
        block_comments=(("=begin", "=end"),),
        indent="  ",
        style=BlockStyle.END,
        grammar=Grammar(
            module="tree_sitter_ruby",
            functions=frozenset({"method", "singleton_method"}),
            classes=frozenset({"class", "module"}),
            strings=frozenset({"string", "regex", "heredoc_body", "simple_symbol"}),
            holes=frozenset({"interpolation"}),
        ),
    ),
    Language(
        key="bash",
        name="Bash",
        ids=("shellscript", "sh", "shell", "zsh", "ksh"),
        extensions=(".sh", ".bash", ".zsh", ".ksh", ".bats", ".bashrc", ".bash_profile", ".zshrc", ".profile"),
        line_comments=("#",),
        style=BlockStyle.BRACES,
        grammar=Grammar(
            module="tree_sitter_bash",
            functions=frozenset({"function_definition"}),
            strings=frozenset({"string", "raw_string", "heredoc_body", "ansi_c_string"}),
            holes=frozenset({"command_substitution", "expansion"}),
        ),
    ),
    Language(
        key="sql",
        name="SQL",
        ids=("mysql", "plsql", "pgsql", "postgres", "postgresql", "sqlite", "tsql"),
        extensions=(".sql", ".ddl", ".psql", ".pgsql"),
        line_comments=("--",),
        block_comments=_C_BLOCKS,
        grammar=Grammar(
            module="tree_sitter_sql",
            comments=frozenset({"comment", "marginalia"}),
            functions=frozenset(),
            strings=frozenset({"literal"}),
        ),
    ),
)

_WITHOUT_GRAMMAR = (
    _c_like("csharp", "C#", (".cs", ".csx"), ("c#",)),
    _c_like("kotlin", "Kotlin", (".kt", ".kts")),
    _c_like("swift", "Swift", (".swift",)),
    _c_like("scala", "Scala", (".scala", ".sc", ".sbt")),
    _c_like("dart", "Dart", (".dart",)),
    _c_like("zig", "Zig", (".zig",)),
    _c_like("groovy", "Groovy", (".groovy", ".gradle")),
    _c_like("objective-c", "Objective-C", (".mm",), ("objective-cpp", "objc", "objcpp")),
    _c_like("scss", "SCSS", (".scss", ".less"), ("less", "sass")),
    _hash("yaml", "YAML", (".yaml", ".yml"), ("yml", "dockercompose", "ansible")),
    _hash("toml", "TOML", (".toml",)),
    _hash("dockerfile", "Dockerfile", (".dockerfile", "dockerfile", "containerfile")),
    _hash("makefile", "Makefile", (".mk", ".mak", "makefile", "gnumakefile"), ("make",), indent="\t"),
    _hash("cmake", "CMake", (".cmake", "cmakelists.txt")),
    _hash("r", "R", (".r", ".rprofile"), ("rmd",)),
    _hash("perl", "Perl", (".pl", ".pm", ".t"), ("perl6", "raku"), indent="    "),
    _hash("elixir", "Elixir", (".ex", ".exs")),
    _hash("nix", "Nix", (".nix",)),
    _hash("terraform", "Terraform", (".tf", ".tfvars"), ("hcl",)),
    _hash("awk", "AWK", (".awk",)),
    _hash("fish", "fish", (".fish",), indent="    "),
    Language(key="powershell", name="PowerShell", ids=("pwsh",), extensions=(".ps1", ".psm1"), line_comments=("#",),
             block_comments=(("<#", "#>"),)),
    Language(key="julia", name="Julia", extensions=(".jl",), line_comments=("#",), block_comments=(("#=", "=#"),)),
    Language(key="php", name="PHP", extensions=(".php", ".phtml"), line_comments=("//", "#"), block_comments=_C_BLOCKS),
    Language(key="lua", name="Lua", extensions=(".lua",), line_comments=("--",), block_comments=(("--[[", "]]"),),
             indent="  "),
    Language(key="haskell", name="Haskell", ids=("lhs",), extensions=(".hs",), line_comments=("--",),
             block_comments=(("{-", "-}"),), indent="  "),
    Language(key="elm", name="Elm", extensions=(".elm",), line_comments=("--",), block_comments=(("{-", "-}"),)),
    Language(key="ocaml", name="OCaml", extensions=(".ml", ".mli"), block_comments=(("(*", "*)"),), indent="  "),
    Language(key="fsharp", name="F#", extensions=(".fs", ".fsx"), line_comments=("//",),
             block_comments=(("(*", "*)"),)),
    Language(key="elisp", name="Emacs Lisp", ids=("emacs-lisp", "lisp", "commonlisp", "scheme", "racket"),
             extensions=(".el", ".lisp", ".scm", ".rkt"), line_comments=(";",), block_comments=(("#|", "|#"),),
             indent="  "),
    Language(key="clojure", name="Clojure", extensions=(".clj", ".cljs", ".cljc", ".edn"), line_comments=(";",),
             indent="  "),
    Language(key="ini", name="INI", ids=("properties", "dotenv"), extensions=(".ini", ".cfg", ".conf"),
             line_comments=("#", ";")),
    Language(key="tex", name="LaTeX", ids=("latex", "plaintex", "bibtex"), extensions=(".tex", ".sty", ".cls"),
             line_comments=("%",), indent="  "),
    Language(key="matlab", name="MATLAB", ids=("octave",), line_comments=("%",), block_comments=(("%{", "%}"),)),
    Language(key="erlang", name="Erlang", extensions=(".erl", ".hrl"), line_comments=("%",)),
    Language(key="prolog", name="Prolog", extensions=(".pro",), line_comments=("%",), block_comments=_C_BLOCKS),
    Language(key="fortran", name="Fortran", ids=("fortran-modern", "fortranfreeform"), extensions=(".f90", ".f95"),
             line_comments=("!",), indent="  "),
    Language(key="vim", name="Vim script", ids=("viml", "vimscript"), extensions=(".vim", ".vimrc", "vimrc"),
             line_comments=('"',), indent="  "),
    Language(key="html", name="HTML", ids=("htm", "vue", "svelte", "handlebars"),
             extensions=(".html", ".htm", ".vue", ".svelte"), block_comments=(("<!--", "-->"),), indent="  "),
    Language(key="xml", name="XML", ids=("xsl", "svg"), extensions=(".xml", ".xsl", ".svg", ".xsd"),
             block_comments=(("<!--", "-->"),), indent="  "),
    Language(key="css", name="CSS", extensions=(".css",), block_comments=_C_BLOCKS, indent="  "),
    # Prose: a line that starts with "#" is a heading there, and "--" is a dash.
    Language(key="text", name="text", ids=("markdown", "restructuredtext", "mdx", "asciidoc"),
             extensions=(".txt", ".md", ".markdown", ".rst", ".adoc"), block_comments=(("<!--", "-->"),)),
)  # fmt: skip

LANGUAGES: MappingProxyType[str, Language] = MappingProxyType(
    {language.key: language for language in (*_WITH_GRAMMAR, *_WITHOUT_GRAMMAR, PLAIN)}
)
"""Every language by key."""

_BY_ID = MappingProxyType({i: one for one in LANGUAGES.values() for i in (one.key, *one.ids)})
_BY_EXTENSION = MappingProxyType({e: one for one in LANGUAGES.values() for e in one.extensions})


def language_for(language_id: str, uri: str = "") -> Language:
    """The language of a document: by LSP language id, else by the file's name, else `PLAIN`. Never raises."""
    known = _BY_ID.get(language_id.strip().lower())
    if known is not None and known is not PLAIN:
        return known
    path = uri.split("?", 1)[0].split("#", 1)[0].replace("\\", "/")
    file_name = path.rsplit("/", 1)[-1].lower()
    dot = file_name.rfind(".")
    return _BY_EXTENSION.get(file_name) or (_BY_EXTENSION.get(file_name[dot:]) if dot >= 0 else None) or PLAIN


@cache  # one entry per grammar; a grammar cannot change while the process lives
def load_grammar(grammar: Grammar) -> tree_sitter.Language | None:
    """The compiled grammar, loaded on first use (1-15 ms); None where its wheel is missing or does not fit."""
    try:
        module = importlib.import_module(grammar.module)
        return tree_sitter.Language(getattr(module, grammar.factory)())
    except (ImportError, AttributeError, ValueError, TypeError):
        return None
