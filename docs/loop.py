"""Draw the animated picture of the first page: from a recording to an alarm in the browser.

Every curve is an output of the package. Run ``python docs/loop.py``: it writes loop.gif. It needs matplotlib, Pillow,
scikit-learn, playwright and Debian's chromium.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from paranom_rs import RAMP, Anomaly, Dataset, FrequencyChange, Generator, Noise, Shift, read_table

FOLDER = Path(__file__).parent
RECORDING = FOLDER.parent / "examples" / "data" / "shuttle_tek14.csv"
WIDTH, HEIGHT = 900, 440
#: The first generated row that is shown.
START = 16_300
#: The detector, of the last but one scene and of the page.
DETECTOR: dict[str, Any] = {"window": 60, "reference": 8_000, "threshold": 0.05}
LINE, ALARM, SHADE, GREY = "#1f4e79", "#c8384a", "#fbe0e2", "#7d8b99"
STEPS = ["recording", "learnt generator", "labelled anomalies", "detector", "alarm in the browser"]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What a part of the animation shows."""

    step: int
    text: str
    values: Values
    labels: NDArray[np.int8] | None = None
    scores: Values | None = None
    threshold: float = 0.0


def scenes() -> tuple[list[Scene], Generator]:
    """The scenes that are drawn, and the generator that feeds the page."""
    frame = read_table(RECORDING, label="label")
    valve, labels = frame.values[:, 0], np.asarray(frame.labels, np.int8)
    fitted = Generator.fit(valve, labels=labels, random_state=0)
    normal = fitted.generator
    kinds = {"offset": Shift(0.8), "noise": Noise(0.35), "speed": FrequencyChange(1.6)}
    faulty = normal.with_anomalies(
        [
            Anomaly(name=name, frequency=0.03, duration=(60, 140), values={normal.names[0]: kind})
            for name, kind in kinds.items()
        ]
    )
    rows: Dataset = faulty.generate(4_000, start=START)
    scores = RAMP(1, **DETECTOR).score(faulty.generate(START + 4_000).X).score[START:]
    x = rows.X[:, 0]
    alike = normal.generate(4_000, start=START).X[:, 0]
    drawn = [
        Scene(0, "A recording: the valve of a space shuttle, 4,000 of 5,000 rows", valve[:4_000]),
        Scene(1, "Generator.fit(recording).generator.generate(4_000): new rows like it", alike),
        Scene(2, f".with_anomalies(…): {len(rows.events)} events, labelled where they are", x, rows.y),
        Scene(3, "RAMP: a score for each row as it comes, and an alarm", x, rows.y, scores, DETECTOR["threshold"]),
    ]
    return drawn, faulty


def draw(scene: Scene, share: float) -> Image.Image:
    """A frame: the first ``share`` of the scene's rows."""
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100))
    _header(figure, scene.step, scene.text)
    panels = 1 if scene.scores is None else 2
    top = figure.add_axes((0.05, 0.10 if panels == 1 else 0.40, 0.92, 0.62 if panels == 1 else 0.34))
    shown = max(2, int(share * len(scene.values)))
    row = np.arange(len(scene.values))
    top.plot(row[:shown], scene.values[:shown], color=LINE, linewidth=1.1)
    top.set_xlim(0, len(row))
    top.set_ylim(scene.values.min() - 0.4, scene.values.max() + 0.4)
    if scene.labels is not None:
        inside = scene.labels[:shown] == 1
        top.plot(row[:shown], np.where(inside, scene.values[:shown], np.nan), color=ALARM, linewidth=1.5)
        top.fill_between(row[:shown], *top.get_ylim(), where=inside, color=SHADE, linewidth=0)
    if scene.scores is not None:
        below = figure.add_axes((0.05, 0.10, 0.92, 0.25))
        over = scene.scores[:shown] > scene.threshold
        below.plot(row[:shown], scene.scores[:shown], color=GREY, linewidth=1.0)
        below.fill_between(row[:shown], 0, scene.scores[:shown], where=over, color=ALARM, linewidth=0)
        below.axhline(scene.threshold, color=ALARM, linewidth=0.8, linestyle="--")
        below.set_xlim(0, len(row))
        below.set_ylim(0, scene.scores.max() * 1.05)
        below.text(8, scene.threshold, " threshold", color=ALARM, fontsize=8, va="bottom")
        _plain(below)
        top.set_xticklabels([])
    _plain(top)
    return _image(figure)


def _plain(axis: Any) -> None:
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.tick_params(labelsize=7, colors="#666666")


def _header(figure: Any, step: int, text: str) -> None:
    """The five steps, the present one in bold, and what is shown."""
    for i, name in enumerate(STEPS):
        weight, colour = ("bold", ALARM if i == 4 else LINE) if i == step else ("normal", "#9aa5b1")
        figure.text(
            (0.05, 0.19, 0.38, 0.59, 0.73)[i], 0.925, f"{i + 1}  {name}", fontsize=9.5, fontweight=weight, color=colour
        )
    figure.text(0.05, 0.815, text, fontsize=10, color="#333333")


def _image(figure: Any) -> Image.Image:
    made = io.BytesIO()
    figure.savefig(made, dpi=100, facecolor="white")
    return Image.open(made).convert("RGB")


def page(generator: Generator) -> Image.Image:
    """A picture of the page of `paranom watch`, fed by the generator, with an alarm chosen."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        generator.to_toml(Path(folder) / "valve.toml")
        options = DETECTOR | {"rate": 1_500, "port": 0}
        command = [sys.executable, "-m", "paranom_rs", "watch", "valve.toml"]
        command += [f"--{name}={value}" for name, value in options.items()]
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            assert server.stdout is not None
            address = next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.:]+/", line)))
            with sync_playwright() as tools:
                browser = tools.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                tab = browser.new_page(viewport={"width": 1300, "height": 540})
                tab.goto(address)
                tab.wait_for_timeout(12_500)
                for key in ("Space", "j"):  # stop, and choose an alarm
                    tab.keyboard.press(key)
                    tab.wait_for_timeout(1_000)
                tab.wait_for_timeout(1_500)
                shot = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
                browser.close()
        finally:
            server.kill()
            server.wait()
    return shot


def last_frame(shot: Image.Image) -> Image.Image:
    """The frame that shows the page."""
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100))
    _header(figure, 4, "paranom watch valve.toml: see why, say whether it was real, and the detector learns")
    axis = figure.add_axes((0.03, 0.02, 0.94, 0.76))
    axis.imshow(np.asarray(shot), aspect="auto", interpolation="lanczos")
    axis.set_axis_off()
    return _image(figure)


def frames() -> Iterator[tuple[Image.Image, int]]:
    """The frames, and how long each is shown, in milliseconds."""
    drawn, generator = scenes()
    for scene in drawn:
        for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85):
            yield draw(scene, share), 120
        yield draw(scene, 1.0), 2_200
    yield last_frame(page(generator)), 4_500


def main() -> None:
    """Write the animation."""
    images, durations = zip(*frames(), strict=True)
    packed = [image.quantize(64, dither=Image.Dither.NONE) for image in images[:-1]]
    packed.append(images[-1].quantize(160, dither=Image.Dither.NONE))
    packed[0].save(FOLDER / "loop.gif", save_all=True, append_images=packed[1:], duration=list(durations), loop=0)


if __name__ == "__main__":
    main()
