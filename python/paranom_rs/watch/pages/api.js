// Requests to the server that the page came from.

let csrf = null;

export class Refused extends Error {}

async function answered(response) {
  if (response.ok) return response.json();
  let message = `${response.status} ${response.statusText}`;
  try { message = (await response.json()).error ?? message; } catch { /* no JSON: the status says enough */ }
  throw new Refused(message);
}

export async function get(path, query = {}) {
  return answered(await fetch(`api/${path}?${new URLSearchParams(query)}`));
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf ?? "" };
  return answered(await fetch(`api/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function signIn() {
  const me = await get("me");
  csrf = me.csrf;
  return me;
}

// The server says something at least each five seconds.
const SILENCE = 12000;

// Live events of a process. `from()` says where to go on, each time that the connection is made anew.
export class Live {
  constructor(key, width, from, heard, state) {
    Object.assign(this, { key, width, from, heard, state, source: null, timer: null });
    this.open();
    this.guard = setInterval(() => { if (Date.now() - this.last > SILENCE) this.fail(); }, 3000);
  }

  open() {
    const query = new URLSearchParams({ key: this.key, width: this.width, from: this.from() });
    this.source = new EventSource(`api/stream?${query}`);
    this.last = Date.now();
    this.source.onopen = () => { this.last = Date.now(); this.state(true); };
    this.source.addEventListener("alive", () => { this.last = Date.now(); });
    this.source.onmessage = (event) => { this.last = Date.now(); this.heard(JSON.parse(event.data)); };
    this.source.onerror = () => this.fail();
  }

  fail() {
    this.source.close();
    this.state(false);
    this.last = Infinity;
    this.timer = setTimeout(() => this.open(), 1000);
  }

  reopen() {
    clearTimeout(this.timer);
    this.source.close();
    this.open();
  }

  close() {
    clearInterval(this.guard);
    clearTimeout(this.timer);
    this.source.close();
  }
}
