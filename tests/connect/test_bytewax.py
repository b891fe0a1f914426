"""Bytewax: each key has its own detector, also in a recovered flow."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from paranom_rs.connect.keyed import KeyedRAMP
from support.valve import samples

pytest.importorskip("bytewax")

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from paranom_rs.connect.bytewax import detect

pytestmark = pytest.mark.filterwarnings("default")  # the engine warns about itself

KEYS = ("a", "b", "ç")


def flow(source: list[Any], out: list[Any], keyed: KeyedRAMP) -> Dataflow:
    flow = Dataflow("plant")
    stream = detect("ramp", op.input("in", flow, TestingSource(source)), keyed)
    op.output("out", stream, TestingSink(out))
    return flow


def expected(keyed: KeyedRAMP) -> dict[str, list[dict[str, Any]]]:
    streams = {key: samples(60, key=i) for i, key in enumerate(KEYS)}
    return {
        key: [record | found for record, found in zip(records, keyed.score(keyed.new(), records), strict=True)]
        for key, records in streams.items()
    }


def interleaved() -> list[Any]:
    rows = zip(*(samples(60, i) for i in range(len(KEYS))), strict=True)
    return [pair for row in rows for pair in zip(KEYS, row, strict=True)]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_key_has_its_own_detector(keyed: KeyedRAMP, workers: int) -> None:
    out: list[Any] = []
    cluster_main(flow(interleaved(), out, keyed), [], 0, worker_count_per_proc=workers)
    assert {key: [record for k, record in out if k == key] for key in KEYS} == expected(keyed)


def test_a_recovered_flow_goes_on(keyed: KeyedRAMP, tmp_path: Path) -> None:
    out: list[Any] = []
    source = interleaved()
    source.insert(100, TestingSource.ABORT())
    init_db_dir(tmp_path, 1)
    for _ in range(2):
        run_main(flow(source, out, keyed), epoch_interval=timedelta(0), recovery_config=RecoveryConfig(tmp_path))
    assert len(out) < 250, "the second run began from the start"
    # Records since the last snapshot are seen again; what comes after them is as if nothing had happened.
    for key, wanted in expected(keyed).items():
        assert [record for k, record in out if k == key][-20:] == wanted[-20:]
