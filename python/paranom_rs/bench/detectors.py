"""From what a user types to a detector: names of ours, of other libraries, and of modules and files."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import paranom_rs
from paranom_rs._internal.checks import Floats, shown
from paranom_rs.bench.adapters import ADAPTERS
from paranom_rs.detect.base import Detector
from paranom_rs.errors import SpecError

#: Without a threshold of the detector's own: this quantile of the scores of the training rows.
QUANTILE = 0.99
RULE = (
    "must be a detector of ours, sklearn:, pyod:, river: or aeon: and a name, stumpy, or module:Class, with keywords if"
    " wanted"
)


def ours() -> list[str]:
    """Return the names of our detectors that need no torch."""
    found = [name for name in paranom_rs.__all__ if _is_detector(getattr(paranom_rs, name))]
    return sorted(found)


def _is_detector(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Detector) and not inspect.isabstract(thing)


def make(text: str, seed: int) -> Any:
    """Return a new detector.

    Parameters
    ----------
    text
        ``"RAMP"``, ``"NearestWindows(window=30)"``, ``"pyod:IForest(window=60)"``, ``"my_module:Detector"`` or
        ``"folder/my_file.py:Detector"``.
    seed
        For a parameter ``random_state`` that ``text`` does not set; its low 32 bits, as scikit-learn takes no others.

    Raises
    ------
    SpecError
        For a text that names nothing.
    ImportError
        For a library that is not installed.
    """
    name, keywords = parse(text)
    factory = _find(name)
    if "random_state" not in keywords and _takes_random_state(factory):
        keywords = keywords | {"random_state": seed % 2**32}
    detector = factory(**keywords)
    for method in ("fit", "decision_function"):
        if not callable(getattr(detector, method, None)):
            raise SpecError("detector", f"must have {method}(X)", shown(text))
    return detector


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Return the name, and the keywords in parentheses behind it: plain values only."""
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return name, {}
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or not all(k.arg for k in call.keywords):
            raise ValueError("keywords are wanted")
        return name, {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError):
        raise SpecError("detector", "must be a name, or a name(keyword=value, ...) with plain values", text) from None


def _takes_random_state(factory: Callable[..., Any]) -> bool:
    # Of an adapter: whether the library's detector does.
    made = factory.args[0] if isinstance(factory, partial) else factory
    try:
        found = inspect.signature(made).parameters.get("random_state")
    except (TypeError, ValueError):
        return False
    return found is not None


def _find(name: str) -> Callable[..., Any]:
    module, colon, attribute = name.rpartition(":")
    if not colon:
        return _own(name)
    if module in ADAPTERS:
        return ADAPTERS[module](attribute)
    place = _module_of_file(Path(module)) if module.endswith(".py") else _import(module, name)
    thing = place
    for part in attribute.split("."):
        thing = getattr(thing, part, None)
    if not callable(thing):
        raise SpecError("detector", RULE, f"{name!r}: {module} has no class {attribute}")
    found: Callable[..., Any] = thing
    return found


def _own(name: str) -> Callable[..., Any]:
    if name in ours():
        return getattr(paranom_rs, name)  # type: ignore[no-any-return]
    if name == "stumpy":
        return ADAPTERS["stumpy"]("")
    from paranom_rs import deep

    thing: Any = getattr(deep, name, None) if name in deep.__all__ else None
    if not isinstance(thing, type) or not hasattr(thing, "decision_function"):
        raise SpecError("detector", RULE, f"{name!r}; ours are {', '.join(ours())}, and LSTMAD and RNNAutoencoder")
    return thing


def _import(module: str, name: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise SpecError("detector", RULE, f"{name!r}: no module {error.name}") from None


def _module_of_file(path: Path) -> Any:
    if not path.is_file():
        raise SpecError("detector", RULE, f"no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def threshold_of(detector: Any, train: Floats) -> float:
    """Return the detector's own ``threshold_``, or the 99 % quantile of the scores of the training rows."""
    own = getattr(detector, "threshold_", None)
    if own is not None and np.ndim(own) == 0:
        return float(own)
    scores = getattr(detector, "decision_scores_", None)
    if scores is None:
        scores = detector.decision_function(train)
    return float(np.nanquantile(np.asarray(scores, np.float64), QUANTILE))
