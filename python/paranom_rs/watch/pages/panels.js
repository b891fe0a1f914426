// The lists beside the charts. Text comes from feeds: it is only ever set as text.

import { timeText } from "./charts.js";

export const number = (value, digits = 3) => (value === null ? "none" : Number(value.toPrecision(digits)).toString());

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Entries of a list are kept and changed, not made anew: nothing jumps, and the focus stays.
function fill(list, items, idOf, chosen, show, choose) {
  const old = new Map([...list.children].map((item) => [item.dataset.id, item]));
  const made = items.map((item) => {
    const id = String(idOf(item));
    let entry = old.get(id);
    if (!entry) {
      entry = element("li");
      entry.dataset.id = id;
      const button = element("button");
      button.append(element("span", "mark"), element("span", "name"), element("span", "quiet"), element("span", "small"));
      entry.append(button);
    }
    const [button] = entry.children;
    button.onclick = () => choose(item);
    button.setAttribute("aria-current", String(idOf(item) === chosen));
    show(button.children, item);
    return entry;
  });
  if (made.length !== list.children.length || made.some((entry, i) => entry !== list.children[i])) {
    list.replaceChildren(...made);
  }
}

function set(node, text, className) {
  if (node.textContent !== text) node.textContent = text;
  if (className !== undefined && node.className !== className) node.className = className;
}

export function showKeys(list, keys, chosen, choose) {
  fill(list, keys, (key) => key.name, chosen, ([mark, name, count, small], key) => {
    set(mark, "", `mark ${key.state}`);
    set(name, key.name || "(all samples)");
    set(count, "");
    set(small, `${key.state}, ${key.position} samples${key.backwards ? `, time went back ${key.backwards}×` : ""}`);
  }, (key) => choose(key.name));
}

export function showAlarms(list, alarms, chosen, choose, withKey) {
  fill(list, alarms, (alarm) => alarm.id, chosen, ([mark, name, score, small], alarm) => {
    const kind = alarm.verdict?.kind;
    set(mark, "", `mark ${kind ?? "alarm"}`);
    set(name, alarm.channel + (withKey ? ` of ${alarm.key || "(all samples)"}` : ""));
    set(score, number(alarm.score));
    const verdict = { real: "real", false: "false alarm" }[kind] ?? (alarm.open ? "going on" : "no verdict");
    set(small, `${timeText(alarm.t)}, ${verdict}${alarm.p === null ? "" : `, p ${number(alarm.p, 2)}`}`);
  }, choose);
}

const KINDS = { real: "real", false: "false alarm", missed: "missed anomaly", threshold: "threshold", learned: "threshold learnt" };

export function showActions(list, actions, mayUndo, undo) {
  list.replaceChildren(...actions.map((action) => {
    const entry = element("li", "row");
    const what = action.value === null ? ` on samples ${action.start} to ${action.stop - 1}` : ` ${number(action.value, 4)}`;
    const who = action.who ? ` by ${action.who}` : "";
    const gone = action.undone_at === null ? "" : `; taken back${action.undone_by ? ` by ${action.undone_by}` : ""}`;
    entry.append(element("span", "", `${timeText(action.at)}: ${KINDS[action.kind]}${what}${who}${gone}`));
    if (mayUndo && action.undone_at === null && action.kind !== "learned") {
      const button = element("button", "", "Undo");
      button.onclick = () => undo(action.id);
      entry.append(button);
    }
    return entry;
  }));
}

export function describe(alarm) {
  const samples = alarm.stop - alarm.start;
  return `${alarm.channel}, score ${number(alarm.score)} (threshold ${number(alarm.threshold)}), samples ${alarm.start} to `
    + `${alarm.stop - 1} (${samples})${alarm.p === null ? "" : `, the detector's own guess p ${number(alarm.p, 2)}`}`;
}

export function effect(done, undone, scored) {
  if (scored) return undone ? "Taken back." : "Kept as a label. The detectors run elsewhere; nobody teaches them from here.";
  if (!done.taught) return "Kept as a label. The samples are no longer kept, so the detector did not change.";
  const score = done.score === null ? "" : ` The same window now scores ${number(done.score)}, threshold ${number(done.threshold)}.`;
  const muted = done.muted.length
    ? ` ${done.muted.length} of the last alarms would not have come.` : "";
  return `${undone ? "Taken back." : "Learnt."}${score}${muted}`;
}
