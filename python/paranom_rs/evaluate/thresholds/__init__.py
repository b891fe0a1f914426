"""From scores to decisions: one small class for each rule, for the scores of every detector.

``fit(scores, y=None)`` sets ``threshold_`` and returns the object. ``predict(scores)`` gives 1 where
``score > threshold_``. A detector takes a rule as ``threshold=POT()``.

=================  ==============================================================  =========
class              the threshold is                                                 needs y
=================  ==============================================================  =========
`Quantile`         a quantile of the normal scores                                  no
`KSigma`           mean + k standard deviations (or median + k MADs)                no
`Conformal`        a rank of the normal scores, with a guarantee for further ones      no
`AlarmsPerDay`     the lowest one that keeps alarms within a daily budget           no
`POT`              the level that a fitted tail exceeds once in 1/risk rows         no
`SPOT`             as POT; it goes on learning, score by score                      no
`FBeta`            the one with the largest F-beta                                  yes
=================  ==============================================================  =========

With `y`, the rules that need no labels learn from the normal rows only.
"""

from paranom_rs.evaluate.thresholds.alarms import AlarmsPerDay
from paranom_rs.evaluate.thresholds.base import Threshold
from paranom_rs.evaluate.thresholds.conformal import Conformal
from paranom_rs.evaluate.thresholds.fbeta import FBeta
from paranom_rs.evaluate.thresholds.pot import POT, SPOT
from paranom_rs.evaluate.thresholds.quantile import KSigma, Quantile

__all__ = ["POT", "SPOT", "AlarmsPerDay", "Conformal", "FBeta", "KSigma", "Quantile", "Threshold"]
