// The charts of a process on one axis: a series for each channel, the score, the contributions.

/* global Dygraph */

// The page has no legends, and their code writes inline styles, which the page's policy forbids.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

const LEFT = 56; // of all plots: the width of their axes

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["series", "score", "limit", "alarm", "real", "false", "quiet", "line", "text", "strip"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// The numbers in a text: float64, as the server packs them.
function numbers(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

const byChannel = (values, n) => Array.from({ length: n ? values.length / n : 0 }, (_, j) => values.subarray(j * n, (j + 1) * n));

// Buckets as the server sends them; what is missing is NaN.
export function unpacked(data) {
  const number = numbers(data.number);
  const low = byChannel(numbers(data.low), number.length);
  return {
    width: data.width, number, t: numbers(data.t), score: numbers(data.score), low,
    high: data.high === null ? low : byChannel(numbers(data.high), number.length),
    contributions: byChannel(numbers(data.contributions), number.length),
  };
}

const orNull = (value) => (Number.isFinite(value) ? value : null);

// Buckets of samples by number, in the order of numbers.
export class Buckets {
  constructor(width) {
    this.width = width;
    this.numbers = [];
    this.entries = new Map();
  }

  add(data) {
    if (data.width !== this.width) return;
    data.number.forEach((number, i) => {
      if (!this.entries.has(number)) this.numbers.push(number);
      this.entries.set(number, {
        t: data.t[i], score: orNull(data.score[i]),
        low: data.low.map((channel) => orNull(channel[i])), high: data.high.map((channel) => orNull(channel[i])),
        contributions: data.contributions.map((channel) => orNull(channel[i])),
      });
    });
  }

  forget(before) {
    const kept = this.numbers.findIndex((number) => (number + 1) * this.width > before);
    for (const number of this.numbers.splice(0, kept < 0 ? this.numbers.length : kept)) this.entries.delete(number);
  }

  get length() { return this.numbers.length; }
  x(i) { return this.numbers[i] * this.width; }
  at(i) { return this.entries.get(this.numbers[i]); }

  time(sample) {
    if (!this.length) return null;
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.x(middle) <= sample) low = middle; else high = middle - 1;
    }
    return this.at(low).t;
  }
}

export function timeText(t) {
  if (t === null || t === undefined) return "";
  if (t < 1e8) return `${Number(t.toPrecision(10))} s`; // a feed's own clock
  return new Date(t * 1000).toISOString().replace("T", " ").slice(0, 19);
}

// A label of an axis: with as many digits as tell it from its neighbours.
function level(y, [low, high]) {
  const step = (high - low) / 10 || 1;
  if (Math.abs(y) >= 1e6 || step < 1e-5) return y.toPrecision(3);
  return String(Number(y.toFixed(Math.max(0, Math.ceil(-Math.log10(step))))));
}

export class Charts {
  constructor(box, channels, onRange, onDouble) {
    Object.assign(this, { box, channels, onRange, onDouble, charts: [], alarms: [], threshold: null, range: [0, 1] });
    this.buckets = new Buckets(1);
    this.build();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.build());
  }

  build() {
    this.charts.forEach((chart) => chart.destroy());
    this.box.replaceChildren();
    this.colours = colours();
    // Few channels share the height that the window has.
    const tall = (innerHeight - 350) / this.channels.length - 34;
    this.box.style.setProperty("--tall", `${Math.round(Math.max(96, Math.min(230, tall)))}px`);
    this.charts = this.channels.map((name, j) => this.chart(name, j));
    this.charts.push(this.chart("score", null));
    this.stripName = this.title("contributions to the score, channel by channel from the top; a stronger colour is more");
    this.strip = document.createElement("canvas");
    this.strip.className = "strip";
    this.strip.setAttribute("role", "img");
    this.strip.setAttribute("aria-label", "Contributions of the channels over time");
    this.box.append(this.strip);
    this.draw();
  }

  title(text) {
    const name = document.createElement("p");
    name.className = "chart-name";
    name.textContent = text;
    this.box.append(name);
    return name;
  }

  chart(name, channel) {
    const isScore = channel === null;
    this.title(name);
    const place = document.createElement("div");
    place.className = isScore ? "chart score" : "chart";
    this.box.append(place);
    const { colours: c } = this;
    return new Dygraph(place, [[0, [null, null, null]]], {
      labels: ["sample", name], customBars: true, colors: [isScore ? c.score : c.series], strokeWidth: 1.2, fillAlpha: 0.35,
      legend: "never", highlightCircleSize: 0, animatedZooms: false, gridLineColor: c.line, axisLineColor: c.line,
      rightGap: 4, xRangePad: 0, includeZero: isScore, connectSeparatedPoints: false,
      axes: {
        x: { drawAxis: isScore, drawGrid: false, pixelsPerLabel: 170, axisLabelWidth: 160,
          axisLabelFormatter: (x) => timeText(this.buckets.time(x)) },
        y: { axisLabelWidth: LEFT - 6, pixelsPerLabel: 28, axisLabelFormatter: (y, _, __, chart) => level(y, chart.yAxisRange()) },
      },
      underlayCallback: (canvas, area, chart) => this.shade(canvas, area, chart, isScore),
      zoomCallback: (low, high) => this.onRange(Math.round(low), Math.round(high)),
      interactionModel: this.mouse(),
    });
  }

  mouse() {
    return { ...Dygraph.defaultInteractionModel, dblclick: () => this.onDouble() };
  }

  shade(canvas, area, chart, isScore) {
    const c = this.colours;
    for (const alarm of this.alarms) {
      const left = chart.toDomXCoord(alarm.start - 0.5);
      const right = Math.max(chart.toDomXCoord(alarm.stop - 0.5), left + 2);
      if (right < area.x || left > area.x + area.w) continue;
      canvas.save();
      canvas.beginPath();
      canvas.rect(area.x, area.y, area.w, area.h);
      canvas.clip();
      const kind = alarm.verdict?.kind ?? "alarm";
      canvas.fillStyle = c[kind];
      canvas.globalAlpha = kind === "false" ? 0.18 : 0.32;
      canvas.fillRect(left, area.y, right - left, area.h);
      canvas.globalAlpha = 1;
      if (alarm.chosen) {
        canvas.strokeStyle = c.text;
        canvas.strokeRect(left, area.y + 0.5, right - left, area.h - 1);
      }
      canvas.restore();
    }
    if (isScore && this.threshold !== null) {
      const y = chart.toDomYCoord(this.threshold);
      canvas.strokeStyle = c.limit;
      canvas.setLineDash([6, 4]);
      canvas.beginPath();
      canvas.moveTo(area.x, y);
      canvas.lineTo(area.x + area.w, y);
      canvas.stroke();
      canvas.setLineDash([]);
      canvas.fillStyle = c.limit;
      canvas.fillText("threshold", area.x + 4, y - 14 > area.y ? y - 4 : y + 11);
    }
  }

  draw() {
    const n = this.buckets.length;
    const entries = Array.from({ length: n }, (_, i) => this.buckets.at(i));
    this.charts.forEach((chart, j) => {
      const rows = entries.map((entry, i) => {
        if (j === this.channels.length) return [this.buckets.x(i), [entry.score, entry.score, entry.score]];
        const low = entry.low[j];
        const high = entry.high[j];
        return [this.buckets.x(i), low === null ? [null, null, null] : [low, (low + high) / 2, high]];
      });
      const options = { file: rows.length ? rows : [[0, [null, null, null]]], dateWindow: this.range };
      if (j === this.channels.length) {
        const top = Math.max(this.threshold ?? 0, ...entries.map((entry) => entry.score ?? 0));
        options.valueRange = [0, (top || 1) * 1.08];
      }
      chart.updateOptions(options);
    });
    this.drawStrip(entries);
  }

  drawStrip(entries) {
    const height = 14;
    const d = this.channels.length;
    const box = this.strip.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    const tall = `${d * height}px`;
    if (this.strip.style.height !== tall) this.strip.style.height = tall;
    this.strip.width = Math.max(1, Math.round(box.width * scale));
    this.strip.height = d * height * scale;
    const canvas = this.strip.getContext("2d");
    canvas.scale(scale, scale);
    const area = this.charts.at(-1)?.getArea() ?? { x: LEFT, w: box.width - LEFT };
    const [from, to] = this.range;
    const step = area.w / Math.max(to - from, 1);
    const limit = this.threshold ?? Math.max(...entries.map((entry) => entry.score ?? 0), 1e-300);
    entries.forEach((entry, i) => {
      const left = area.x + (this.buckets.x(i) - from) * step;
      if (left < area.x - 1 || left > area.x + area.w) return;
      for (let j = 0; j < d; j++) {
        const part = (entry.contributions[j] ?? 0) * Math.min((entry.score ?? 0) / limit, 1);
        canvas.fillStyle = `rgba(${this.colours.strip}, ${Math.sqrt(part).toFixed(3)})`;
        canvas.fillRect(left, j * height, Math.max(step * this.buckets.width, 1), height - 1);
      }
    });
    canvas.fillStyle = this.colours.quiet;
    canvas.font = "10px system-ui, sans-serif";
    this.channels.forEach((name, j) => canvas.fillText(shortened(name), 0, j * height + 10));
  }
}

const shortened = (name) => (name.length > 9 ? `${name.slice(0, 8)}\u2026` : name);

// The worst window of an alarm over the nearest window of the reference, for one channel.
export function overlay(canvas, live, reference) {
  const c = colours();
  const scale = devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const values = [...live, ...(reference ?? [])].filter((value) => value !== null);
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const line = (series, colour, dash, thick) => {
    pen.strokeStyle = colour;
    pen.setLineDash(dash);
    pen.lineWidth = thick;
    pen.beginPath();
    series.forEach((value, i) => {
      if (value === null) return;
      const x = 4 + (i * (width - 8)) / Math.max(series.length - 1, 1);
      const y = height - 5 - ((value - low) / span) * (height - 10);
      if (i === 0 || series[i - 1] === null) pen.moveTo(x, y); else pen.lineTo(x, y);
    });
    pen.stroke();
  };
  if (reference) line(reference, c.series, [5, 3], 1.5);
  line(live, c.real, [], 2);
}
