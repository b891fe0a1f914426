"""Detectors of other libraries, as the bench wants them: ``fit(X)`` and ``decision_function(X)``.

Each module has a function that takes a name of its library and returns what makes the detector. It is called when the
detector is wanted, so that a library which is not installed disturbs nobody.
"""

from __future__ import annotations

from paranom_rs.bench.adapters import aeon, pyod, river, scikit_learn, stumpy

#: By the word before the colon.
ADAPTERS = {
    "sklearn": scikit_learn.find,
    "pyod": pyod.find,
    "river": river.find,
    "aeon": aeon.find,
    "stumpy": stumpy.find,
}

__all__ = ["ADAPTERS"]
