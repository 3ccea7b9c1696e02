"""HumanEval rows, and those that share their fields: HumanEval+ in its original layout, and HumanEval-XL.

The document is the prompt as it stands; the user asks at the end of the docstring. HumanEval-XL states the same
problems in other natural languages; of its programming languages only Python can be judged here.
"""

from __future__ import annotations

from glosswright_server.evaluation.formats.row import Row
from glosswright_server.evaluation.problem import HiddenTests, Problem, Task

STOP = ("\ndef", "\nclass", "\nif", "\nprint", "\n#")
"""Where a model's text is customarily cut off on these problems."""


def humaneval(row: Row) -> Problem:
    """One row with task_id, prompt, entry_point, test and perhaps canonical_solution. Raises UsageError."""
    prompt = row.text("prompt")
    solution = row.text("canonical_solution", "")
    return Problem(
        id=row.name("task_id"),
        task=python_task(prompt),
        tests=HiddenTests(code=f"{row.text('test')}\n\ncheck({row.text('entry_point')})\n"),
        solution=prompt + solution if solution else None,
    )


def humaneval_xl(row: Row) -> Problem:
    """One row of HumanEval-XL; its id also says the natural language, which task_id does not. Raises UsageError."""
    if (language := row.text("language", "python").lower()) != "python":
        raise row.error(f"HumanEval-XL can be judged here in Python, not in {language}.")
    problem = humaneval(row)
    natural = row.text("natural_language", "")
    if not natural:
        return problem
    return Problem(id=f"{problem.id}/{natural}", task=problem.task, tests=problem.tests, solution=problem.solution)


def python_task(document: str) -> Task:
    """A file that ends with the docstring of a function without a body."""
    return Task(language="python", document=document, cursor=len(document.rstrip()), prompt=document, stop=STOP)
