"""`python -m glosswright_model`: the model server's command line; see `cli`."""

from __future__ import annotations

import sys

from glosswright_model.cli import main

if __name__ == "__main__":
    sys.exit(main())
