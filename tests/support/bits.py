"""What this machine computes, as SHA-256 sums: ``python -m support.bits``. Every machine must print the same.

One line for each thing: its sum, two spaces, its name. Needs NumPy only. All inputs are whole numbers, or made by the
generator. ``.ci/wheel.py`` compares what several machines print.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import paranom_rs as pr
from paranom_rs._core import RecurrentTrainer, WindowNetwork
from reference.recurrent_training import autoencoder_shapes

GOLDEN = Path(__file__).parents[1] / "golden"
Floats = NDArray[np.float64]


def digest(*parts: Any) -> str:
    """The sum of arrays, bytes, and what JSON holds."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            # With the bits of each NaN, which IEEE 754 leaves open, and x86 and ARM choose differently.
            assert part.dtype.kind in "fiub", part.dtype
            found.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, bytes):
            found.update(part)
        else:
            found.update(json.dumps(part, default=str).encode())
    return found.hexdigest()


def wave() -> pr.Generator:
    """Three channels of which each has events."""
    return pr.Generator(
        {
            "x": pr.Stochastic(pr.Sine(period=50) + pr.Normal(0.0, 0.1), anomalous=pr.Shift(2.0)),
            "y": pr.Stochastic(pr.AR1(0.9) + pr.ECG(period=40), anomalous=pr.Scale(1.5)),
            "z": pr.Stochastic(pr.RandomWalk(std=0.1), anomalous=pr.Spike(3.0)),
        },
        anomalies=pr.Anomaly(frequency=0.05, duration=(5, 20)),
        seed=3,
    )


def generated() -> Iterator[tuple[str, str]]:
    """Specs of the golden vectors, of which each kind of rule is in one: more rows of them."""
    for path in sorted(GOLDEN.glob("stream?/*.json")):
        vectors = json.loads(path.read_text(encoding="utf-8"))
        for number, case in enumerate([vectors, *vectors.get("cases", [])]):
            if "spec" not in case:
                continue
            spec = case["spec"] | {"stream": vectors["stream"]}
            generator = pr.Generator.from_spec(spec)
            for start, dtype in itertools.product((0, 60_000), ("float64", "float32")):
                if dtype == "float32" and any(v.get("dtype") == "int64" for v in spec["variables"].values()):
                    continue  # float32 has not all whole numbers
                data = generator.generate(3_000, start=start, dtype=dtype)
                values = [np.asarray(data[name]) for name in data.names]
                texts = [v.tolist() if v.dtype.kind in "OUT" else v for v in values]
                name = f"{path.parent.name}/{path.stem}/{number} from {start} in {dtype}"
                yield name, digest(*texts, data.y, [str(event) for event in data.events])


def files() -> Iterator[tuple[str, str]]:
    """The bytes of files."""
    generator = wave()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.parquet", "a.arrow", "a.csv", "a.jsonl", "a.csv.gz", "a.csv.zst"):
            generator.write(Path(folder) / name, 20_000)
            yield name, digest((Path(folder) / name).read_bytes())


def profiles(x: Floats, y: Floats) -> Iterator[tuple[str, str]]:
    """Matrix profiles."""
    gaps = x.copy()
    gaps[100:103], gaps[500:600] = np.nan, 1.0
    several = np.stack([x, y], axis=1)
    for name, series in (("profile", x), ("profile with gaps", gaps)):
        found = pr.matrix_profile(series, window=50)
        yield name, digest(found.profile, found.indices)
    for distance in ("l1", "l2"):
        found = pr.matrix_profile(gaps, window=50, distance=distance)
        yield f"profile by {distance}", digest(found.profile, found.indices)
    joined = pr.matrix_profile_ab_join(x, y, window=50)
    yield "join", digest(joined.profile, joined.indices)
    of_several = pr.matrix_profile_multidimensional(several, window=30)
    yield "profile of several", digest(of_several.profile, of_several.indices)
    yield "distances", digest(pr.distance_profile(x[:40], y))
    yield "MPdist", digest(pr.mpdist(x, y, window=50))
    stream = pr.StreamingMatrixProfile(window=30, history=500)
    yield "streamed profile", digest(np.asarray(stream.update_many(gaps)), stream.to_bytes())


def ramp(X: Floats) -> Iterator[tuple[str, str]]:
    """RAMP: its scores and its state."""
    for kernel in ("gaussian", "author"):
        detector = pr.RAMP(3, window=10, reference=300, threshold=1.0, kernel=kernel)
        scores = detector.score(X[:2_000])
        yield f"RAMP, {kernel}", digest(scores.score, detector.to_bytes())


def networks(X: Floats) -> Iterator[tuple[str, str]]:
    """Recurrent networks: trained, evaluated, in a stream."""
    windows = np.ascontiguousarray(X[:640].reshape(16, 40, 3)[:, :12]).astype(np.float32)
    units, layers, d = 9, 2, 3
    for cell in ("lstm", "gru"):
        count = sum(int(np.prod(shape)) for shape in autoencoder_shapes(cell, d, units, layers, False))
        first = ((np.arange(count) * 7_919) % 1_009 - 504).astype(np.float32) / np.float32(2_048)
        zeros = np.zeros_like(first)
        trained = RecurrentTrainer.autoencoder(cell, d, units, layers, False, "l2", (first, zeros, zeros, 0))
        rates = np.full(4, 0.01)
        losses = [trained.epoch(windows, np.arange(16), 4, rates) for _ in range(3)]
        weights, *_ = trained.state()
        network = WindowNetwork(cell, d, units, layers, False, weights)
        yield f"training of {cell}", digest(np.array(losses), weights)
        yield f"latent vectors of {cell}", digest(network.encode(windows.astype(np.float64)))


def detectors(X: Floats) -> Iterator[tuple[str, str]]:
    """Detectors that compute with the core, or with sums and square roots of NumPy."""
    for kind in (pr.RAMP, pr.ZScore, pr.NearestWindows, pr.MatrixProfileDetector, pr.LeftMatrixProfile):
        detector = kind().fit(X[:1_500])
        yield kind.__name__, digest(detector.decision_function(X[1_500:2_500]), detector.threshold_)


def all_bits() -> Iterator[tuple[str, str]]:
    """The name and the sum of each thing."""
    X = wave().generate(4_000).X
    yield from generated()
    yield from files()
    yield from profiles(*X.T[:2].copy()[:, :1_500])
    yield from ramp(X)
    yield from networks(X)
    yield from detectors(X)


if __name__ == "__main__":
    for name, value in all_bits():
        print(f"{value}  {name}", flush=True)
