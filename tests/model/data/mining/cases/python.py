#!/usr/bin/env python
# Copyright 2020 somebody. All rights reserved.
import os

# Where settings are kept between two runs
FOLDER = os.path.expanduser("~/.tool")


class Store:
    # How many entries are kept at most
    limit = 10

    @property
    def size(self):
        """Number of entries there are.

        Counts deleted ones too.
        """
        # first those that are open
        return len(self.open)

    def empty(self):
        """Remove every entry at once."""
        raise NotImplementedError

    # Write all entries to the disk
    def flush(self):
        # open the file for writing
        with open(self.path) as file:
            file.write("x")

        self.done = True


def run(a):
    # TODO: make this faster some day
    b = a + 1
    # c = compute(a, before, after)
    # c += 1
    c = b
    # say hello to everybody

    print(c)
    # add one to the total and show it
    total = c + 1
    print(total)
    return total
