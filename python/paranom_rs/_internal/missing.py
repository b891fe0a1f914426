"""Missing values in windows of rows."""

from __future__ import annotations

import numpy as np

from paranom_rs._internal import checks
from paranom_rs._internal.checks import Floats
from paranom_rs.errors import SpecError

NAN_POLICIES = ("median", "linear", "kernel", "raise")


def fill_missing(data: Floats, nan_policy: str = "median") -> Floats:
    """Fill every NaN of windows.

    Parameters
    ----------
    data
        Windows, shape (k, window, d).
    nan_policy
        ``"median"``: the median of the window's channel. ``"linear"``: on the line between the neighbours in the
        window, outwards the nearest value. ``"kernel"``: the Gaussian-weighted mean of the window's values
        (bandwidth 2 rows, wider where nothing is near). ``"raise"``: refuse.

    Returns
    -------
    filled
        The windows without NaN; the windows themselves, not a copy, where there is none.

    Raises
    ------
    SpecError
        For a channel that has no value at all in a window, and for any NaN where ``nan_policy`` is ``"raise"``.

    Examples
    --------
    >>> import numpy as np
    >>> from paranom_rs.deep import fill_missing
    >>> fill_missing(np.array([[[1.0], [np.nan], [3.0]]])).ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    checks.one_of("nan_policy", nan_policy, NAN_POLICIES)
    missing = np.isnan(data)
    if not missing.any():
        return data
    window, row, channel = (int(i) for i in np.argwhere(missing)[0])
    if nan_policy == "raise":
        rule = f'must not be NaN in window {window}, row {row}, channel {channel} with nan_policy="raise"'
        raise SpecError("X", rule)
    empty = missing.all(axis=1)
    if empty.any():
        window, channel = (int(i) for i in np.argwhere(empty)[0])
        raise SpecError("X", f"must hold a value of channel {channel} in window {window} to fill from", "NaN only")
    filled = np.array(data)
    if nan_policy == "median":
        np.copyto(filled, np.nanmedian(data, axis=1, keepdims=True), where=missing)
        return filled
    at = np.arange(data.shape[1], dtype=np.float64)
    for k, c in np.argwhere(missing.any(axis=1)):
        gap = missing[k, :, c]
        known = data[k, ~gap, c]
        if nan_policy == "linear":
            filled[k, gap, c] = np.interp(at[gap], at[~gap], known)
        else:
            exponent = -(((at[gap][:, None] - at[~gap]) / 2.0) ** 2) / 2
            # Relative to the nearest value, so that a long gap cannot underflow to 0 / 0.
            weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
            filled[k, gap, c] = weight @ known / weight.sum(axis=1)
    return filled
