"""RAMP in plain NumPy, by brute force: what the Rust detector must equal.

Every distance is the full sum over the window, every sum runs in index order, and nothing is cached.
"""

from __future__ import annotations

import numpy as np

# ---------------------------------------------------------------- shared pieces


def ordered_sum(values: np.ndarray) -> float:
    """Sum from left to right, one addition at a time (``np.sum`` adds in another order)."""
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def distances(live: np.ndarray, reference: np.ndarray, n_windows: int, mode: str = "default") -> np.ndarray:
    """sum_i |live[i] - reference[k + i]| for every k < n_windows; a missing live sample adds 0.

    In author mode it is ``np.sum`` that adds, as in the program.
    """
    if mode == "author":
        m = len(live)
        terms = [np.abs(live - reference[k : k + m]) for k in range(n_windows)]
        return np.array([np.sum(np.where(np.isnan(live), 0.0, one)) for one in terms])
    total = np.zeros(n_windows)
    for i, value in enumerate(live):
        if not np.isnan(value):
            total = total + np.abs(value - reference[i : i + n_windows])
    return total


def window_sums(reference: np.ndarray, m: int, n_windows: int, mode: str = "default") -> np.ndarray:
    """sum_i |reference[k + i]| for every k < n_windows."""
    return distances(np.zeros(m), reference, n_windows, mode)


def published_key(key: tuple[int, ...], offset: int, base: int) -> tuple[int, ...] | None:
    """The key whose weight the program trains for a neighbour; None if no pattern has it.

    The program adds up ``base**j * window`` in floats. A window outside the reference makes the number of another key.
    """
    number = np.float64(0)
    for j, k in enumerate(key):
        number += (base**j) * (np.float64(k) + offset)
    rest, digits = int(number), []
    for _ in key:
        rest, digit = divmod(rest, base)
        digits.append(digit)
    return tuple(digits) if rest == 0 else None


def decay(m: int, kernel: str) -> np.ndarray:
    """How strongly training reaches the 2m + 1 windows around the nearest one."""
    offset = np.arange(-m, m + 1, dtype=float)
    return np.exp(-(offset**2)) if kernel == "author" else np.exp(-(offset**2) / (2 * m * m))


def guess(k: float, t: float, m_ref: int, bias: float) -> float:
    """The uncertainty p: how sure the detector is that an alarm is a true positive."""
    return float(-np.expm1(k**bias - t**bias)) if t > m_ref else 0.0


# ---------------------------------------------------------------- the published program


class AuthorProcess:
    """One process of the published program: reference, weights, ratios, K."""

    def __init__(self, reference: np.ndarray, m: int) -> None:
        self.reference = reference  # (d, M)
        self.m = m
        self.M = reference.shape[1]
        self.n_windows = self.M - m  # the last window is never compared (D4)
        self.weights: dict[tuple[int, ...], float] = {}
        self.K = self.M  # an integer: its steps truncate (D14)

    def detect(self, window: np.ndarray, theta: float):
        """Unweighted score, contributions, key."""
        parts, key = [], []
        for live, ref in zip(window, self.reference, strict=True):
            sums = window_sums(ref, self.m, self.n_windows, "author")
            if (sums == 0).all():
                sums[:] = self.m  # the program divides by 0 everywhere; the detector takes a unit of 1
            with np.errstate(divide="ignore", invalid="ignore"):
                relative = distances(live, ref, self.n_windows, "author") / sums
            relative[np.isnan(relative)] = np.inf  # 0 / 0 is below nothing
            k = int(np.argmin(relative))  # the first minimum (D23)
            key.append(k)
            parts.append(relative[k])
        beta = ordered_sum(np.array(parts))
        contributions = np.array(parts) / beta if beta > 0 else np.zeros(len(parts))
        ratio = beta / theta if beta > 0 else 1e-10
        return beta, contributions, tuple(key), ratio

    def train(self, key: tuple[int, ...], ratio: float, p: float, theta: float, alpha: np.ndarray) -> float:
        """One training cycle; returns the new ratio H."""
        for offset, a in zip(range(-self.m, self.m + 1), alpha, strict=True):
            near = published_key(key, offset, self.n_windows)
            if near is None:
                continue  # such keys can never be looked up (D12)
            old = self.weights.get(near, 1.0)
            # Where the program overflows or divides by zero, the detector gives a defined number, and so does this.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                new = old * (a * (1 - p) / (2 * ratio))
                self.weights[near] = new = new if new < 1e150 else 1e150
                if offset == 0:
                    ratio = new * (ratio * theta / old) / theta if old > 0 else 0.0
                    ratio = 0.0 if np.isnan(ratio) else ratio
        return ratio


def replay(X, *, window, reference, threshold, bias, start_index=(0,), labels=None, p_limit=1.0, trace=None):
    """The published loop over a finished recording ``X`` (d, n): flags, scores, contributions per window."""
    m, M, theta = window, reference, threshold
    d, n = X.shape
    steps = max(n - m, 0)  # the last window is never scored (D4)
    flags, scores = np.zeros(steps, np.int8), np.full(steps, -1.0)
    contributions = np.full((steps, d), -1.0)
    alpha = decay(m, "author")
    processes: list[AuthorProcess] = []
    clocks: list[int] = []
    t = 0
    while t < steps:
        if t in start_index:
            processes.append(AuthorProcess(X[:, t : t + M], m))
            clocks.append(M)
            t += M
            continue
        live = X[:, t : t + m]
        results = [process.detect(live, theta) for process in processes]
        weighted = [process.weights.get(r[2], 1.0) * r[0] for process, r in zip(processes, results, strict=True)]
        owner = min(range(len(processes)), key=lambda i: (weighted[i], -i))  # ties: the later process
        process = processes[owner]
        if len(start_index) > 1:
            clocks[owner] += 1
            now = clocks[owner]
        else:
            now = t
        _, _, key, ratio = results[owner]
        flags[t] = weighted[owner] > theta
        scores[t] = weighted[owner]
        contributions[t] = results[-1][1]  # of the last process, not of the owner (D18)
        p = abs(1 - np.exp(process.K**bias - now**bias)) if now > M else 0.0
        if trace is not None:
            trace.append((owner, now, p, process.K, ratio, *key))
        if p < p_limit:
            ratio = process.train(key, ratio, p, theta, alpha)
        if labels is not None:
            false_positives = int(flags[t] == 1 and labels[t] == 0)
            process.K += int((now - process.K) * (false_positives / M))
            if flags[t] == 1 and labels[t] == 1:
                process.weights[key] = process.weights.get(key, 1.0) * (2 / ratio)
        t += 1
    return flags, scores, contributions


# ---------------------------------------------------------------- the detector that we ship, in both modes

TINY, MOST = 1e-150, 1e150
NO_WINDOW = -(1 << 62)  # in the key, for a channel without a nearest window
TRUE, FALSE = "true positive", "false positive"


def median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else 0.0


EPSILON = float(np.finfo(float).eps)


def unit_of(samples: np.ndarray, scale: str, window: int, mode: str) -> float:
    """What one sample's distance is divided by (the relative scale: its floor)."""
    present = samples[~np.isnan(samples)]
    if scale == "relative" and mode == "author":
        # No floor, unless all that is compared is silent: then that of a constant.
        sums = np.array([np.sum(np.abs(samples[k : k + window])) for k in range(len(samples) - window)])
        return TINY if (sums >= TINY * window).any() else 1.0
    if scale == "none" or len(present) == 0:
        return 1.0
    magnitude = ordered_sum(np.abs(present)) / len(present)
    if scale == "relative":
        return min(max(1e-6 * magnitude, TINY), MOST) if magnitude >= 10 * EPSILON else 1.0
    shifted = present - present[0]  # an exact shift of all values changes no bit of these
    rounding = 16 * EPSILON * np.abs(present).max()
    if shifted.max() - shifted.min() <= rounding:
        return 1.0
    if scale == "mad":
        mad = 1.4826 * median(np.abs(shifted - median(shifted)))
        if mad > max(rounding, 10 * EPSILON):
            return min(mad, MOST)
    mean = ordered_sum(shifted) / len(shifted)
    with np.errstate(over="ignore"):  # an infinite deviation is bounded below
        unit = float(np.sqrt(ordered_sum((shifted - mean) ** 2) / len(shifted)))
    return min(unit, MOST) if unit >= 10 * EPSILON else 1.0


class Pattern:
    """The weight of one pattern, and the feedback on it."""

    def __init__(self) -> None:
        self.trained = 1.0
        self.verdicts: dict[int, tuple[str, float]] = {}  # time -> verdict, unweighted score; oldest first

    def limits(self) -> tuple[float, float]:
        """Scores from the first on alarm, those up to the second do not; the newest of contradictions holds."""
        confirmed, dismissed = np.inf, 0.0
        for verdict, beta in self.verdicts.values():
            if verdict == TRUE:
                confirmed = min(confirmed, beta)
                if dismissed * (1 + 1e-9) >= confirmed:
                    dismissed = 0.0
            else:
                dismissed = max(dismissed, beta)
                if dismissed * (1 + 1e-9) >= confirmed:
                    confirmed = np.inf
        return confirmed, dismissed

    def score(self, beta: float, theta: float) -> float:
        if not self.verdicts:
            return self.trained * beta
        confirmed, dismissed = self.limits()
        least = 1e-10 * theta
        low = theta / max(confirmed, least) if confirmed < np.inf else 0.0
        high = theta / max(dismissed, least) if dismissed > 0 else np.inf
        both = 2 * low > high / 2  # no weight reaches both targets: the one between the limits
        weight = np.sqrt(low) * np.sqrt(high) if both else min(max(self.trained, 2 * low), high / 2)
        return weight * max(beta, least)


class Process:
    """Reference, live window and memory of one process."""

    def __init__(self, cfg: dict) -> None:
        self.cfg = cfg
        self.samples: list[np.ndarray] = []
        self.reference: np.ndarray | None = None  # (M, d)
        self.left = 0  # samples that have left the reference
        self.scored = 0
        self.patterns: dict[tuple[int, ...], Pattern] = {}
        self.records: dict[int, dict] = {}
        self.settled = self.K = float(cfg["reference"])
        self.clean = 0
        self.slide = False
        self.alarm = False
        self.quiet = 0

    def push(self, x: np.ndarray) -> bool:
        m, M = self.cfg["window"], self.cfg["reference"]
        x = np.where(np.isfinite(x) & (np.abs(x) <= 1e300), x, np.nan)
        self.samples.append(x)
        n = len(self.samples)
        if n == M:
            self.reference = np.array(self.samples)
            self.units = [unit_of(ref, self.cfg["scale"], m, self.cfg["mode"]) for ref in self.reference.T]
        if self.slide:
            self.slide = False
            self.reference = np.vstack([self.reference[1:], self.samples[n - 1 - m]])
            self.left += 1
            if self.left % M == 0:
                self.units = [unit_of(ref, self.cfg["scale"], m, self.cfg["mode"]) for ref in self.reference.T]
        if n < M + m:
            return False
        self.compare(np.array(self.samples[n - m :]))
        return True

    def nearest(self, live: np.ndarray, ref: np.ndarray, unit: float):
        """First nearest window and its distance; None if too little is there."""
        m, M = len(live), len(ref)
        n_windows = M - m + (self.cfg["mode"] == "default")
        complete = np.array([not np.isnan(ref[k : k + m]).any() for k in range(n_windows)])
        valid = int((~np.isnan(live)).sum())
        if 2 * valid < m or not complete.any():
            return None
        filled = np.nan_to_num(ref, nan=0.0)
        total = distances(live, filled, n_windows, self.cfg["mode"])
        if self.cfg["scale"] == "relative":
            sums = window_sums(filled, m, n_windows, self.cfg["mode"])
            if self.cfg["mode"] == "author" and unit == TINY:
                complete &= sums >= TINY * m  # 0 / 0 is below nothing
            norms = np.maximum(sums, unit * m)
            total = np.where(complete, total / norms, np.inf)
            k = int(np.argmin(total))
            value = total[k] if valid == m else total[k] * (m / valid)
        else:
            total = np.where(complete, total, np.inf)
            k = int(np.argmin(total))
            value = total[k] / (unit * valid)
        return k + self.left, min(float(value), MOST)

    def nearest_joint(self, live: np.ndarray) -> list:
        """Each channel's share of the root mean squared difference to the nearest window of all channels."""
        m, M = live.shape[0], len(self.reference)
        centres = np.array([next((x for x in ref if not np.isnan(x)), 0.0) for ref in self.reference.T])
        ref, live = ((rows - centres) / np.array(self.units) for rows in (self.reference, live))
        there = ~np.isnan(live)
        complete = [k for k in range(M - m + 1) if not np.isnan(ref[k : k + m]).any()]
        if 2 * there.sum() < live.size or not complete:
            return [None] * live.shape[1]
        squares = [np.where(there, (live - ref[k : k + m]) ** 2, 0.0) for k in complete]
        best = int(np.argmin([square.sum() for square in squares]))
        parts, total = squares[best].sum(axis=0), squares[best].sum()
        distance = np.sqrt(total / there.sum())
        return [(complete[best], distance * part / total if total > 0 else 0.0) for part in parts]

    def compare(self, live: np.ndarray) -> None:
        found = self.nearest_joint(live) if self.cfg.get("distance") == "joint" else self.nearest_each(live)
        self.summed(found, live)

    def nearest_each(self, live: np.ndarray) -> list:
        return [self.nearest(x, ref, unit) for x, ref, unit in zip(live.T, self.reference.T, self.units, strict=True)]

    def summed(self, found: list, live: np.ndarray) -> None:
        self.key = tuple(NO_WINDOW if f is None else f[0] for f in found)
        self.parts = np.array([0.0 if f is None else f[1] for f in found])
        used = sum(f is not None for f in found)
        self.beta = ordered_sum(self.parts)
        if 0 < used < len(found):
            self.beta *= len(found) / used
        self.seen = used > 0
        self.unknown = self.cfg["nan_policy"] == "propagate" and bool(np.isnan(live).any())

    def score(self) -> float:
        if self.unknown:
            return np.nan
        if not self.seen:
            return 0.0
        pattern = self.patterns.get(self.key)
        return self.beta if pattern is None else pattern.score(self.beta, self.cfg["threshold"])

    def contributions(self) -> np.ndarray:
        total = ordered_sum(self.parts)
        if total > 0 and not self.unknown:
            return self.parts / total
        d = len(self.parts)
        return np.zeros(d) if self.cfg["mode"] == "author" else np.full(d, 1 / d)

    def decide(self, score: float, time: int) -> dict:
        cfg, theta, M = self.cfg, self.cfg["threshold"], self.cfg["reference"]
        step = M + self.scored
        self.scored += 1
        flagged = bool(score > theta)
        p = guess(self.K, step, M, cfg["bias"])
        self.forget(time)
        if self.seen and not self.unknown:
            ratio = self.beta / theta if self.beta > 0 else 1e-10
            if p < cfg["p_limit"] and (cfg["train_on"] == "every_step" or flagged):
                ratio = self.train(ratio, p, np.exp(self.K ** cfg["bias"] - step ** cfg["bias"]))
            self.records[time] = {"step": step, "beta": self.beta, "ratio": ratio, "key": self.key, "verdict": None}
        if not np.isnan(score):
            if flagged:
                self.alarm, self.quiet = True, 0
            elif self.alarm:
                self.quiet = 0 if score > cfg["release"] * theta else self.quiet + 1
                self.alarm = self.quiet < max(cfg["min_gap"], 1)
        self.clean = 0 if flagged else self.clean + 1
        self.slide = cfg["refresh"] == "sliding" or (cfg["refresh"] == "clean" and self.clean >= cfg["window"])
        return {
            "score": score,
            "is_anomaly": flagged,
            "alarm": self.alarm,
            "uncertainty": p,
            "time": time,
            "contributions": self.contributions(),
        }

    def train(self, ratio: float, p: float, rest: float) -> float:
        m, theta = self.cfg["window"], self.cfg["threshold"]
        n_windows = self.cfg["reference"] - m + (self.cfg["mode"] == "default")
        target = 1 / (2 * ratio)
        for offset, a in zip(range(-m, m + 1), decay(m, self.cfg["kernel"]), strict=True):
            near = tuple(k if k == NO_WINDOW else k + offset for k in self.key)
            if self.cfg["mode"] == "author" and NO_WINDOW not in near:
                published = published_key(self.key, offset, n_windows)
                if published is None:
                    continue
                near = published
            elif any(k != NO_WINDOW and not self.left <= k < self.left + n_windows for k in near):
                continue
            pattern = self.patterns.get(near, Pattern())
            old = pattern.trained
            if self.cfg["mode"] == "author":
                pattern.trained = min(old * (a * (1 - p) / (2 * ratio)), MOST)
                if offset == 0:
                    ratio = pattern.trained * (ratio * theta / old) / theta if old > 0 else 0.0
            else:
                pattern.trained = min(old, old + a * min(rest, 1.0) * (target - old))
            self.patterns[near] = pattern
        return ratio

    def forget(self, now: int) -> None:
        for time in [t for t in self.records if t <= now - self.cfg["reference"]]:
            record = self.records.pop(time)
            if record["verdict"] == FALSE:
                self.settled += (record["step"] - self.settled) / self.cfg["reference"]

    def feedback(self, verdicts: list[tuple[int, str | None]]) -> None:
        for time, verdict in verdicts:
            record = self.records[time]
            pattern = self.patterns.setdefault(record["key"], Pattern())
            if verdict != record["verdict"]:
                pattern.verdicts.pop(time, None)
                if verdict is not None:
                    pattern.verdicts[time] = (verdict, record["beta"])
            record["verdict"] = verdict
        self.K = self.settled
        for record in self.records.values():  # in the order of time
            if record["verdict"] == FALSE:
                self.K += (record["step"] - self.K) / self.cfg["reference"]


class Ramp:
    """The detector: settings as ``paranom_rs.RAMP``."""

    def __init__(self, **settings) -> None:
        self.cfg = settings
        self.processes: dict = {}
        self.clock = 0

    def update(self, x, process=None) -> dict | None:
        x = np.asarray(x, dtype=float)
        if self.cfg.get("processes") == "infer":
            return self.infer(x)
        one = self.processes.setdefault(process, Process(self.cfg))
        if not one.push(x):
            return None
        return one.decide(one.score(), len(one.samples) - 1) | {"process": process, "key": one.key}

    def infer(self, x) -> dict | None:
        if not self.processes:
            self.processes[0] = Process(self.cfg)
        ready = [(key, one) for key, one in sorted(self.processes.items()) if one.push(x)]
        self.clock += 1
        if not ready:
            return None
        scores = [one.score() for _, one in ready]
        owner = min(range(len(ready)), key=lambda i: (np.inf if np.isnan(scores[i]) else scores[i], -i))
        key, one = ready[owner]
        return one.decide(scores[owner], self.clock - 1) | {"process": key, "key": one.key}

    def add_process(self, key) -> None:
        self.processes[key] = Process(self.cfg)

    def feedback(self, true_positives=(), false_positives=(), process=None) -> None:
        verdicts = [(t, TRUE) for t in true_positives] + [(t, FALSE) for t in false_positives]
        self.give(verdicts, process)

    def undo(self, times, process=None) -> None:
        self.give([(t, None) for t in times], process)

    def give(self, verdicts, process) -> None:
        for key, one in self.processes.items():
            mine = [(t, verdict) for t, verdict in verdicts if t in one.records]
            if mine and (key == process or self.cfg.get("processes") == "infer"):
                now = self.clock - 1 if self.cfg.get("processes") == "infer" else len(one.samples) - 1
                one.forget(now)
                one.feedback(mine)
