// @ts-check
/**
 * From keys to a label's value. In a single task a class's key is the answer; in a multi task keys put classes in and
 * out until Enter; in a count task a digit is the count of the class chosen by its key, else of the first one.
 */

import { byId, isForControl } from "./common.js";

export class Answering {
  /** @param {import("./common.js").Task} task */
  constructor(task) {
    this.task = task;
    /** @type {Map<string, string>} */
    this._counts = new Map();
    /** @type {Set<string>} */
    this._chosen = new Set();
    /** @type {string | null} */
    this._counting = null;
  }

  clear() {
    this._counts.clear();
    this._chosen.clear();
    this._counting = null;
  }

  /** What was begun and waits for Enter; null for nothing. @returns {string | null} */
  value() {
    if (this.task.kind === "multi") return this._chosen.size > 0 ? [...this._chosen].sort().join("|") : null;
    if (this._counts.size === 0) return null;
    return [...this._counts]
      .map(([code, count]) => `${code}=${Number(count || "0")}`)
      .sort()
      .join("|");
  }

  /**
   * A class's key or button. Returns the answer, or null where more is to come.
   * @param {string} code @returns {string | null}
   */
  choose(code) {
    if (this.task.kind === "single") return code;
    if (this.task.kind === "multi") {
      if (!this._chosen.delete(code)) this._chosen.add(code);
      return null;
    }
    this._counting = code;
    if (!this._counts.has(code)) this._counts.set(code, "");
    return null;
  }

  /**
   * A digit of a count. Returns the answer, or null where more is to come.
   * @param {string} digit @returns {string | null}
   */
  count(digit) {
    const { classes } = this.task;
    if (this.task.kind !== "count" || classes.length === 0) return null;
    if (this._counting === null && digit === "0") return "none";
    if (this._counting === null && classes.length === 1) return `${classes[0].code}=${digit}`;
    this._counting ??= classes[0].code;
    this._counts.set(this._counting, `${this._counts.get(this._counting) ?? ""}${digit}`.slice(-3));
    return null;
  }

  /** Show on the buttons what was begun. @param {boolean} disabled */
  show(disabled) {
    for (const button of document.querySelectorAll(".choice")) {
      if (!(button instanceof HTMLButtonElement)) continue;
      const code = button.dataset.class;
      button.disabled = disabled;
      if (code === undefined) continue;
      const count = this._counts.get(code);
      button.classList.toggle("chosen", this._chosen.has(code) || count !== undefined);
      const sign = button.querySelector(".count");
      if (sign instanceof HTMLElement) {
        sign.hidden = count === undefined;
        sign.textContent = count === undefined ? "" : count || "…";
      }
    }
    const commit = document.getElementById("commit");
    if (commit !== null) commit.hidden = this.value() === null;
  }
}

/**
 * Bind the bar of answers and the keys that every page that labels has.
 * @param {Answering} answering
 * @param {{answer: (value: string) => void, begun: () => void, accept: () => void, undo: () => Promise<void>,
 *   redo: () => Promise<void>}} page
 */
export function watchAnswers(answering, page) {
  /** @param {string | null} value */
  const give = (value) => (value === null ? page.begun() : page.answer(value));
  const byKey = new Map(answering.task.classes.filter((cls) => cls.key).map((cls) => [cls.key, cls.code]));

  /** What was pressed while an undo asks the server: it must not overtake it. @type {(() => unknown)[]} */
  const later = [];
  let undoing = false;

  /** @param {() => unknown} does */
  async function perform(does) {
    if (undoing) {
      later.push(does);
      return;
    }
    const going = does();
    if (!(going instanceof Promise)) return;
    undoing = true;
    await going;
    undoing = false;
    while (!undoing && later.length > 0) void perform(/** @type {() => unknown} */ (later.shift()));
  }

  byId("answers").addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button === null) return;
    if (event.detail > 0) button.blur(); // else Enter would press it again
    const { answer, digit } = button.dataset;
    const code = button.dataset.class;
    if (button.id === "undo") void perform(page.undo);
    else if (button.id === "redo") void perform(page.redo);
    else if (button.id === "accept" || button.id === "commit") void perform(page.accept);
    else if (digit !== undefined) void perform(() => give(answering.count(digit)));
    else if (code !== undefined) void perform(() => give(answering.choose(code)));
    else if (answer !== undefined) void perform(() => page.answer(answer));
  });

  document.addEventListener("keydown", (event) => {
    if (isForControl(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if ((event.ctrlKey || event.metaKey) && key === "z") {
      event.preventDefault();
      void perform(event.shiftKey ? page.redo : page.undo);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const does = action(key);
    if (does === null) return;
    event.preventDefault();
    if (!event.repeat || key === "z" || key === "y") void perform(does);
  });

  /** @param {string} key @returns {(() => unknown) | null} */
  function action(key) {
    const code = byKey.get(key);
    if (code !== undefined) return () => give(answering.choose(code));
    if (answering.task.kind === "count" && /^[0-9]$/.test(key)) return () => give(answering.count(key));
    /** @type {Record<string, () => unknown>} */
    const fixed = {
      0: () => page.answer("none"),
      u: () => page.answer("unsure"),
      s: () => page.answer("skip"),
      z: page.undo,
      y: page.redo,
      Enter: page.accept,
      " ": page.accept,
    };
    return fixed[key] ?? null;
  }
}
