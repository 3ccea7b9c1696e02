"""Run-length encoding."""


def run_lengths(text: str) -> list[tuple[str, int]]:
    """Return each run of equal characters as (character, length).

    >>> run_lengths("aaab")
    [('a', 3), ('b', 1)]
    >>> run_lengths("")
    []
    """
