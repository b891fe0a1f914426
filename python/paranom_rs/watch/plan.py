"""How the detectors of a watch begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from paranom_rs._internal.checks import each, flag, real, shown, whole
from paranom_rs.detect.ramp import RAMP
from paranom_rs.errors import SpecError, SpecTypeError

__all__ = ["UNSET", "Plan", "channel_names", "make_plan"]

#: The threshold while there is none: nothing alarms.
UNSET = 1e100
#: A threshold is learnt from so many samples at least.
_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """How each key's detector begins.

    Attributes
    ----------
    d
        Channels.
    settings
        As `RAMP` takes them, with a ``threshold`` (`UNSET` if it is learnt).
    calibrate
        The threshold is learnt from so many samples; None if it is given.
    quantile
        Of their scores: that is the threshold. None: that of `paranom_rs.detect.live_settings`.
    scored
        Samples come with their scores: detectors elsewhere made them.
    """

    d: int
    settings: dict[str, Any]
    calibrate: int | None
    quantile: float | None
    scored: bool = False

    @property
    def threshold(self) -> float | None:
        """The threshold that a detector begins with; None if it is learnt."""
        return None if self.calibrate is not None else float(self.settings["threshold"])

    def new(self) -> RAMP:
        """Return a detector that has seen nothing."""
        return RAMP(self.d, **self.settings)


def make_plan(
    d: int,
    window: int,
    reference: int,
    threshold: float | None,
    calibrate: int | None,
    quantile: float | None,
    settings: dict[str, Any],
    scored: bool,
) -> Plan:
    """Return the plan of a watch; SpecError for settings that `RAMP` refuses, or that do not fit a watch."""
    flag("scored", scored)
    whole("window", window, least=2, most=1 << 20)
    whole("reference", reference, least=3, most=1 << 28)
    level = UNSET if threshold is None else real("threshold", threshold)
    plan = Plan(d, {"window": window, "reference": reference, "threshold": level} | settings, None, None)
    ramp = plan.new()
    plan = replace(plan, settings={name: ramp.settings[name] for name in plan.settings}, scored=scored)
    if scored and threshold is None:
        raise SpecError("threshold", "must be given with scored: the one of the detectors that scored")
    if threshold is not None:
        return plan
    least = int(ramp.settings["reference"] + ramp.settings["window"])
    # Behind the reference there should be scores enough to learn from.
    rows = max(_ROWS, 2 * least) if calibrate is None else whole("calibrate", calibrate, least=least, most=1 << 50)
    if quantile is not None and not 0 <= real("quantile", quantile) <= 1:
        raise SpecError("quantile", "must be from 0 to 1", shown(quantile))
    if ramp.settings["mode"] == "author":
        raise SpecError("threshold", 'must be given with mode="author", which trains from the first sample on')
    return replace(plan, calibrate=rows, quantile=quantile)


def channel_names(channels: Sequence[str]) -> tuple[str, ...]:
    """Return names of channels: texts, at least one, no two the same."""
    names = () if isinstance(channels, str) else tuple(name for _, name in each("channels", channels))
    if not names or not all(isinstance(name, str) for name in names):
        raise SpecTypeError("channels", "must be names", shown(channels))
    if len(set(names)) < len(names):
        raise SpecError("channels", "must be different names", ", ".join(names))
    return names
