"""Detectors that a bench must survive."""

from __future__ import annotations

import os
import time

import numpy as np


class Plain:
    """The largest deviation from the mean of a channel."""

    def fit(self, X):
        self.mean, self.scale = X.mean(axis=0), X.std(axis=0)
        return self

    def decision_function(self, X):
        print("not for the bench to read")
        return np.abs((X - self.mean) / self.scale).max(axis=1)


class Raises(Plain):
    def fit(self, X):
        raise ValueError("no <b>good</b>")


class Hangs(Plain):
    def fit(self, X):
        time.sleep(1000)


class Ends(Plain):
    def fit(self, X):
        os._exit(7)


class Eats(Plain):
    def fit(self, X):
        self.held = np.ones(2**34)


class Grows(Plain):
    def fit(self, X):
        self.held = []
        while True:
            self.held.append(np.ones(2**22))


class Short(Plain):
    def decision_function(self, X):
        return np.zeros(len(X) - 1)


class Missing(Plain):
    def decision_function(self, X):
        return np.full(len(X), np.nan)


class Random(Plain):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def decision_function(self, X):
        return np.random.default_rng(self.random_state).random(len(X))


class WithoutScores:
    def fit(self, X):
        return self
