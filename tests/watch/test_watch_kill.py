"""A process that is killed at any moment loses nothing that it had acknowledged, and goes on with the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paranom_rs import RAMP
from paranom_rs.watch import Watch
from paranom_rs.watch.detector import apply
from paranom_rs.watch.plan import UNSET
from support import killed

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_fifty_kills(tmp_path: Path) -> None:
    store = tmp_path / "watch.db"
    command = [sys.executable, killed.__file__, str(store), "50", "7"]
    path = str(Path(killed.__file__).parents[1])
    done = subprocess.run(command, capture_output=True, text=True, cwd=path, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["rounds"] > 50
    assert said["actions"]
    with Watch(store, killed.CHANNELS, **killed.SETTINGS) as watch:
        stored = {action.id for action in watch.actions()}
        assert stored >= set(said["actions"])
        for number, state in enumerate(sorted(watch.states(), key=lambda state: state.name)):
            assert state.position >= said["positions"][state.name]
            X = np.array([killed.sample(number, n) for n in range(state.position)])
            rows = watch.rows(state.name)
            np.testing.assert_array_equal(rows.X, X[rows.first :])
            # The log, replayed from the beginning: samples, and the actions that hold, at their places.
            ramp = RAMP(2, **{name: killed.SETTINGS[name] for name in ("window", "reference")}, threshold=UNSET)
            position, scores = 0, []
            for action in watch.actions(state.name, only_held=True):
                if action.taught:
                    scores.append(ramp.score(X[position : action.position]).score)
                    position = action.position
                    apply(ramp, action)
            scores.append(ramp.score(X[position:]).score)
            assert ramp.to_bytes() == watch.detector(state.name).to_bytes()
            if state.name == "one":  # no verdict on it came late or was changed
                assert [action.kind for action in watch.actions("one", only_held=True) if action.alarm is not None]
                np.testing.assert_array_equal(rows.score, np.concatenate(scores)[rows.first :])
