"""What notebooks show of a detector."""

from __future__ import annotations

from typing import Any

import numpy as np

from paranom_rs._internal import html

#: Names of channels that are written out.
_NAMED = 8


def detector_html(detector: Any) -> str:
    """Return the settings of a detector, and what it has learnt, as HTML."""
    name, changed = type(detector).__name__, _changed(detector)
    if not detector.__sklearn_is_fitted__():
        return html.table(f"{name}: settings", [], changed.items(), "" if changed else "All are the defaults.")
    changed.pop("window", None)
    rows: list[list[object]] = [[key, value, ""] for key, value in changed.items()]
    names = [str(x) for x in getattr(detector, "feature_names_in_", [])]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    rows += [
        ["channels", ", ".join(names[:_NAMED]) + more if names else detector.n_features_in_, ""],
        ["window, rows", f"{detector.window_:,}", ""],
        ["threshold", f"{detector.threshold_:.4g}", f"causal and in streams: {detector.causal_threshold_:.4g}"],
        _training(detector.decision_scores_, detector.labels_),
    ]
    return html.table(f"{name}, fitted to {len(detector.decision_scores_):,} rows", [], rows)


def _changed(detector: Any) -> dict[str, str]:
    """Return the parameters that are not the defaults."""
    defaults = type(detector)().get_params()
    return {key: repr(value) for key, value in detector.get_params().items() if value != defaults[key]}


def _training(scores: Any, labels: Any) -> list[object]:
    known = ~np.isnan(scores)
    share = f"{labels[known].mean():.2%} under alarm" if known.any() else ""
    return ["scores of the training rows", html.line(scores, labels), share]
