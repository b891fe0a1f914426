"""The known flaws of synthetic benchmarks, looked for in a dataset itself.

Wu & Keogh, "Current Time Series Anomaly Detection Benchmarks are Flawed and are Creating the Illusion of Progress"
(TKDE 2021), name them: events that one line of code finds, unrealistic density, labels that match no change, anomalies
that crowd at the end. Each can be computed, for the same rows without anomalies (the clean copy) are known.
"""

from paranom_rs.evaluate.audit.report import Audit
from paranom_rs.evaluate.audit.run import audit_dataset, audit_rows
from paranom_rs.evaluate.audit.statistics import Association

__all__ = ["Association", "Audit", "audit_dataset", "audit_rows"]
