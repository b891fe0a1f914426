"""Mutated states of detectors under a right checksum: each is refused, or it works, and what is saved goes on alike.

``cd tests && python -m support.state_fuzz --count 100000`` runs many; `tests/detect/test_state_fuzz.py` runs a few.
A fault is everything but a StateError on loading: an error or a panic in use, a score that is not a number, a state
that cannot be saved or read again, and a copy that goes on otherwise.
"""

from __future__ import annotations

import argparse
import collections
import copy
import hashlib
import json
import random
import struct
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from paranom_rs import RAMP, LeftMatrixProfile, MatrixProfileDetector, NearestWindows, PCADetector, StateError, ZScore
from paranom_rs.detect.matrix_profile_stream import StreamingMatrixProfile

#: Words that are put into a state: ends of the integers, floats at the edge, what else is not usual.
WORDS = (
    [bytes(8), b"\xff" * 8, b"\xff" * 7 + b"\x7f", b"\x01" + bytes(7), b"\x02" + bytes(7), bytes(7) + b"\x80"]
    + [struct.pack("<d", x) for x in (np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308, -1e308, 1e-308, 0.5, 1e100, 1e145)]
    + [struct.pack("<Q", x) for x in (1 << 20, 1 << 28, 1 << 32, (1 << 53) + 1, 1 << 62)]
)
#: What is put into a header in the place of a value.
VALUES = [None, True, -1, 0, 1, 2, 7, 2**31, 2**63, 1e308, -1e308, 0.5, 1e-320, "", "x", [], [1], {}, "joint", "author"]


class Target(NamedTuple):
    """A state to mutate: its name, its bytes, how to seal mutated ones, how to load, and what to do with it."""

    name: str
    state: bytes
    mutated: Callable[[bytes, random.Random], bytes]
    load: Callable[[bytes], Any]
    use: Callable[[Any], list[Any]]


# ---- checksums


def _fnv(data: bytes) -> int:
    total = 0xCBF29CE484222325
    for byte in data:
        total = ((total ^ byte) * 0x100000001B3) % 2**64
    return total


def core_state(state: bytes, draw: random.Random) -> bytes:
    """A state of the core, changed behind its head, now and then cut or longer; with the right length and checksum."""
    payload = bytearray(state[24:-8])
    for _ in range(draw.randint(1, 4)):
        _strike(payload, draw)
    if draw.random() < 0.05:
        payload = payload[: draw.randrange(len(payload))]
    if draw.random() < 0.05:
        payload += draw.randbytes(draw.randint(1, 40))
    body = state[:16] + struct.pack("<Q", len(payload)) + bytes(payload)
    return body + struct.pack("<Q", _fnv(body))


def file_state(state: bytes, draw: random.Random) -> bytes:
    """A detector's file, its header or its arrays changed, with the right length and checksum."""
    end = 20 + int.from_bytes(state[12:20], "little")
    header, arrays = json.loads(state[20:end]), bytearray(state[end:-32])
    for _ in range(draw.randint(1, 3)):
        if arrays and draw.random() < 0.6:
            _strike(arrays, draw)
        else:
            _change(header, draw)
    text = json.dumps(header).encode()
    body = state[:12] + struct.pack("<Q", len(text)) + text + bytes(arrays)
    return body + hashlib.sha256(body).digest()


def _strike(data: bytearray, draw: random.Random) -> None:
    if len(data) < 8:
        return
    # Mostly where words begin.
    at = draw.randrange(len(data) - 7)
    at = at // 8 * 8 if draw.random() < 0.5 else at
    how = draw.random()
    if how < 0.5:
        data[at : at + 8] = draw.choice(WORDS)
    elif how < 0.7:
        data[at] ^= 1 << draw.randrange(8)
    elif how < 0.85:
        data[at] = draw.randrange(256)
    else:
        other = draw.randrange(len(data) - 7)
        data[at : at + 8] = data[other : other + 8]


def _places(thing: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(thing) if isinstance(thing, dict) else range(len(thing)):
        yield thing, key
        if isinstance(thing[key], dict | list):
            yield from _places(thing[key])


def _change(header: Any, draw: random.Random) -> None:
    holder, key = draw.choice(list(_places(header)))
    if isinstance(holder, dict) and draw.random() < 0.1:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(draw.choice(VALUES))


# ---- what is done with a state that loads


def _series(d: int, n: int = 40) -> Any:
    return np.random.default_rng(1).normal(size=(n, d))


def _use_ramp(ramp: Any) -> list[Any]:
    d = ramp.n_features
    if d > 64 or ramp.settings["reference"] > 5000 or ramp.settings["window"] > 5000:
        return [ramp.to_bytes()]
    out: list[Any] = []
    inferred = ramp.settings["processes"] == "infer"
    for process in [None] if inferred else ramp.processes[:3]:
        found = None
        for x in _series(d):
            found = ramp.update(x, process)
            if found is not None:
                assert not np.isnan(found.score), "a score that is NaN"
                out.append((found.score, found.start, found.is_anomaly, repr(found)))
        if found is not None and not inferred:
            ramp.feedback(false_positives=[found.time], process=process)
    out.append(ramp.score_next(_series(d)[0]) if inferred else ramp.processes)
    return [*out, repr(ramp), ramp.to_bytes()]


def _use_profile(stream: Any) -> list[Any]:
    if stream.n_features > 64 or stream.window > 5000:
        return [stream.to_bytes()]
    scores = stream.update_many(_series(stream.n_features))
    return [scores.tobytes(), np.asarray(stream.index).tobytes(), repr(stream), stream.to_bytes()]


def _use_detector(detector: Any) -> list[Any]:
    X = _series(detector.n_features_in_, 30 + min(detector.window_, 100))
    out: list[Any] = [detector.decision_function(X).tobytes(), detector.predict(X, causal=True).tobytes()]
    for x in X[:20]:
        found = detector.update(x)
        out.append(repr(found))
    out.append(repr(detector.explain(X)) if len(X) >= detector.window_ else "")
    return [*out, repr(detector), detector.to_bytes()]


# ---- the states


def targets() -> list[Target]:
    """All states to mutate."""
    X = np.random.default_rng(0).normal(size=(80, 2))
    made = [
        Target(f"RAMP {more}", _ramp(more, X), core_state, RAMP.from_bytes, _use_ramp)
        for more in (
            {"refresh": "sliding"},
            {"refresh": "clean", "distance": "per_channel", "nan_policy": "propagate"},
            {"mode": "author"},
            {"distance": "joint", "max_weights": 8, "min_gap": 2, "release": 0.9},
            {"processes": "infer"},
            {"processes": ["a", "b"], "scale": "relative"},
        )
    ]
    for window, history, d in ((4, 9, 1), (5, 30, 2)):
        stream = StreamingMatrixProfile(window, history, d)
        stream.update_many(np.random.default_rng(2).normal(size=(50, d)))
        made.append(
            Target(
                f"matrix profile {d}", stream.to_bytes(), core_state, StreamingMatrixProfile.from_bytes, _use_profile
            )
        )
    train = np.random.default_rng(3).normal(size=(70, 2)) + np.sin(np.arange(70) / 3)[:, None]
    kinds: list[Any] = [RAMP, NearestWindows, PCADetector, MatrixProfileDetector, LeftMatrixProfile, ZScore]
    for kind in kinds:
        detector = kind(**({} if kind is ZScore else {"window": 5})).fit(train)
        for x in train[:12]:
            detector.update(x)
        made.append(Target(f"file of {kind.__name__}", detector.to_bytes(), file_state, kind.from_bytes, _use_detector))
    return made


def _ramp(more: dict[str, Any], X: Any) -> bytes:
    ramp = RAMP(**{"n_features": 2, "window": 3, "reference": 12, "threshold": 0.5} | more)
    if more.get("processes") == ["a", "b"]:
        for x in X:
            ramp.update(x, "a")
        ramp.feedback(true_positives=[79], false_positives=[78], process="a")
    else:
        ramp.score(X)
        if more.get("processes") != "infer":
            ramp.feedback(true_positives=[79], false_positives=[78])
            ramp.update([1.0, 2.0], process="filling")
    return ramp.to_bytes()


# ---- the check


def fault(target: Target, data: bytes) -> str | None:
    """Return "refused", None for a state that works, or what went wrong."""
    try:
        try:
            first = target.load(data)
        except StateError:
            return "refused"
        saved = first.to_bytes()
        second = target.load(saved)
        if second.to_bytes() != saved:
            return "FAULT: saved and loaded, it is saved otherwise"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if target.use(first) != target.use(second):
                return "FAULT: saved and loaded, it goes on otherwise"
        target.load(first.to_bytes())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic is none of the others
        return f"FAULT: {type(error).__name__}: {str(error)[:160]}"
    return None


def run(count: int, seed: int = 0) -> tuple[collections.Counter[str], list[tuple[str, str, str]]]:
    """Mutate so many states in turn; return how many were refused and worked, and the faults (name, what, state)."""
    draw, held = random.Random(seed), targets()
    counts: collections.Counter[str] = collections.Counter()
    faults = []
    for target in held:
        assert fault(target, target.state) is None, f"{target.name}: the state itself"
    for i in range(count):
        target = held[i % len(held)]
        data = target.mutated(target.state, draw)
        found = fault(target, data)
        counts["works" if found is None else found.partition(":")[0]] += 1
        if found is not None and found != "refused":
            faults.append((target.name, found, data.hex()))
    return counts, faults


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m support.state_fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    counts, faults = run(given.count, given.seed)
    print(dict(counts))
    by = collections.defaultdict(list)
    for name, what, data in faults:
        by[name, what].append(data)
    for (name, what), states in sorted(by.items(), key=lambda pair: -len(pair[1])):
        print(f"{len(states):6d} {name}: {what}\n       {min(states, key=len)[:400]}")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
