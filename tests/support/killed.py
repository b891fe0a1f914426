"""Kills a process that feeds a `Watch`, again and again, and says what had been acknowledged.

``python killed.py STORE KILLS SEED`` prints one JSON object. One process forks the others, so that importing takes no
time; each is killed (signal 9) at a random moment.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from typing import Any

import numpy as np

from paranom_rs.watch import Watch

CHANNELS = ["a", "b"]
SETTINGS: dict[str, Any] = {
    "window": 4, "reference": 40, "threshold": None, "calibrate": 200, "quantile": 0.98, "keep": 2048
}  # fmt: skip


def sample(key: int, n: int) -> list[float]:
    """Sample ``n`` of a key, always the same."""
    rng = np.random.default_rng([key, n])
    x = np.sin([n / 3.0, n / 7.0]) + 0.1 * rng.normal(size=2)
    return (x + (3.0 if n % 150 > 144 else 0.0)).tolist()


def work(store: str, seed: int, out: int) -> None:
    """Feed samples, give verdicts, change thresholds; write down each once its call has returned."""
    chance = random.Random(seed)
    with Watch(store, CHANNELS, **SETTINGS) as watch:
        keys = ["one", "two"]
        at = dict.fromkeys(keys, 0) | {state.name: state.position for state in watch.states()}
        while True:
            batch = [chance.choice(keys) for _ in range(chance.choice([1, 2, 30, 200]))]
            X, t = [], []
            for key in batch:
                X.append(sample(keys.index(key), at[key]))
                t.append(float(at[key]))
                at[key] += 1
            watch.update_many(X, batch, t=t)
            said: dict[str, Any] = {"positions": at}
            alarms = watch.alarms(most=3)
            if alarms and chance.random() < 0.3:
                alarm = chance.choice(alarms)
                # On the one key, verdicts come at once and stay; on the other, late and changed ones come too.
                name = watch.key_name(alarm.key)
                if name == "one" and (watch.verdicts_on([alarm.id]) or alarm.start < at[name] - 30):
                    continue
                said["action"] = watch.feedback(alarm.id, real=chance.random() < 0.3, who="kill").action
            if at["one"] and chance.random() < 0.05:
                said["action"] = watch.set_threshold(0.5 + chance.random(), "one")
            os.write(out, json.dumps(said).encode() + b"\n")


def main(store: str, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    actions: list[int] = []
    rounds = 0
    for number in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            work(store, seed * 1000 + number, writing)
        os.close(writing)
        # Wait until it is at work, then a little, then kill it.
        text = b""
        if not select.select([reading], [], [], 60)[0]:
            raise SystemExit("the process did nothing for a minute")
        until = time.monotonic() + chance.random() * 0.15
        while time.monotonic() < until:
            if select.select([reading], [], [], 0.002)[0]:
                text += os.read(reading, 1 << 16)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while more := os.read(reading, 1 << 16):
            text += more
        os.close(reading)
        lines = text.split(b"\n")
        for line in map(json.loads, lines[:-1]):
            acknowledged = line["positions"]
            actions += [line["action"]] if "action" in line else []
            rounds += 1
    print(json.dumps({"positions": acknowledged, "actions": actions, "rounds": rounds}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
