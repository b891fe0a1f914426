"""The figures of docs/watch.md: how much `paranom watch` takes, and how soon a click acts.

``python benches/peers/watch_load.py engine|page|memory`` (the page needs Chromium and Playwright). One machine,
loopback, bounded in time: ``engine`` some minutes, the others about one. Other work on the machine makes it slower.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from paranom_rs.watch import Watch

CHANNELS = [f"c{i}" for i in range(8)]


def megabytes(pid: int | str = "self") -> float:
    """Memory of a process: resident, now."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) / 1e3


def rows(n: int) -> np.ndarray[Any, Any]:
    X = np.sin(np.arange(n)[:, None] / np.arange(3, 11)) + 0.1 * np.random.default_rng(0).normal(size=(n, 8))
    X[500::2000, 1] += 4
    return X


def engine(total: int = 10_000_000) -> None:
    """Samples a second into a store, and memory as they grow in number."""
    with tempfile.TemporaryDirectory() as folder:
        for n_keys, batch, most in ((1, 1, 5_000), (1, 1000, 300_000), (100, 1000, 300_000), (10_000, 10_000, 200_000)):
            X, names = rows(batch), [f"machine {i}" for i in range(n_keys)]
            keys = [names[i % n_keys] for i in range(batch)]
            with Watch(f"{folder}/{n_keys}-{batch}.db", CHANNELS, threshold=2.0) as watch:
                watch.update_many(X, keys)
                begin, done = time.perf_counter(), 0
                while done < most:
                    watch.update_many(X, keys)
                    done += batch
                took = time.perf_counter() - begin
            print(f"{n_keys} keys, batches of {batch}: {done / took:,.0f} samples/s, {megabytes():.0f} MB", flush=True)
        with Watch(f"{folder}/long.db", CHANNELS, threshold=2.0, keep=20_000) as watch:
            X, keys, done = rows(2000), [f"machine {i % 20}" for i in range(2000)], 0
            while done < total:
                watch.update_many(X, keys)
                done += len(X)
                if done % (total // 10) == 0:
                    size = sum(path.stat().st_size for path in Path(folder).glob("long.db*")) / 1e6
                    print(f"{done:,} samples: {megabytes():.0f} MB of memory, {size:.0f} MB of store", flush=True)


class Served:
    """``paranom watch -`` in a process of its own, fed through its standard input."""

    def __init__(self, folder: str) -> None:
        columns = ",".join(CHANNELS)
        command = [sys.executable, "-m", "paranom_rs", "watch", "-", "--threshold", "2", "--columns", columns]
        begin = time.perf_counter()
        command += ["--port", "0", "--keep", "20000"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=folder, stdin=pipe, stderr=pipe, text=True)
        assert self.process.stderr is not None
        assert self.process.stdin is not None
        self.process.stdin.write(f"t,{columns}\n")
        self.process.stdin.flush()
        while " at http" not in (line := self.process.stderr.readline()):
            pass
        self.url = line.split(" at ")[1].split(";")[0]
        urllib.request.urlopen(self.url).read()
        self.started = time.perf_counter() - begin
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.sent = 0
        text = [",".join(f"{x:.6g}" for x in row) for row in rows(2000).tolist()]
        self._lines = text

    def write(self, n: int) -> None:
        assert self.process.stdin is not None
        at = self.sent
        lines = [f"{(at + i) / 1e3},{self._lines[(at + i) % len(self._lines)]}\n" for i in range(n)]
        self.process.stdin.write("".join(lines))
        self.process.stdin.flush()
        self.sent += n

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any, csrf: str) -> Any:
        headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf, "Origin": self.url.rstrip("/")}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


class Listener:
    """A reader of the live stream that notes when each sample came."""

    def __init__(self, url: str) -> None:
        self.came: list[tuple[float, int]] = [(0.0, 0)]
        self._answer = urllib.request.urlopen(f"{url}api/stream?key=&width=1")
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        for line in self._answer:
            if line.startswith(b"data: {"):
                self.came.append((time.perf_counter(), json.loads(line[6:])["position"]))

    def first_above(self, position: int) -> float:
        """When the first sample above a position came."""
        while self.came[-1][1] <= position:
            time.sleep(0.001)
        return next(at for at, reached in self.came if reached > position)


def clicks(served: Served, n: int = 100) -> None:
    """From a click to the answer, and to the first sample that the taught detector scored in the stream of a page."""
    csrf, listener = served.get("api/me")["csrf"], Listener(served.url)
    stop = threading.Event()

    def trickle() -> None:
        while not stop.is_set():
            served.write(10)
            stop.wait(0.01)

    feeding = threading.Thread(target=trickle)
    feeding.start()
    answers, seen = [], []
    for i in range(n):
        # One of the last alarms: a person clicks on what has just come.
        alarm = served.get("api/alarms?key=&most=1")["alarms"][0]["id"]
        begin = time.perf_counter()
        done = served.post("api/verdict", {"alarm": alarm, "real": i % 2 == 0}, csrf)
        answers.append(time.perf_counter() - begin)
        seen.append(listener.first_above(done["position"]) - begin)
        time.sleep(0.05)
    stop.set()
    feeding.join()
    for name, times in (("answer", answers), ("muted score in the stream", seen)):
        p50, p99 = np.quantile(times, [0.5, 0.99]) * 1e3
        print(f"click to {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms ({n} clicks, 1,000 samples/s)", flush=True)


def browsers(driver: Any, n: int, url: str) -> tuple[Any, list[Any]]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    browser = driver.chromium.launch(
        executable_path=program, args=["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"]
    )
    pages = [browser.new_context(viewport={"width": 1400, "height": 900}).new_page() for _ in range(n)]
    for page in pages:
        page.goto(url)
    return browser, pages


def page(seconds: float = 20.0) -> None:
    """Samples a second from end to end with three pages open; clicks."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        served = Served(folder)
        print(f"page served {served.started:.2f} s after the command", flush=True)
        browser, pages = browsers(driver, 3, served.url)
        served.write(2000)
        for one in pages:
            one.wait_for_selector("#keys li")
        begin, first = time.perf_counter(), served.sent
        while time.perf_counter() - begin < seconds:
            served.write(2000)
        while served.get("api/status")["samples"] < served.sent:
            time.sleep(0.01)
        took = time.perf_counter() - begin
        pages[0].locator("#keys li", has_text=f"{served.sent} samples").wait_for()
        print(f"8 channels, three pages open: {(served.sent - first) / took:,.0f} samples/s, ", end="")
        print(f"server {megabytes(served.process.pid):.0f} MB", flush=True)
        browser.close()
        clicks(served)
        served.process.kill()


def memory(samples: int = 360_000) -> None:
    """A page that is left open: an hour of 100 samples a second, replayed at 10,000."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        served = Served(folder)
        browser, (one,) = browsers(driver, 1, served.url)
        while served.sent < samples:
            begin = time.perf_counter()
            served.write(1000)
            if served.sent % (samples // 6) == 0:
                heap = one.evaluate("performance.memory.usedJSHeapSize") / 1e6
                one.evaluate("gc()")
                rest = one.evaluate("performance.memory.usedJSHeapSize") / 1e6
                tabs = subprocess.run(["pgrep", "-f", "type=renderer"], capture_output=True, text=True, check=False)
                ours = [int(pid) for pid in tabs.stdout.split() if is_below(int(pid), os.getpid())]
                largest = max(map(megabytes, ours), default=0.0)
                print(f"{served.sent:,} samples: heap {heap:.0f} MB, {rest:.0f} MB after collection, ", end="")
                print(f"process {largest:.0f} MB", flush=True)
            time.sleep(max(0.0, 0.1 - (time.perf_counter() - begin)))
        browser.close()
        served.process.kill()


def is_below(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


if __name__ == "__main__":
    {"engine": engine, "page": page, "memory": memory}[sys.argv[1]]()
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")
