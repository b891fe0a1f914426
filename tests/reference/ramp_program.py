"""The three functions that the author of RAMP published, word for word what they compute, and the loop around them.

Nothing is made safe: where the program divides by zero, so does this. `run` says up to which step all is finite.
"""

from __future__ import annotations

import numpy as np


class Program:
    """The program's state: T (M samples), W, H, R and K, for one process."""

    def __init__(self, d: int, m: int, M: int, b: float, theta: float) -> None:
        self.d, self.m, self.M, self.b, self.theta = d, m, M, b, theta
        self.T = np.zeros((d, M))
        self.W: dict = {}
        self.H = np.zeros(M)
        self.R = np.zeros((d, M))
        self.K = np.array([M])
        s = np.arange(-m, m + 1, dtype=float)
        self.alpha = np.exp(-(s**2))

    def anomaly_detection(self, t: int, window: np.ndarray) -> tuple[bool, float, np.ndarray]:
        beta, key, smallest = 0.0, 0, np.zeros(self.d)
        for j in range(self.d):
            min_rd, min_k = np.inf, -1
            for k in range(self.M - self.m):
                distance = np.sum(np.abs(np.subtract(window[j], self.T[j, k : k + self.m])))
                relative = distance / np.sum(np.abs(self.T[j, k : k + self.m]))
                if relative < min_rd:
                    min_rd, min_k = relative, k
            self.R[j, t] = min_k
            key += ((self.M - self.m) ** j) * min_k
            beta += min_rd
            smallest[j] = min_rd
        shares = np.divide(smallest, beta) if beta > 0 else np.zeros(self.d)
        self.H[t] = beta / self.theta if beta > 0 else 1e-10
        if int(key) in self.W:
            beta = self.W[int(key)] * beta
        return bool(beta > self.theta), float(beta), shares

    def uncertainty_function(self, time: int) -> float:
        return float(np.abs(1 - np.exp(self.K[0] ** self.b - time**self.b))) if time > self.M else 0.0

    def adaptive_training(self, t: int, p: float) -> None:
        keys = np.zeros(2 * self.m + 1)
        for k in range(2 * self.m + 1):
            for j in range(self.d):
                keys[k] += ((self.M - self.m) ** j) * (self.R[j, t] - self.m + k)
            if keys[k] not in self.W:
                self.W[keys[k]] = 1
            if k == self.m:
                unweighted = (self.H[t] * self.theta) / self.W[keys[k]]
                self.W[keys[k]] *= (self.alpha[k] * (1 - p)) / (2 * self.H[t])
                self.H[t] = (self.W[keys[k]] * unweighted) / self.theta
            else:
                self.W[keys[k]] *= (self.alpha[k] * (1 - p)) / (2 * self.H[t])

    def human_in_the_loop_training(self, time: int, false_positives: int, true_positives: list[int]) -> None:
        self.K[0] += int((time - self.K[0]) * (false_positives / self.M))
        for i in true_positives:
            key = 0
            for j in range(self.d):
                key += ((self.M - self.m) ** j) * self.R[j, i]
            if key not in self.W:
                self.W[int(key)] = 1
            self.W[int(key)] *= 2 / self.H[i]


def run(X: np.ndarray, *, window: int, reference: int, threshold: float, bias: float, labels=None, p_limit=1.0):
    """The program's loop over ``X`` (d, n): flags, scores, contributions, and the steps before the first non-finite."""
    d, n = X.shape
    program = Program(d, window, reference, bias, threshold)
    steps = n - window
    flags, scores, contributions = np.zeros(steps, int), np.full(steps, -1.0), np.full((steps, d), -1.0)
    program.T[:] = X[:, :reference]
    with np.errstate(all="ignore"):
        for t in range(reference, steps):
            at = t % reference
            flag, scores[t], contributions[t] = program.anomaly_detection(at, X[:, t : t + window])
            flags[t] = flag
            p = program.uncertainty_function(t)
            if p < p_limit:
                program.adaptive_training(at, p)
            if labels is not None:
                confirmed = [at] if flag and labels[t] else []
                program.human_in_the_loop_training(t, int(flag and not labels[t]), confirmed)
            weights = np.array(list(program.W.values()), dtype=float)
            defined = np.isfinite(scores[t]) and np.isfinite(program.H[at]) and program.H[at] > 0
            if not defined or not ((weights > 0) & (weights < 1e150)).all():
                return flags, scores, contributions, t
    return flags, scores, contributions, steps
