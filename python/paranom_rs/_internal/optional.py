"""Libraries that only an extra installs."""

from __future__ import annotations

import importlib
from typing import Any


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
        raise ImportError(f'{what} needs {library}: pip install "paranom_rs[{extra}]"', name=library) from error
