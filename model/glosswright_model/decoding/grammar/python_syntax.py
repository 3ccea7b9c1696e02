"""The syntax of Python 3.10, as far as networks are asked for it, for the recogniser.

After the grammar in the Python language reference, chapter 10, down to what `ast.parse` accepts: assignment targets,
the order of arguments and of defaults are exact. Left out: `match`, whose keywords are names elsewhere, and operator
precedence, which decides what code means but not whether it parses.
"""

from __future__ import annotations

import keyword
from functools import cache

from glosswright_model.decoding.grammar.notation import Grammar

KEYWORDS = frozenset(keyword.kwlist)

OPERATORS = [
    "**=",
    "//=",
    ">>=",
    "<<=",
    "...",
    "!=",
    "==",
    "<=",
    ">=",
    "->",
    ":=",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "@=",
    "&=",
    "|=",
    "^=",
    "**",
    "//",
    "<<",
    ">>",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ";",
    ",",
    ".",
    "+",
    "-",
    "*",
    "/",
    "%",
    "@",
    "&",
    "|",
    "^",
    "~",
    "<",
    ">",
    "=",
]
"""Longest first, as they are read."""

PROGRAM, FRAGMENT, FIELD = "program", "fragment", "field"
"""What can be asked for: whole statements; those or a part as corpora of lines have it (a header without its block, a
clause or a decorator alone); the expression in a field of an f-string."""

_TEXT = """
program: statement+
fragment: statement+ | part | part NEWLINE
field: star_exprs | yield_expr

part: head | decorators+ (def_head | class_head)? | clause_head
    | try_head block | elif_clause+ else_clause? | else_clause
    | except_clause+ else_clause? finally_clause? | finally_clause
head: if_head | while_head | for_head | with_head | try_head | def_head | class_head
clause_head: elif_head | else_head | except_head | finally_head

statement: simple_line NEWLINE | compound
simple_line: simple (';' simple)* ';'?
simple: star_exprs | yield_expr | assignment
    | 'pass' | 'break' | 'continue'
    | 'return' star_exprs?
    | 'raise' | 'raise' expr | 'raise' expr 'from' expr
    | 'global' NAME (',' NAME)* | 'nonlocal' NAME (',' NAME)*
    | 'del' del_targets
    | 'assert' expr | 'assert' expr ',' expr
    | 'import' dotted_as (',' dotted_as)*
    | 'from' origin 'import' ('*' | import_as (',' import_as)* | '(' import_as (',' import_as)* ','? ')')
dotted_as: dotted | dotted 'as' NAME
dotted: NAME | dotted '.' NAME
origin: dotted | ('.' | '...')+ dotted?
import_as: NAME | NAME 'as' NAME

assignment: (star_targets '=')+ value
    | single ':' expr | single ':' expr '=' value
    | single ('+=' | '-=' | '*=' | '/=' | '//=' | '%=' | '@=' | '&=' | '|=' | '^=' | '>>=' | '<<=' | '**=') value
value: star_exprs | yield_expr
single: NAME | place | '(' single ')'
place: primary '.' NAME | primary '[' slices ']'
star_targets: star_target (',' star_target)* ','?
star_target: target | '*' target
target: NAME | place | '(' target ')' | '(' ')' | '[' ']' | '[' star_targets ']'
    | '(' star_target ',' ')' | '(' star_target (',' star_target)+ ','? ')'
del_targets: del_target (',' del_target)* ','?
del_target: NAME | place | '(' ')' | '[' ']' | '(' del_targets ')' | '[' del_targets ']'

compound: if_head block elif_clause* else_clause?
    | while_head block else_clause?
    | for_head block else_clause?
    | with_head block
    | try_head block (except_clause+ else_clause? finally_clause? | finally_clause)
    | decorators* (def_head | class_head) block
block: simple_line NEWLINE | NEWLINE INDENT statement+ DEDENT
decorators: '@' named NEWLINE
elif_clause: elif_head block
else_clause: else_head block
except_clause: except_head block
finally_clause: finally_head block
if_head: 'if' named ':'
elif_head: 'elif' named ':'
else_head: 'else' ':'
while_head: 'while' named ':'
for_head: 'async'? 'for' star_targets 'in' star_exprs ':'
try_head: 'try' ':'
except_head: 'except' ':' | 'except' expr ':' | 'except' expr 'as' NAME ':'
finally_head: 'finally' ':'
with_head: 'async'? 'with' with_item (',' with_item)* ':'
    | 'async'? 'with' '(' with_item (',' with_item)* ','? ')' ':'
with_item: expr | expr 'as' target
def_head: 'async'? 'def' NAME '(' parameters? ')' ('->' expr)? ':'
class_head: 'class' NAME ':' | 'class' NAME '(' arguments? ')' ':'

parameters: (positional | positional ',' starred | starred) ','? | (positional ',')? bare_starred ','?
positional: plain_then_defaults | plains ',' '/' | plains ',' '/' ',' plain_then_defaults
    | (plains ',')? defaults ',' '/' (',' defaults)?
plain_then_defaults: plains | plains ',' defaults | defaults
plains: parameter (',' parameter)*
defaults: default (',' default)*
starred: '*' parameter (',' either)* (',' '**' parameter)? | '**' parameter
bare_starred: '*' (',' either)+ (',' '**' parameter)?
either: parameter | default
default: parameter '=' expr
parameter: NAME | NAME ':' expr
lambda_parameters: (l_positional | l_positional ',' l_starred | l_starred) ','? | (l_positional ',')? l_bare ','?
l_positional: l_plain_then_defaults | l_plains ',' '/' | l_plains ',' '/' ',' l_plain_then_defaults
    | (l_plains ',')? l_defaults ',' '/' (',' l_defaults)?
l_plain_then_defaults: l_plains | l_plains ',' l_defaults | l_defaults
l_plains: NAME (',' NAME)*
l_defaults: l_default (',' l_default)*
l_starred: '*' NAME (',' l_either)* (',' '**' NAME)? | '**' NAME
l_bare: '*' (',' l_either)+ (',' '**' NAME)?
l_either: NAME | l_default
l_default: NAME '=' expr

star_exprs: star_expr (',' star_expr)* ','?
star_expr: expr | '*' arithmetic
yield_expr: 'yield' | 'yield' star_exprs | 'yield' 'from' expr
named: expr | NAME ':=' expr
star_named: named | '*' arithmetic
expr: boolean | boolean 'if' boolean 'else' expr | 'lambda' lambda_parameters? ':' expr
boolean: inversion | boolean ('and' | 'or') inversion
inversion: 'not'* comparison
comparison: arithmetic | comparison compare arithmetic
compare: '==' | '!=' | '<' | '>' | '<=' | '>=' | 'in' | 'not' 'in' | 'is' | 'is' 'not'
arithmetic: factor | arithmetic operator factor
operator: '|' | '^' | '&' | '<<' | '>>' | '+' | '-' | '*' | '/' | '//' | '%' | '@' | '**'
factor: ('+' | '-' | '~')* operand
operand: primary | 'await' primary
primary: atom | place | primary '(' arguments? ')' | primary '(' named comprehension+ ')'
slices: slice (',' slice)* ','?
slice: named | expr? ':' expr? | expr? ':' expr? ':' expr?
arguments: (given (',' given)* | given (',' given)* ',' keywords | keywords) ','?
given: named | '*' expr
keywords: keyword_or_star (',' keyword_or_star)* (',' keyword_or_stars)*
    | keyword_or_stars (',' keyword_or_stars)*
keyword_or_star: NAME '=' expr | '*' expr
keyword_or_stars: NAME '=' expr | '**' expr
atom: NAME | NUMBER | STRING+ | BYTES+ | 'True' | 'False' | 'None' | '...'
    | '(' ')' | '(' named ')' | '(' yield_expr ')'
    | '(' star_named ',' ')' | '(' star_named (',' star_named)+ ','? ')' | '(' named comprehension+ ')'
    | '[' ']' | '[' star_named (',' star_named)* ','? ']' | '[' named comprehension+ ']'
    | '{' '}' | '{' star_named (',' star_named)* ','? '}' | '{' named comprehension+ '}'
    | '{' entry (',' entry)* ','? '}' | '{' expr ':' expr comprehension+ '}'
entry: expr ':' expr | '**' arithmetic
comprehension: 'async'? 'for' star_targets 'in' boolean ('if' boolean)*
"""


@cache  # a constant, but one that takes a while to read
def python_grammar() -> Grammar:
    """Python's grammar. Terminals: NAME, NUMBER, STRING, BYTES, NEWLINE, INDENT, DEDENT, keywords and operators."""
    return Grammar.parse(_TEXT)
