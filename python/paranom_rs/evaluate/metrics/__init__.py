"""Figures that say how good a detector is: by rows, by events, by ranges, and by volumes under surfaces (VUS).

Labels are 0 (normal) and 1 (anomalous). Higher scores are more anomalous. `evaluate` gives all figures at once. It
needs scikit-learn (``pip install ".[metrics]"``) for those by rows. The others need only NumPy.

`point_adjusted_f1` is no part of `evaluate`: with point adjustment nearly random scores reach F1 = 1.
"""

from paranom_rs.evaluate.metrics.evaluation import Evaluation, evaluate
from paranom_rs.evaluate.metrics.events import EventReport, event_intervals, event_report
from paranom_rs.evaluate.metrics.nab import nab_score
from paranom_rs.evaluate.metrics.nearness import AffiliationReport, affiliation
from paranom_rs.evaluate.metrics.points import pa_k, point_adjusted_f1
from paranom_rs.evaluate.metrics.proximity import pate
from paranom_rs.evaluate.metrics.ranges import RangeReport, range_report
from paranom_rs.evaluate.metrics.ucr import ucr_score
from paranom_rs.evaluate.metrics.volumes import VUS, vus
from paranom_rs.evaluate.metrics.warning import WarningReport, warning_report

__all__ = [
    "VUS",
    "AffiliationReport",
    "Evaluation",
    "EventReport",
    "RangeReport",
    "WarningReport",
    "affiliation",
    "evaluate",
    "event_intervals",
    "event_report",
    "nab_score",
    "pa_k",
    "pate",
    "point_adjusted_f1",
    "range_report",
    "ucr_score",
    "vus",
    "warning_report",
]
