"""Benchmark files → problems, one published format in each file. Importing this alone is cheap."""

FORMATS = ("humaneval", "humaneval+", "humaneval-xl", "mbpp", "multipl-e")
