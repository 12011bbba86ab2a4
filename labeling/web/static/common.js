// @ts-check
/**
 * What every page shares: asking the server, showing values, the sheet of keys, the line that says what is saved.
 *
 * @typedef {{code: string, name: string, key: string, definition: string}} TaskClass
 * @typedef {{name: string, kind: "single" | "multi" | "count", title: string, classes: TaskClass[],
 *   names: Record<string, string>}} Task
 * @typedef {{value: string, confidence: number, shown: string}} Suggestion
 * @typedef {{key: string, width: number, height: number, camera: string, kind: string, time: string | null,
 *   visit: string, source: string, group: string | null, name: string, value: string | null,
 *   who: string | null, suggestion: Suggestion | null}} Picture
 */

import { Outbox } from "./outbox.js";

export const SPECIAL = ["none", "unsure", "skip"];
const LONGEST_FRAME_MS = 100;

/** An answer of the server that is none: `status` 0 where it was not reached at all. */
export class Refusal extends Error {
  /** @param {number} status @param {string} text */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * Ask the server. A `body` is sent as JSON by POST.
 * @param {string} path @param {object} [body] @param {RequestInit} [options] @returns {Promise<any>}
 */
export async function ask(path, body, options = {}) {
  /** @type {RequestInit} */
  const request = { headers: { "X-Coop": "1" }, ...options };
  if (body !== undefined) {
    request.method = "POST";
    request.headers = { "X-Coop": "1", "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch (error) {
    throw new Refusal(0, error instanceof Error ? error.message : String(error));
  }
  if (!answer.ok) throw new Refusal(answer.status, await problem(answer));
  return answer.json();
}

/** @param {Response} answer */
async function problem(answer) {
  const text = await answer.text();
  try {
    const { detail } = JSON.parse(text);
    return typeof detail === "string" ? detail : JSON.stringify(detail);
  } catch {
    return text.slice(0, 300) || answer.statusText;
  }
}

/** An id as the server wants it: 32 hexadecimal digits. */
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
}

/** The element with this id. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`This page has no #${id}`);
  return found;
}

/**
 * A new element. @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The task that this page is about. @returns {Task} */
export function pageTask() {
  return JSON.parse(byId("task-data").textContent ?? "null");
}

/** A value by today's names. @param {Task} task @param {string} value */
export function shown(task, value) {
  if (value === "" || SPECIAL.includes(value)) return value || "no label";
  return value
    .split("|")
    .map((part) => {
      const [code, count] = split(part);
      return count === null ? name(task, code) : `${name(task, code)} ${count}`;
    })
    .join(" + ");
}

/** The class that a value's colour is taken from. @param {string} value */
export function leading(value) {
  return split(value.split("|")[0])[0];
}

/** @param {string} part @returns {[string, string | null]} */
function split(part) {
  const at = part.lastIndexOf("=");
  return at < 0 ? [part, null] : [part.slice(0, at), part.slice(at + 1)];
}

/** @param {Task} task @param {string} code */
function name(task, code) {
  return task.names[code] ?? code;
}

/** A value as a small coloured sign. @param {Task} task @param {string} value @param {string} [kind] */
export function chip(task, value, kind = "") {
  const special = value === "" || SPECIAL.includes(value);
  const sign = make("span", { class: `chip ${special ? "special" : ""} ${kind}`.trim() }, shown(task, value));
  if (!special) sign.dataset.class = leading(value);
  return sign;
}

/** Where a picture is. @param {"thumb" | "view" | "media"} size @param {string} key */
export function pictureUrl(size, key) {
  return `/${size}/${encodeURIComponent(key)}`;
}

/**
 * Do what the frame that comes need not wait for, once it is painted; a page that is not seen paints none, so it waits
 * no longer than a moment.
 * @param {() => unknown} does
 */
export function afterFrame(does) {
  let done = false;
  const once = () => {
    if (!done) does();
    done = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, LONGEST_FRAME_MS);
}

/** Say something for some seconds. @param {string} text @param {boolean} [bad] */
export function toast(text, bad = false) {
  const element = make("div", { class: bad ? "toast bad" : "toast" }, text);
  byId("toasts").replaceChildren(element);
  setTimeout(() => element.remove(), bad ? 8000 : 3000);
}

/**
 * Whether a key press is meant for what has the focus, and not for the page.
 * @param {KeyboardEvent} event
 */
export function isForControl(event) {
  if (document.querySelector("dialog[open]") !== null) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, select, textarea, summary")) return true;
  const pressing = event.key === "Enter" || event.key === " ";
  return pressing && target?.closest("a, button:not(.picture):not(.tile)") != null;
}

/**
 * Do what keys stand for, by their names, unless they are meant for something else.
 * @param {(event: KeyboardEvent) => Record<string, () => unknown>} keys
 */
export function watchKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isForControl(event) || event.defaultPrevented) return;
    const does = keys(event)[event.key];
    if (does === undefined) return;
    event.preventDefault();
    does();
  });
}

/** The answers of this browser on their way to the server; one to a page. */
export function openOutbox() {
  const who = document.body.dataset.who ?? "";
  /** @param {import("./outbox.js").Entry} entry */
  const send = (entry) => ask(entry.path, entry.body);
  const outbox = new Outbox({ who, send, store: localStorage, id: newId(), soon: afterFrame });
  const line = byId("saved");
  line.hidden = false;
  outbox.onchange = () => showSaved(line, outbox);
  showSaved(line, outbox);
  void outbox.run();
  return outbox;
}

/** @param {HTMLElement} line @param {Outbox} outbox */
function showSaved(line, outbox) {
  const { saved, waiting, refused, state } = outbox;
  line.dataset.saved = String(saved);
  line.dataset.waiting = String(waiting);
  const held = `${waiting} waiting`;
  const states = {
    idle: ["saved", saved > 0 ? `${saved} saved` : "all saved"],
    sending: ["waiting", `${saved} saved, ${held}`],
    offline: ["offline", `Server not reached: ${held}`],
    login: ["login", `Log in again: ${held}`],
  };
  let [name, text] = states[state];
  if (refused.length > 0) [name, text] = ["refused", `${refused.length} not saved: ${refused[refused.length - 1].why}`];
  line.dataset.state = name;
  line.textContent = text;
}

function watchHelp() {
  const dialog = document.getElementById("help");
  const button = document.getElementById("help-button");
  if (!(dialog instanceof HTMLDialogElement) || button === null) return;
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || (isForControl(event) && !dialog.open)) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else dialog.showModal();
  });
}

function watchTaskChoice() {
  const choice = document.getElementById("task-choice");
  choice?.addEventListener("change", () => choice.closest("form")?.requestSubmit());
}

watchHelp();
watchTaskChoice();
document.querySelector(".places [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
