"""RAMP in a Bytewax dataflow: a detector for each key."""

from __future__ import annotations

from typing import Any

from paranom_rs._internal.optional import needs

with needs("Bytewax", "bytewax", "paranom_rs.connect.bytewax"):
    import bytewax.operators as op

from paranom_rs.connect.keyed import KeyedRAMP
from paranom_rs.detect.ramp import RAMP

__all__ = ["detect"]


def detect(step_id: str, up: Any, keyed: KeyedRAMP) -> Any:
    """Score a keyed stream of records (dicts): each goes on with its result, see `KeyedRAMP.score`.

    The detectors are Bytewax's state: snapshots hold them, and a recovered dataflow goes on with the same bits.

    Parameters
    ----------
    step_id
        The name of the step, unique in the dataflow.
    up
        A `KeyedStream` of dicts, in the order of time within each key.
    keyed
        The features and the settings.

    Examples
    --------
    >>> import bytewax.operators as op
    >>> from bytewax.dataflow import Dataflow
    >>> from bytewax.testing import TestingSink, TestingSource, run_main
    >>> from paranom_rs.connect.bytewax import detect
    >>> from paranom_rs.connect.keyed import KeyedRAMP
    >>> flow, out = Dataflow("plant"), []
    >>> records = [("pump 1", {"x": float(i % 4)}) for i in range(30)]
    >>> keyed = KeyedRAMP(["x"], window=5, reference=20, threshold=1.0)
    >>> op.output("out", detect("ramp", op.input("in", flow, TestingSource(records)), keyed), TestingSink(out))
    >>> run_main(flow)
    >>> out[-1][0], out[-1][1]["is_anomaly"], out[-1][1]["time"]
    ('pump 1', False, 29)
    """

    def step(ramp: RAMP | None, record: dict[str, Any]) -> tuple[RAMP, dict[str, Any]]:
        ramp = ramp or keyed.new()
        [found] = keyed.score(ramp, [record])
        return ramp, record | found

    return op.stateful_map(step_id, up, step)
