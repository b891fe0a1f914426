"""CPU seconds to the validation loss of the article's training loop: the loop, our trainer by torch, and by the core.

python benches/peers/deep_training.py sensor.csv.gz [--cell lstm] [--timed 500] [--ours 60] [--batch 16] [--lr 8e-3]

Same windows, same split, same network (one layer, hidden 20), one thread. The article: torch's default weights, Adam
1e-3, L1 loss summed over the window, one window a step, 50 epochs, best-validation weights. Its cost is measured on
--timed windows, since each costs the same; 0 measures all of an epoch. Its loss comes from the core, which makes the
same steps from the same weights in the same order (the two are compared on the timed ones). Ours: RNNAutoencoder's
trainer on the CPU; by torch for --torch epochs, since each costs the same.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from paranom_rs.deep import RNNAutoencoder, windows
from paranom_rs.deep.nets import Autoencoder
from paranom_rs.detect.recurrent import RecurrentTrainer
from paranom_rs.experiments.pump import read

EPOCHS = 50


class ByTorch(RNNAutoencoder):
    """The same detector, trained by torch."""

    def _is_for_core(self):
        return False


def network(cell):
    torch.manual_seed(0)
    return Autoencoder(cell, 1, 20, 1, 0.0, False)


def flat(net):
    return torch.cat([p.detach().reshape(-1) for p in net.parameters()]).numpy().copy()


def loop(cell, train):
    """The article's loop over some windows: CPU seconds, and the weights behind it."""
    net = network(cell)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    net.train()
    started = time.process_time()
    for window in train:
        loss = (net(window[None])[0] - window[None]).abs().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.process_time() - started, flat(net)


class SameSteps:
    """The article's loop, its steps made by the core."""

    def __init__(self, cell):
        weights = flat(network(cell))
        zeros = np.zeros_like(weights)
        self.trainer = RecurrentTrainer.autoencoder(cell, 1, 20, 1, False, "l1", (weights, zeros, zeros, 0))

    def epoch(self, train):
        order, rates = np.arange(len(train)), np.full(len(train), 1e-3)
        self.trainer.epoch(train, order, 1, rates, threads=1)


def ours(detector, epochs, given, train, valid):
    """CPU seconds and the best validation loss."""
    model = detector(
        cell=given.cell, epochs=epochs, batch_size=given.batch, lr=given.lr, scoring_mode="reconstruction",
        device="cpu", verbose=False,
    )  # fmt: skip
    started = time.process_time()
    model.fit(train, validation=valid)
    return time.process_time() - started, min(model.history_[0]["validation"]), model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--timed", type=int, default=500, help="windows of the article's loop that are timed")
    parser.add_argument("--ours", type=int, default=60, help="epochs of ours")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--lr", type=float, default=8e-3)
    parser.add_argument("--torch", type=int, default=2, help="epochs of ours by torch that are timed")
    parser.add_argument("--final", type=float, help="the loop's loss, known from a run before")
    given = parser.parse_args()
    torch.set_num_threads(1)
    x, y = read(given.file)
    cut = windows(x, y)
    split = cut.split(seed=0)
    train, valid = cut.data[split.train], cut.data[split.validation]

    took, loss, model = ours(RNNAutoencoder, given.ours, given, train, valid)
    print(f"ours, core: {loss:.3f} after {took:.1f} CPU s, {given.ours} epochs of {given.batch}", flush=True)
    slower = ours(ByTorch, given.torch, given, train, valid)[0]
    print(f"ours, torch: {given.torch} epochs in {slower:.1f} CPU s, {slower / given.torch:.2f} each", flush=True)

    learnt, held = (model._example(model._scaled(part)) for part in (train, valid))
    timed = learnt[: given.timed or None]
    seconds, weights = loop(given.cell, torch.tensor(timed))
    same = SameSteps(given.cell)
    same.epoch(timed)
    apart = np.abs(same.trainer.state()[0] - weights).max()
    whole = seconds * len(learnt) / len(timed) * EPOCHS
    print(f"article's loop: {len(timed)} windows in {seconds:.1f} CPU s, {EPOCHS} epochs {whole:.0f} s", flush=True)
    print(f"its steps by the core: weights differ by {apart:.1e} at most", flush=True)
    final = given.final
    if final is None:
        same, final, started = SameSteps(given.cell), np.inf, time.process_time()
        for _ in range(EPOCHS):
            same.epoch(learnt)
            final = min(final, same.trainer.losses(held, threads=1).mean())
        spent = time.process_time() - started
        print(
            f"article's loop, steps by the core: {final:.3f} after {spent:.0f} CPU s, {whole / spent:.1f} times faster"
        )
    print(f"the loop ends at {final:.3f} after {whole:.0f} CPU s: {whole / took:.1f} times ours ({loss:.3f})")


if __name__ == "__main__":
    main()
