"""Seconds to the validation loss of the article's training loop: its batch size 1 against our batches.

python benches/peers/deep_training.py sensor.csv.gz [--cell lstm] [--epochs 50] [--ours 60]

With fewer --epochs the time of 50 is reckoned from them; their loss is then to be given (--final).

Same windows, same split, same network (one layer, hidden 20), one thread. The article: torch's default
weights, Adam 1e-3, L1 loss summed over the window, one window a step, best-validation weights. Ours:
RNNAutoencoder's trainer.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from paranom_rs.deep import RNNAutoencoder, windows
from paranom_rs.deep.nets import Autoencoder
from paranom_rs.experiments.pump import read


def article(cell, train, valid, epochs):
    """Best validation loss and CPU seconds after each epoch."""
    torch.manual_seed(0)
    net = Autoencoder(cell, 1, 20, 1, 0.0, False)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    best, curve, started = np.inf, [], time.process_time()
    for _ in range(epochs):
        net.train()
        for window in train:
            loss = (net(window[None])[0] - window[None]).abs().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            best = min(best, float((net(valid)[0] - valid).abs().sum((1, 2)).mean()))
        curve.append((best, time.process_time() - started))
        print(f"article, epoch {len(curve)}: {best:.3f} after {curve[-1][1]:.0f} CPU s", flush=True)
    return curve


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--epochs", type=int, default=50, help="of the article's loop to run")
    parser.add_argument("--final", type=float, help="its loss after 50 epochs, known from a whole run")
    parser.add_argument("--ours", type=int, default=60, help="epochs of ours")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=8e-3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    x, y = read(given.file)
    cut = windows(x, y)
    split = cut.split(seed=0)
    train, valid = cut.data[split.train], cut.data[split.validation]

    model = RNNAutoencoder(
        cell=given.cell, epochs=given.ours, batch_size=given.batch, lr=given.lr, scoring_mode="reconstruction",
        device="cpu", verbose=False,
    )  # fmt: skip
    started = time.process_time()
    model.fit(train, validation=valid)
    ours = time.process_time() - started
    loss = min(model.history_[0]["validation"])
    print(f"ours: {loss:.3f} after {ours:.1f} CPU s, {given.ours} epochs of batches of {given.batch}", flush=True)

    learnt, held = (torch.tensor(model._example(model._scaled(part))) for part in (train, valid))
    curve = article(given.cell, learnt, held, given.epochs)
    if given.epochs < 50:
        # The cost of an epoch does not change, so a few of them say what all would take.
        whole = curve[-1][1] * 50 / given.epochs
        final = "" if given.final is None else f" and ends at {given.final:.3f}"
        print(f"article: 50 epochs would take {whole:.0f} CPU s{final}: {whole / ours:.1f} times ours")
        return
    print(f"article: {curve[-1][0]:.3f} after {curve[-1][1]:.0f} CPU s: {curve[-1][1] / ours:.1f} times ours")
    reached = [seconds for best, seconds in curve if best <= loss]
    if reached:
        print(f"article reaches ours ({loss:.3f}) after {reached[0]:.0f} CPU s: {reached[0] / ours:.1f} times ours")


if __name__ == "__main__":
    main()
