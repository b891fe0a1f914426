"""Dask: partitions equal one local run, also when a worker is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from paranom_rs import Generator, matrix_profile
from paranom_rs import tiled_matrix_profile as local_tiles

dask = pytest.importorskip("dask")
pytest.importorskip("dask.dataframe")

from paranom_rs.connect import dask as connect_dask  # noqa: E402
from paranom_rs.connect.dask import tiled_matrix_profile, to_dask, to_dask_array  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")  # Dask warns about itself


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_partitions_are_the_local_run(generator: Generator, scheduler: str) -> None:
    frame = to_dask(generator, 10_000, start=50, blocks=7)
    local = pd.DataFrame(generator.generate(10_000, start=50).table())
    computed = frame.compute(scheduler=scheduler)
    assert computed.reset_index(drop=True).equals(local)
    assert list(computed.index) == list(range(50, 10_050))
    assert frame.npartitions == 7
    assert frame.known_divisions
    assert frame.divisions[0] == 50
    assert frame.dtypes.equals(local.dtypes)


def test_a_slice_makes_only_its_partition(generator: Generator) -> None:
    frame = to_dask(generator, 10_000, blocks=10).loc[3_100:3_200]
    assert frame.optimize().npartitions == 1
    assert np.array_equal(frame.compute()["pressure"], generator.generate(101, start=3_100)["pressure"])


def test_arrays_have_known_chunks(generator: Generator) -> None:
    array = to_dask_array(generator, 10_000, blocks=3)
    assert array.shape == (10_000, 2)
    assert array.chunks[0] == (3333, 3333, 3334)
    assert np.array_equal(array.compute(scheduler="threads"), generator.generate(10_000).X)


def test_columns_have_their_types(states: Generator) -> None:
    frame = to_dask(states, 3_000, blocks=7)
    local = states.generate(3_000).to_pandas()
    computed = frame.compute(scheduler="threads").reset_index(drop=True)
    assert computed.dtypes.equals(frame.dtypes)
    assert list(map(str, computed.dtypes))[1:4] == ["category", "boolean", "Int64"]
    for name in ("mode", "on", "count"):
        assert computed[name].astype(object).where(computed[name].notna(), None).tolist() == (
            local[name].astype(object).where(local[name].notna(), None).tolist()
        )
    values = to_dask_array(states, 3_000, blocks=7).compute(scheduler="threads")
    assert np.array_equal(values, states.generate(3_000).X, equal_nan=True)


def test_no_rows(generator: Generator) -> None:
    assert list(to_dask(generator, 0).compute().columns) == ["t", "pressure", "läuft", "is_anomaly", "event"]


def test_a_lost_worker_changes_nothing(fragile: Generator) -> None:
    distributed = pytest.importorskip("distributed")
    # What is in the tests' folder is no package of the workers.
    import cloudpickle

    from support import valve

    cloudpickle.register_pickle_by_value(valve)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster),
    ):
        computed = to_dask(fragile, 5_000, blocks=3).compute()
    assert np.array_equal(computed["x"], fragile.generate(5_000)["x"])
    function = fragile.to_spec()["variables"]["x"]["normal"]
    assert function.marker.exists(), "no worker was lost"


def test_tiles_of_a_join_on_lost_workers(tmp_path) -> None:
    distributed = pytest.importorskip("distributed")
    import cloudpickle

    from support import dying_tile

    cloudpickle.register_pickle_by_value(dying_tile)
    x = np.random.default_rng(0).normal(size=2_000).cumsum()
    expected = matrix_profile(x, 50)
    found = tiled_matrix_profile(x, 50, pieces=4)
    assert np.array_equal(found.profile, expected.profile)
    marker = tmp_path / "lost"
    run = dying_tile.dying(connect_dask._run_tiles, marker)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster),
    ):
        found = local_tiles(x, 50, pieces=4, threads=1, folder=tmp_path / "tiles", run=run)
    assert marker.exists(), "no worker was lost"
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.profile, expected.profile)
    assert len(list((tmp_path / "tiles").iterdir())) == 6
