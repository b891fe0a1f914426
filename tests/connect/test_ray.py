"""Ray: blocks equal one local run, also when a worker is lost; actors hold a detector a key."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from paranom_rs import Generator, matrix_profile
from paranom_rs import tiled_matrix_profile as local_tiles
from paranom_rs.connect.keyed import KeyedRAMP
from support import valve

ray = pytest.importorskip("ray")
pytest.importorskip("ray.data")

from paranom_rs.connect import ray as connect_ray  # noqa: E402
from paranom_rs.connect.ray import tiled_matrix_profile, to_ray  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")  # the engine warns about itself


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    # What is in the tests' folder is no package of the workers.
    ray.cloudpickle.register_pickle_by_value(valve)
    ray.init(num_cpus=2, object_store_memory=200_000_000, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_blocks_are_the_local_run(generator: Generator) -> None:
    rows = to_ray(generator, 10_000, start=50, blocks=7).to_pandas().sort_values("t", ignore_index=True)
    local = pd.DataFrame(generator.generate(10_000, start=50).table())
    for name in local:
        assert np.array_equal(rows[name].to_numpy(local[name].dtype), local[name]), name


def test_columns_have_their_types(states: Generator) -> None:
    rows = to_ray(states, 1_000, blocks=3).to_pandas().sort_values("t", ignore_index=True)
    local = states.generate(1_000)
    assert rows["mode"].astype(object).fillna("").tolist() == local["mode"].tolist()
    assert rows["count"].tolist() == local["count"].tolist()
    assert rows["on"].isna().sum() == local.missing[:, 1].sum()


def test_a_lost_worker_changes_nothing(fragile: Generator) -> None:
    rows = to_ray(fragile, 5_000, blocks=3).to_pandas().sort_values("t")
    assert np.array_equal(rows["x"], fragile.generate(5_000)["x"])
    assert fragile.to_spec()["variables"]["x"]["normal"].marker.exists(), "no worker was lost"


def test_actors_hold_a_detector_each(keyed: KeyedRAMP) -> None:
    class Detector:
        def __init__(self, keyed: KeyedRAMP) -> None:
            self.keyed, self.ramp = keyed, keyed.new()

        def score(self, record: dict[str, float]) -> dict[str, object]:
            return self.keyed.score(self.ramp, [record])[0]

    streams = {key: valve.samples(40, key) for key in range(2)}
    actors = {key: ray.remote(Detector).remote(keyed) for key in streams}
    found = {key: [actors[key].score.remote(record) for record in records] for key, records in streams.items()}
    for key, records in streams.items():
        assert ray.get(found[key]) == keyed.score(keyed.new(), records)


def test_tiles_of_a_join_on_lost_workers(tmp_path) -> None:
    from support import dying_tile

    ray.cloudpickle.register_pickle_by_value(dying_tile)
    x = np.random.default_rng(0).normal(size=2_000).cumsum()
    expected = matrix_profile(x, 50)
    assert np.array_equal(tiled_matrix_profile(x, 50, pieces=4).profile, expected.profile)
    marker = tmp_path / "lost"
    found = local_tiles(x, 50, pieces=4, threads=1, run=dying_tile.dying(connect_ray._run_tiles, marker))
    assert marker.exists(), "no worker was lost"
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.profile, expected.profile)
