"""HumanEval+ in its own layout: no test program, but inputs, a reference solution and a tolerance.

The hidden tests run the reference beside the answer, inside the sandbox, and compare what both return as EvalPlus
does: equal, or numbers within the tolerance. `find_zero` has many right answers, so its root is put into the
polynomial. An answer that looks for the reference in its own process could find it; models do not.
"""

from __future__ import annotations

import json

from glosswright_server.evaluation.formats.humaneval import python_task
from glosswright_server.evaluation.formats.row import Row
from glosswright_server.evaluation.problem import HiddenTests, Problem

_PROGRAM = """

def _glosswright_check(answer):
    import copy, json

    def is_float(value):
        if isinstance(value, (list, tuple)) and value:
            return all(isinstance(item, float) for item in value)
        return isinstance(value, float)

    def close(got, wanted, tolerance):
        if isinstance(wanted, (list, tuple)):
            return len(got) == len(wanted) and all(close(a, b, tolerance) for a, b in zip(got, wanted))
        return abs(got - wanted) <= tolerance + 1e-7 * abs(wanted)

    def agree(got, wanted, tolerance):
        if got == wanted:
            return True
        if not tolerance and is_float(wanted):
            tolerance = 1e-6
        return bool(tolerance) and type(got) is type(wanted) and close(got, wanted, tolerance)

    space = {{"__name__": "reference"}}
    exec(compile({reference!r}, "reference", "exec"), space)
    reference = space[{entry!r}]
    for inputs in json.loads({inputs!r}):
        got = answer(*copy.deepcopy(inputs))
        if {entry!r} == "find_zero":
            assert abs(space["poly"](*copy.deepcopy(inputs), got)) <= {tolerance!r}, "not a root"
        else:
            assert agree(got, reference(*copy.deepcopy(inputs)), {tolerance!r}), "another value than the reference"

_glosswright_check({entry})
"""


def evalplus(row: Row) -> Problem:
    """One row with prompt, entry_point, canonical_solution, base_input, plus_input and atol. Raises UsageError."""
    prompt = row.text("prompt")
    reference = prompt + row.text("canonical_solution")
    program = _PROGRAM.format(
        reference=reference,
        entry=row.text("entry_point"),
        inputs=json.dumps(row.items("base_input") + row.items("plus_input")),
        tolerance=row.number("atol", 0.0),
    )
    return Problem(
        id=row.name("task_id"), task=python_task(prompt), tests=HiddenTests(code=program), solution=reference
    )
