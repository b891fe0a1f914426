"""RAMP behind a Kafka topic with Quix Streams: a detector for each message key."""

from __future__ import annotations

from typing import Any

from paranom_rs._internal.optional import needs

with needs("Quix Streams", "quix", "paranom_rs.connect.quix"):
    from quixstreams import State
    from quixstreams.dataframe import StreamingDataFrame

from paranom_rs.connect.keyed import KeyedRAMP

__all__ = ["detect"]

_STATE = "paranom.ramp"


def detect(frame: StreamingDataFrame, keyed: KeyedRAMP) -> StreamingDataFrame:
    """Score a stream of records (dicts): each goes on with its result, see `KeyedRAMP.score`.

    The detectors are Quix's state, one for each message key, so they survive restarts and move with their partition.
    Every message loads and saves its detector: some 10 microseconds for a kilobyte of `RAMP.bytes_per_process`.
    """

    def step(record: dict[str, Any], state: State) -> dict[str, Any]:
        ramp = keyed.load(state.get_bytes(_STATE))
        [found] = keyed.score(ramp, [record])
        state.set_bytes(_STATE, ramp.to_bytes())
        return record | found

    return frame.apply(step, stateful=True)
