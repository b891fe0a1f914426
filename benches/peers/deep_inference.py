"""Inference: windows per CPU second in batches, CPU time of one streamed row, memory over a million rows.

python benches/peers/deep_inference.py [--rows 1000000]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from paranom_rs.deep import LSTMAD, RNNAutoencoder


def speed(det, x):
    det.decision_function(x[:200], causal=True)
    started = time.process_time()
    det.decision_function(x, causal=True)
    return len(x) / (time.process_time() - started)


def latency(det, samples):
    det.restart()
    took = []
    for x in samples:
        started = time.process_time()
        det.update(x)
        took.append(time.process_time() - started)
    return np.percentile(np.array(took[det.window_ :]) * 1e6, [50, 99])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(4000) / 9) + rng.normal(0, 0.1, 4000)
    kept = []
    print("model, score: rows per CPU second; one streamed row, CPU us, p50 / p99")
    for cell in ("rnn", "gru", "lstm"):
        for score in ("latent", "reconstruction"):
            det = RNNAutoencoder(cell=cell, scoring_mode=score, epochs=1, verbose=False, device="cpu").fit(x)
            step = latency(det, x[:800])
            print(f"{cell} {score}: {speed(det, x):,.0f}; {step[0]:.0f} / {step[1]:.0f}", flush=True)
    kept.append(det)
    det = LSTMAD(epochs=1, verbose=False, device="cpu").fit(x)
    step = latency(det, x[:2000])
    print(f"LSTM-AD 2 x 35: {speed(det, x):,.0f}; {step[0]:.0f} / {step[1]:.0f}", flush=True)
    kept.append(det)
    long = rng.normal(size=given.rows)
    for model in kept:
        for n in (given.rows // 10, given.rows):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            model.decision_function(long[:n])
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(f"{type(model).__name__}, {n:,} rows scored: peak memory grew by {(after - before) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
