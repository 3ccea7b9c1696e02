"""Mining: from source trees to pairs, without duplicates, with splits that do not leak, and licences.

`mine.mine` does it all; `extract.extract` reads one file. `glosswright model mine` is the command.
"""
