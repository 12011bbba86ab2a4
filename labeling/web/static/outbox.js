// @ts-check
/**
 * Answers on their way to the server. An answer is in the browser's storage before the page goes on, and leaves it
 * when the server has said that it is on the disk. Sending one twice is harmless: the server knows it by its id.
 *
 * @typedef {{path: string, body: {id: string} & Record<string, any>, pictures: number, visit?: string}} Entry
 * @typedef {{entry: Entry, why: string}} Refused
 * @typedef {"idle" | "sending" | "offline" | "login"} State
 */

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
const LATER = [0, 408, 421, 425, 429, 500, 502, 503, 504];

export class Outbox {
  /**
   * @param {{who: string, id: string, send: (entry: Entry) => Promise<any>, store: Storage,
   *   wait?: (ms: number) => Promise<void>, soon?: (does: () => unknown) => void}} parts `soon` does something when
   *   what was answered last is off the screen: the server is not to be busy before.
   */
  constructor({ who, id, send, store, wait = (ms) => new Promise((done) => setTimeout(done, ms)), soon = (does) => does() }) {
    this.saved = 0;
    /** @type {Refused[]} */
    this.refused = [];
    /** @type {State} */
    this.state = "idle";
    /** Called after every change. */
    this.onchange = () => {};
    this._send = send;
    this._store = store;
    this._wait = wait;
    this._soon = soon;
    this._prefix = `coop.outbox.${who}.`;
    this._key = this._prefix + id;
    /** @type {string[]} */
    this._left = [];
    /** @type {Entry[]} */
    this._entries = this._adopted();
    this._keep();
    this._running = false;
    /** @type {(() => void)[]} */
    this._waiters = [];
  }

  /** How many pictures' answers the server has not acknowledged. */
  get waiting() {
    return this._entries.reduce((sum, entry) => sum + entry.pictures, 0);
  }

  /** The visits among them: the server does not know yet that they are labelled. */
  get visits() {
    return this._entries.flatMap((entry) => (entry.visit === undefined ? [] : [entry.visit]));
  }

  /** Keep an answer and send it. @param {Entry} entry */
  add(entry) {
    this._entries.push(entry);
    this._keep();
    if (this.state === "idle") this.state = "sending";
    this.onchange();
    this._soon(() => this.run());
  }

  /** When nothing waits any more. @returns {Promise<void>} */
  empty() {
    return this._entries.length === 0 ? Promise.resolve() : new Promise((done) => this._waiters.push(done));
  }

  /** Send what waits, in order, until nothing does. */
  async run() {
    if (this._running) return;
    this._running = true;
    let pause = FIRST_WAIT_MS;
    while (this._entries.length > 0) {
      const entry = this._entries[0];
      try {
        await this._send(entry);
        this.saved += entry.pictures;
        this._done();
        pause = FIRST_WAIT_MS;
        this.state = this._entries.length > 0 ? "sending" : "idle";
      } catch (error) {
        const { status = 0, message = "" } = /** @type {{status?: number, message?: string}} */ (error);
        if (status === 401 || LATER.includes(status)) {
          this.state = status === 401 ? "login" : "offline";
          this.onchange();
          await this._wait(pause);
          pause = Math.min(2 * pause, LONGEST_WAIT_MS);
          continue;
        }
        this.refused.push({ entry, why: message });
        this._done();
        this.state = this._entries.length > 0 ? "sending" : "idle";
      }
      this.onchange();
    }
    this._running = false;
    for (const done of this._waiters.splice(0)) done();
  }

  _done() {
    this._entries.shift();
    this._keep();
  }

  /** What pages that were closed or killed left behind, this person's only. */
  _adopted() {
    const keys = [...Array(this._store.length).keys()].map((n) => this._store.key(n) ?? "");
    const left = keys.filter((key) => key.startsWith(this._prefix)).sort();
    // A page that is still open keeps its own copy and sends it too: that does no harm.
    const entries = left.flatMap((key) => JSON.parse(this._store.getItem(key) ?? "[]"));
    this._left = left;
    return entries;
  }

  _keep() {
    if (this._entries.length > 0) this._store.setItem(this._key, JSON.stringify(this._entries));
    else this._store.removeItem(this._key);
    for (const key of this._left) if (key !== this._key) this._store.removeItem(key);
    this._left = [];
  }
}
