"""``python -m paranom_rs``: the command line without its installed name."""

import sys

from paranom_rs.cli import main

if __name__ == "__main__":
    sys.exit(main())
