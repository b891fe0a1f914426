// The page: what is shown, and what the person does.

import { get, post, signIn, Live, Refused } from "./api.js";
import { Buckets, Charts, overlay, unpacked } from "./charts.js";
import { describe, effect, element, number, showActions, showAlarms, showKeys } from "./panels.js";

const $ = (id) => document.getElementById(id);
const POINTS = 600;
const SHORTEST = 100; // milliseconds from one drawing to the next, at least
const REST = 4; // and so many times what the last one took: a slow machine has other work, too
const SPAN = 600; // samples shown at first
const MOST_LISTED = 500; // alarms; the server gives no more at once
const view = { key: null, span: SPAN, live: true, from: 0, position: 0, alarm: null, marking: false };
let me = null;
let charts = null;
let live = null;
let alarms = [];
let listed = 100; // of them, the newest
let revision = -1; // what the list of alarms is as of
let seen = -1; // what the stream last said
let loading = false;
let keysAt = 0;
let rates = null;
let ratesAt = 0;
let dirty = false;
let drawnAt = -Infinity;
let drawing = 0; // milliseconds that the last drawing took

const powerOfTwo = (span) => { let width = 1; while (span / width > POINTS) width *= 2; return width; };

function say(text) {
  $("said").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("said").textContent = ""; }, 5000);
}

// What fails because of the network shows as a lost connection; what is refused says why.
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) say(error.message);
    else if (!(error instanceof TypeError)) throw error;
    return undefined;
  }
}

// Whether what the page listens to, and what it asks for, arrives.
const lines = { stream: true, status: true };

function connected(line, on) {
  const wasLost = !$("lost").hidden;
  // A stream may have died without a word while nothing got through.
  if (line === "status" && on && !lines.status) live?.reopen();
  lines[line] = on;
  $("lost").hidden = lines.stream && lines.status;
  // After a restart of the server the page needs the new server's token against forged requests.
  if (wasLost && $("lost").hidden) attempt(signIn);
}

// Charts

function redraw() {
  if (dirty) return;
  dirty = true;
  setTimeout(() => requestAnimationFrame(draw), Math.max(0, drawnAt + Math.max(SHORTEST, REST * drawing) - performance.now()));
}

function draw() {
  dirty = false;
  drawnAt = performance.now();
  const stop = view.live ? Math.max(view.position, 1) : view.from + view.span;
  charts.range = [stop - view.span, stop];
  charts.alarms = alarms.filter((alarm) => alarm.key === view.key)
    .map((alarm) => ({ ...alarm, chosen: alarm.id === view.alarm }));
  charts.draw();
  $("live").textContent = view.live ? "Live" : "Paused";
  $("live").setAttribute("aria-pressed", String(view.live));
  $("empty").hidden = view.position > 0;
  $("empty").textContent = "No samples yet: waiting for the feed.";
  drawing = performance.now() - drawnAt;
}

function listen() {
  live?.close();
  if (view.key === null) return;
  const width = powerOfTwo(view.span);
  if (view.live) charts.buckets = new Buckets(width);
  const from = () => Math.max(0, view.live && charts.buckets.length
    ? charts.buckets.x(charts.buckets.length - 1) : view.position - view.span);
  live = new Live(view.key, width, from, (data) => hear(data, width), (on) => connected("stream", on));
}

function hear(data, width) {
  if (data.buckets) data.buckets = unpacked(data.buckets);
  const first = view.position === 0;
  view.position = data.position;
  charts.threshold = data.threshold;
  $("threshold-now").textContent = data.threshold === null ? "is being learnt" : number(data.threshold, 4);
  if (view.live && data.buckets && charts.buckets.width === width) {
    charts.buckets.add(data.buckets);
    charts.buckets.forget(view.position - view.span);
  }
  seen = data.revision;
  if (seen !== revision && !loading) loadAlarms();
  if (first) loadRates();
  if (first && data.buckets) fit(data.buckets);
  redraw();
}

// Of a fast feed the page shows half a minute at first, not a moment.
function fit({ number, t, width }) {
  const rate = ((number.at(-1) - number[0]) * width) / (t.at(-1) - t[0]);
  if (!(rate > 20 && rate < 1e6)) return;
  view.span = Math.round(30 * rate);
  listen();
}

async function history(from, span) {
  view.live = false;
  view.span = Math.max(16, Math.round(span));
  view.from = Math.max(0, Math.min(Math.round(from), view.position - Math.min(view.span, 16)));
  const asked = { key: view.key, from: view.from, to: view.from + view.span, points: POINTS };
  const data = await attempt(() => get("series", asked));
  if (!data || view.live || asked.from !== view.from) return;
  charts.buckets = new Buckets(data.width);
  charts.buckets.add(unpacked(data));
  redraw();
  loadAlarms();
}

function goLive() {
  view.live = true;
  listen();
  redraw();
}

function move(part) {
  const from = view.live ? view.position - view.span : view.from;
  const next = from + part * view.span;
  if (part > 0 && next + view.span >= view.position) goLive(); else history(Math.max(0, next), view.span);
}

function zoom(factor) {
  const span = Math.min(Math.max(view.span * factor, 16), 1e8);
  if (view.live) { view.span = Math.round(span); goLive(); } else history(view.from + (view.span - span) / 2, span);
}

function ranged(low, high) {
  if (!view.marking) { history(low, high - low); return; }
  $("mark-start").value = Math.max(0, low);
  $("mark-stop").value = Math.max(0, Math.min(high, view.position - 1));
  redraw();
}

// Processes

async function loadKeys() {
  keysAt = Date.now();
  const data = await attempt(() => get("keys", { search: $("search").value, state: $("state").value }));
  if (!data) return;
  $("keys-count").textContent = data.more ? `${data.keys.length} of ${data.keys.length + data.more}` : String(data.keys.length);
  showKeys($("keys"), data.keys, view.key, chooseKey);
  if (view.key === null && data.keys.length) chooseKey(data.keys[0].name);
}

function chooseKey(key) {
  Object.assign(view, { key, live: true, position: 0, span: SPAN, alarm: null });
  $("key-name").textContent = key || "All samples";
  alarms = [];
  revision = -1;
  $("apply").disabled = true;
  showDetail();
  listen();
  loadKeys();
}

async function loadStatus() {
  const data = await attempt(() => get("status"));
  connected("status", Boolean(data));
  if (!data) return;
  const { feed } = data;
  const age = data.arrived ? Math.max(0, Math.round(Date.now() / 1000 - data.arrived)) : null;
  const old = feed.state === "running" && age !== null && age > 10 ? `, nothing for ${age} s` : "";
  const refused = feed.refused ? `, ${feed.refused} samples refused` : "";
  const back = data.backwards ? `, time went back ${data.backwards}×` : "";
  const message = feed.message ? `: ${feed.message}` : "";
  $("feed-text").textContent = `${feed.name}: ${feed.state}${message}${old}${refused}${back}, ${data.samples} samples, `
    + `${data.in_alarm} of ${data.keys} in alarm`;
  $("feed-text").title = $("feed-text").textContent;
  $("dot").className = `dot ${feed.state}`;
  if (view.key === null && !data.keys) { $("empty").hidden = false; $("empty").textContent = "No samples yet: waiting for the feed."; }
}

// Alarms

async function loadAlarms() {
  const { key } = view;
  loading = true;
  const data = await attempt(() => get("alarms", { ...($("all").checked ? { all: 1 } : { key }), most: listed }));
  loading = false;
  if (!data) return;
  if (key !== view.key) { loadAlarms(); return; }
  ({ alarms, revision } = data);
  const more = alarms.length === listed && listed < MOST_LISTED;
  if (!view.live) {
    const asked = { key, from: view.from, to: view.from + view.span, most: 500 };
    const inView = await attempt(() => get("alarms", asked));
    const known = new Set(alarms.map((alarm) => alarm.id));
    if (inView) alarms = [...alarms, ...inView.alarms.filter((alarm) => !known.has(alarm.id))];
  }
  listAlarms(more);
  showVerdict();
  loadRecord();
  if (Date.now() - ratesAt > 5000) loadRates();
  redraw();
  if (seen > revision && !loading) loadAlarms();
}

function listAlarms(more) {
  showAlarms($("alarms"), alarms, view.alarm, chooseAlarm, $("all").checked);
  $("no-alarms").hidden = alarms.length > 0;
  $("no-alarms").textContent = charts.threshold === null && view.position
    ? "None yet: the threshold is still being learnt." : "No alarm so far.";
  if (!more) return;
  const entry = element("li", "more");
  const button = element("button", "", "Older alarms");
  button.onclick = () => { listed = MOST_LISTED; loadAlarms(); };
  entry.append(button);
  $("alarms").append(entry);
}

const chosen = () => alarms.find((alarm) => alarm.id === view.alarm);

async function chooseAlarm(alarm) {
  if (alarm.key !== view.key) { chooseKey(alarm.key); alarms = [alarm]; }
  view.alarm = alarm.id;
  $("effect").textContent = "";
  listAlarms(alarms.length >= listed && listed < MOST_LISTED);
  showDetail();
  const far = alarm.start < view.position - view.span;
  if (far || !view.live) await history(alarm.start - view.span / 2, view.span); else redraw();
  await showWhy(alarm);
}

function showDetail() {
  const alarm = chosen();
  $("detail-none").hidden = Boolean(alarm);
  $("detail-some").hidden = !alarm;
  if (alarm) { $("detail-head").textContent = describe(alarm); $("why").replaceChildren(); }
  showVerdict();
}

function showVerdict() {
  const alarm = chosen();
  if (!alarm) return;
  $("detail-head").textContent = describe(alarm);
  $("real").setAttribute("aria-pressed", String(alarm.verdict?.kind === "real"));
  $("false").setAttribute("aria-pressed", String(alarm.verdict?.kind === "false"));
  $("undo").disabled = !alarm.verdict;
}

async function showWhy(alarm) {
  const why = await attempt(() => get("why", { alarm: alarm.id }));
  if (!why || view.alarm !== alarm.id) return;
  $("why").replaceChildren();
  if (!why.channels) {
    $("why").append(element("p", "quiet", "The samples or the reference of then are no longer kept."));
    return;
  }
  $("why").append(element("p", "quiet", "Solid: the alarm. Dashed: the nearest ordinary samples."));
  for (const channel of why.channels.slice(0, 3)) {
    const share = `${me.channels[channel.channel]}, ${Math.round(channel.share * 100)} % of the score`;
    const near = channel.reference ? `, nearest: from sample ${channel.start}` : ", nothing to compare with";
    const canvas = element("canvas");
    $("why").append(element("p", "", share + near), canvas);
    overlay(canvas, channel.window, channel.reference);
  }
}

async function judge(real) {
  const alarm = chosen();
  if (!alarm || me.role !== "operator") return;
  const done = await attempt(() => post("verdict", { alarm: alarm.id, real, who: $("who").value }));
  if (done) { $("effect").textContent = effect(done, false, me.scored); await loadAlarms(); }
}

async function undo() {
  const alarm = chosen();
  if (!alarm?.verdict || me.role !== "operator") return;
  const done = await attempt(() => post("undo", { action: alarm.verdict.id, who: $("who").value }));
  if (done) { $("effect").textContent = effect(done, true, me.scored); await loadAlarms(); }
}

function step(by) {
  const at = alarms.findIndex((alarm) => alarm.id === view.alarm);
  const next = alarms[at < 0 ? 0 : Math.min(Math.max(at + by, 0), alarms.length - 1)];
  if (next) chooseAlarm(next);
}

// Missed anomalies

function mark(on) {
  view.marking = on && me.role === "operator";
  $("mark").setAttribute("aria-pressed", String(view.marking));
  $("mark-form").hidden = !view.marking;
}

async function saveMark() {
  const [start, stop] = [Number($("mark-start").value), Number($("mark-stop").value) + 1];
  const body = { key: view.key, start, stop, who: $("who").value };
  const done = await attempt(() => post("missed", body));
  if (!done) return;
  mark(false);
  say(`${effect(done, false, me.scored)} Undo with the button.`);
  offerUndo(done.action);
}

async function undoAction(action) {
  const done = await attempt(() => post("undo", { action, who: $("who").value }));
  if (done) say(effect(done, true, me.scored));
  loadRates();
  loadAlarms();
}

function offerUndo(action) {
  const button = element("button", "", "Undo");
  button.onclick = () => undoAction(action);
  $("said").append(" ", button);
}

async function loadRecord() {
  if (!$("record").open || view.key === null) return;
  const data = await attempt(() => get("actions", { key: view.key }));
  if (data) showActions($("actions"), data.actions, me.role === "operator", undoAction);
}

// The threshold

async function loadRates() {
  const { key } = view;
  ratesAt = Date.now();
  const data = await attempt(() => get("rate", { key }));
  if (!data || key !== view.key) return;
  rates = data;
  const now = charts.threshold;
  $("slider").disabled = !data.thresholds.length;
  // A choice that is not used yet stays.
  if (data.thresholds.length && $("apply").disabled) {
    const gaps = data.thresholds.map((level) => Math.abs(Math.log(level / (now ?? level))));
    $("slider").value = gaps.indexOf(Math.min(...gaps));
  }
  showRate();
}

function showRate() {
  if (!rates?.thresholds.length) { $("rate").textContent = "No scores yet."; return; }
  const at = Number($("slider").value);
  const days = rates.days < 1 ? `${number(rates.days * 24, 2)} hours` : `${number(rates.days, 2)} days`;
  $("rate").textContent = `${number(rates.thresholds[at], 4)} gives ${number(rates.alarms[at], 2)} alarms a day, by the scores of the last ${days}.`;
}

async function applyThreshold() {
  const threshold = rates.thresholds[Number($("slider").value)];
  const done = await attempt(() => post("threshold", { key: view.key, threshold, who: $("who").value }));
  if (!done) return;
  $("apply").disabled = true;
  say(`The threshold is ${number(threshold, 4)}.`);
  offerUndo(done.action);
}

// What the person does

const keyboard = {
  j: () => step(1), k: () => step(-1), r: () => judge(true), f: () => judge(false), u: undo,
  " ": () => (view.live ? history(view.position - view.span, view.span) : goLive()),
  ArrowLeft: () => move(-0.5), ArrowRight: () => move(0.5), "+": () => zoom(0.5), "-": () => zoom(2),
  a: () => history(0, view.position), m: () => mark(!view.marking), Escape: () => mark(false),
};

function press(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== "Escape")) return;
  if (event.key === " " && event.target.closest("button, a")) return;
  const act = keyboard[event.key];
  if (act) { event.preventDefault(); act(); }
}

function wire() {
  const clicks = {
    back: () => move(-0.5), forward: () => move(0.5), in: () => zoom(0.5), out: () => zoom(2), whole: keyboard.a,
    live: keyboard[" "],
    mark: keyboard.m, "mark-save": saveMark, "mark-cancel": () => mark(false), real: () => judge(true),
    false: () => judge(false), undo, apply: applyThreshold,
  };
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener("click", act);
  $("record").addEventListener("toggle", loadRecord);
  $("all").addEventListener("change", loadAlarms);
  $("search").addEventListener("input", loadKeys);
  $("state").addEventListener("change", loadKeys);
  $("slider").addEventListener("input", () => { $("apply").disabled = false; showRate(); });
  $("mark-form").addEventListener("submit", (event) => event.preventDefault());
  $("who").addEventListener("change", () => localStorage.setItem("who", $("who").value));
  document.addEventListener("keydown", press);
  addEventListener("resize", redraw);
}

async function begin() {
  me = await attempt(signIn);
  if (!me) { $("lost").hidden = false; setTimeout(begin, 1000); return; }
  document.body.classList.add(me.role);
  document.body.classList.toggle("scored", me.scored);
  $("who").value = me.who || localStorage.getItem("who") || "";
  $("who").disabled = Boolean(me.who);
  $("who-label").hidden = me.role !== "operator";
  charts = new Charts($("charts"), me.channels, ranged, goLive);
  wire();
  await Promise.all([loadStatus(), loadKeys()]);
  setInterval(loadStatus, 2000);
  setInterval(() => { if (Date.now() - keysAt > 1900) loadKeys(); }, 2000);
  setInterval(() => { if (view.key !== null) loadRates(); }, 30000);
}

begin();
