"""Libraries that only an extra installs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: What pip installs the package from: the checkout of the repository. A release on an index makes it "paranom_rs", and
#: ``python docs/install_lines.py`` then renews all pages.
SOURCE = "."


def install_line(extra: str) -> str:
    """The command that installs the package with an extra.

    >>> install_line("plot") == f'pip install "{SOURCE}[plot]"'
    True
    """
    return f'pip install "{SOURCE}[{extra}]"'


def require(module: str, extra: str, what: str) -> Any:
    """Import a library that ``what`` needs; the error names the pip line of the extra that brings it.

    >>> require("math", "plot", "plots").floor(1.5)
    1
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != library:
            raise
        raise _missing(what, library, extra) from error


@contextmanager
def needs(library: str, extra: str, what: str) -> Iterator[None]:
    """Say so where the imports inside ``with`` fail: ``what`` needs the library that the extra brings."""
    try:
        yield
    except ImportError as error:
        raise _missing(what, library, extra) from error


def _missing(what: str, library: str, extra: str) -> ImportError:
    where = " in the checkout" if SOURCE == "." else ""
    return ImportError(f"{what} needs {library}: {install_line(extra)}{where}", name=library)
