"""Inference: windows per second in batches, latency of one streamed sample, memory over a million rows.

python benches/peers/deep_inference.py
"""

from __future__ import annotations

import resource
import time

import numpy as np

from paranom_rs.deep import LSTMAD, RNNAutoencoder, StreamingDetector


def latency(stream, samples, warm):
    took = []
    for x in samples:
        started = time.perf_counter()
        stream.update(x)
        took.append(time.perf_counter() - started)
    return np.percentile(np.array(took[warm:]) * 1e6, [50, 99])


def eager(stream):
    """The same stream by torch, one call a window."""
    stream._step._score = stream._step._detector._score_windows
    return stream


def main():
    rng = np.random.default_rng(0)
    x = np.sin(np.arange(4000) / 9) + rng.normal(0, 0.1, 4000)
    print("model, score: windows/s in batches; one sample, p50 / p99 us: torch, shipped")
    for cell in ("rnn", "gru", "lstm"):
        for score in ("latent", "reconstruction"):
            det = RNNAutoencoder(cell=cell, scoring_mode=score, epochs=1, verbose=False).fit(x)
            data = np.lib.stride_tricks.sliding_window_view(x, 60)[:3072, :, None]
            det.decision_function(data)
            started = time.process_time()
            det.decision_function(data)
            speed = len(data) / (time.process_time() - started)
            torch = latency(eager(StreamingDetector(det)), x[:600], 100)
            shipped = latency(StreamingDetector(det), x[:1500], 100)
            print(
                f"{cell} {score}: {speed:,.0f}; {torch[0]:.0f} / {torch[1]:.0f}, {shipped[0]:.0f} / {shipped[1]:.0f}",
                flush=True,
            )
    det = LSTMAD(epochs=1, verbose=False).fit(x)
    started = time.process_time()
    det.decision_function(x)
    speed = len(x) / (time.process_time() - started)
    step = latency(StreamingDetector(det), x[:3000], 100)
    print(f"LSTM-AD 2 x 35: {speed:,.0f} rows/s; one sample {step[0]:.0f} / {step[1]:.0f} us")
    long = rng.normal(size=1_000_000)
    for model in (RNNAutoencoder(epochs=1, verbose=False).fit(x), det):
        for n in (100_000, 1_000_000):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            model.decision_function(long[:n])
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(f"{type(model).__name__}, {n:,} rows scored: peak memory grew by {(after - before) / 1024:.1f} MiB")
    stream = StreamingDetector(det)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for value in long[:100_000]:
        stream.update(value)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"LSTM-AD, 100,000 rows streamed: peak memory grew by {(after - before) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
