// @ts-check
/** Undo and redo without an end: first what this page did, then what the server remembers of this person. */

import { ask, newId, toast } from "./common.js";

/**
 * @typedef {{batch: string, back: () => void, again: () => void}} Step what was done, and how to show it undone or redone
 * @typedef {import("./common.js").Picture} Picture
 */

export class Steps {
  /**
   * @param {import("./common.js").Task} task @param {import("./outbox.js").Outbox} outbox
   * @param {(pictures: Picture[]) => void} changed called with pictures that the server changed
   */
  constructor(task, outbox, changed) {
    this._task = task;
    this._outbox = outbox;
    this._changed = changed;
    /** @type {Step[]} */
    this._done = [];
    /** @type {Step[]} */
    this._undone = [];
  }

  /** @param {Step} step */
  did(step) {
    this._done.push(step);
    this._undone.length = 0;
  }

  /** Take back (or bring back) the last step. @param {boolean} redo */
  async take(redo) {
    const [from, to] = redo ? [this._undone, this._done] : [this._done, this._undone];
    const step = from.pop();
    if (step === undefined) return this._takeFromServer(redo);
    const id = newId();
    to.push({ ...step, batch: id });
    this._outbox.add({ path: "/api/undo", body: { id, task: this._task.name, batch: step.batch }, pictures: 0 });
    if (redo) step.again();
    else step.back();
  }

  /** @param {boolean} redo */
  async _takeFromServer(redo) {
    await this._outbox.empty();
    let answer;
    try {
      answer = await ask("/api/undo", { id: newId(), task: this._task.name, redo });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), true);
      return;
    }
    if (answer.batch === null) {
      toast(redo ? "Nothing to bring back" : "Nothing to take back");
      return;
    }
    const pictures = /** @type {{pictures: Picture[]}[]} */ (answer.visits).flatMap((visit) => visit.pictures);
    toast(`${redo ? "Brought back" : "Took back"} ${pictures.length === 1 ? "1 label" : `${pictures.length} labels`}`);
    this._changed(pictures);
  }
}
