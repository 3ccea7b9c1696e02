"""Count the words of a text file."""

from collections import Counter


def words_of(text: str) -> list[str]:
    return text.lower().split()


# a function that returns the n most common words of a text

