"""The bench: any detector on the suite under a fresh seed, and on public series by the published protocol.

>>> from paranom_rs.bench import run_bench
>>> result = run_bench(["ZScore"], seed=7, series=["wave-value-easy"])
>>> len(result.runs), result.seed
(1, 7)

``result.table("suite")`` has a row for each detector, `compare` ranks them, `BenchResult.save` signs the result with
its seed, hashes of specs and versions. On the command line: ``paranom bench``.
"""

from __future__ import annotations

from paranom_rs.bench.process import Limits
from paranom_rs.bench.ranking import Comparison, compare
from paranom_rs.bench.result import BenchResult, Run
from paranom_rs.bench.runner import run_bench

__all__ = ["BenchResult", "Comparison", "Limits", "Run", "compare", "run_bench"]
