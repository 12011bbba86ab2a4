// @ts-check
/**
 * The grid: find pictures by filter, select many, label what is selected.
 *
 * @typedef {import("./common.js").Picture & {place: string}} Picture
 * @typedef {{picture: Picture, button: HTMLButtonElement}} Tile
 */

import { Answering, watchAnswers } from "./answering.js";
import {
  ask,
  byId,
  chip,
  isForControl,
  make,
  newId,
  openOutbox,
  pageTask,
  pictureUrl,
  toast,
  watchKeys,
} from "./common.js";
import { Steps } from "./steps.js";

const FILTERS = ["value", "suggested", "camera", "source", "who", "since", "until", "unlike", "oldest", "visit", "cluster"];

const task = pageTask();
const outbox = openOutbox();
const answering = new Answering(task);
const steps = new Steps(task, outbox, refresh);
const list = byId("tiles");
const stage = byId("stage");
const form = /** @type {HTMLFormElement} */ (byId("filters"));

/** @type {Tile[]} */
let tiles = [];
/** @type {Map<string, number>} */
let places = new Map();
/** @type {Set<number>} */
const selected = new Set();
let cursor = 0;
let anchor = 0;
let shownAt = performance.now();
/** Where this page of pictures begins, and those before it. @type {(string | null)[]} */
let trail = [null];
/** @type {string | null} */
let following = null;
let asked = 0;

// Filter -----------------------------------------------------------------------------------------------------

/** @returns {URLSearchParams} */
function filter() {
  const wanted = new URLSearchParams({ task: task.name });
  const here = new URLSearchParams(location.search);
  for (const name of FILTERS) {
    const value = here.get(name);
    if (value !== null) wanted.set(name, value);
  }
  return wanted;
}

function showFilter() {
  const wanted = filter();
  let count = 0;
  for (const field of form.elements) {
    if (!(field instanceof HTMLSelectElement || field instanceof HTMLInputElement)) continue;
    const value = wanted.get(field.name);
    if (field instanceof HTMLSelectElement) {
      if (value !== null && ![...field.options].some((option) => option.value === value)) {
        field.append(make("option", { value }, value));
      }
      field.value = value ?? "*";
    } else if (field.type === "checkbox") field.checked = value === "true";
    else field.value = value ?? "";
    field.classList.toggle("set", value !== null);
    count += value === null ? 0 : 1;
  }
  byId("filter-count").textContent = count > 0 ? `(${count})` : "";
}

form.addEventListener("change", () => {
  const wanted = new URLSearchParams({ task: task.name });
  for (const [name, value] of new FormData(form)) {
    const kept = form.elements.namedItem(name) instanceof HTMLSelectElement ? value !== "*" : value !== "";
    if (kept) wanted.set(name, String(value));
  }
  history.pushState(null, "", `?${wanted}`);
  begin();
});
addEventListener("popstate", begin);

async function offerChoices() {
  const found = await ask(`/api/choices?task=${encodeURIComponent(task.name)}`);
  /** @param {string} name @param {{value: string, shown?: string, count?: number}[]} options */
  const offer = (name, options) => {
    const field = /** @type {HTMLSelectElement} */ (form.elements.namedItem(name));
    const there = new Set([...field.options].map((option) => option.value));
    for (const { value, shown = value, count } of options) {
      if (!there.has(value)) field.append(make("option", { value }, count === undefined ? shown : `${shown} (${count})`));
    }
  };
  offer("value", found.values);
  offer("suggested", found.suggested);
  offer("camera", found.cameras.map((/** @type {string} */ value) => ({ value })));
  offer("source", found.sources.map((/** @type {string} */ value) => ({ value })));
  offer("who", found.people.map((/** @type {string} */ value) => ({ value })));
  for (const name of ["since", "until"]) {
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    if (found.first_day) [field.min, field.max] = [found.first_day, found.last_day];
  }
  showFilter();
}

// Pictures ---------------------------------------------------------------------------------------------------

function begin() {
  trail = [null];
  showFilter();
  void load();
  void countAll();
}

async function load() {
  const wanted = filter();
  const after = trail[trail.length - 1];
  if (after !== null) wanted.set("after", after);
  const mine = (asked += 1);
  let found;
  try {
    found = await ask(`/api/pictures?${wanted}`);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
    return;
  }
  if (mine !== asked) return; // another filter was chosen meanwhile
  following = found.next;
  tiles = /** @type {Picture[]} */ (found.pictures).map(tileOf);
  places = new Map(tiles.map((tile, index) => [tile.picture.key, index]));
  selected.clear();
  cursor = anchor = 0;
  list.replaceChildren(...tiles.map((tile) => make("li", {}, tile.button)));
  byId("empty").hidden = tiles.length > 0;
  byId("earlier").hidden = trail.length < 2;
  byId("later").hidden = following === null;
  stage.scrollTop = 0;
  shownAt = performance.now();
  showSelected();
}

async function countAll() {
  const what = byId("what");
  what.textContent = "";
  const mine = asked;
  try {
    const { count } = await ask(`/api/count?${filter()}`);
    if (mine === asked) what.textContent = count === 1 ? "1 picture" : `${new Intl.NumberFormat("en-GB").format(count)} pictures`;
  } catch {
    // The line of what is saved says that the server is away.
  }
}

/** @param {Picture} picture @param {number} index @returns {Tile} */
function tileOf(picture, index) {
  const image = make("img", { alt: picture.name || `Picture ${index + 1}`, loading: "lazy", draggable: "false" });
  image.decoding = "async";
  image.src = pictureUrl("thumb", picture.key);
  const button = make("button", { class: "tile", type: "button", "aria-pressed": "false" }, image, make("span", { class: "tags" }));
  button.dataset.index = String(index);
  if (picture.time !== null) button.title = `${picture.camera} ${picture.time}`;
  const tile = { picture, button };
  showTags(tile);
  return tile;
}

/** @param {Tile} tile */
function showTags({ picture, button }) {
  const tags = /** @type {Element} */ (button.querySelector(".tags"));
  const { value, suggestion } = picture;
  const signs = value === null ? [] : [chip(task, value)];
  if (suggestion !== null && suggestion.value !== value) signs.push(chip(task, suggestion.value, "suggested"));
  tags.replaceChildren(...signs);
}

/** @param {import("./common.js").Picture[]} pictures */
function refresh(pictures) {
  for (const { key, value } of pictures) {
    const index = places.get(key);
    if (index !== undefined) setValue(index, value);
  }
}

/** @param {number} index @param {string | null} value */
function setValue(index, value) {
  tiles[index].picture.value = value;
  showTags(tiles[index]);
}

// Selecting --------------------------------------------------------------------------------------------------

/** @param {number} index @param {boolean} on */
function select(index, on) {
  if (on) selected.add(index);
  else selected.delete(index);
  tiles[index].button.setAttribute("aria-pressed", String(on));
}

function selectNone() {
  for (const index of [...selected]) select(index, false);
}

/** @param {number} from @param {number} to */
function selectRange(from, to) {
  for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) select(index, true);
}

function showSelected() {
  const count = selected.size;
  byId("chosen-count").textContent = count > 0 ? `${count} selected` : "";
  byId("all").textContent = count > 0 && count === tiles.length ? "Select none" : "Select all";
  const accept = byId("accept");
  const suggested = [...selected].filter((index) => tiles[index].picture.suggestion !== null);
  accept.hidden = suggested.length === 0 || answering.value() !== null;
  byId("accept-text").textContent = `as suggested (${suggested.length})`;
  answering.show(count === 0);
}

/** @param {Event} event */
function indexAt(event) {
  const button = event.target instanceof Element ? event.target.closest(".tile") : null;
  return button instanceof HTMLElement ? Number(button.dataset.index) : null;
}

/** @type {{from: number, before: Set<number>, moved: boolean} | null} */
let drag = null;
/** Whether the click that ends a drag is still to come: it selects nothing. */
let dragged = false;
list.addEventListener("pointerdown", (event) => {
  dragged = false;
  const index = indexAt(event);
  if (index === null || event.pointerType !== "mouse" || event.button !== 0 || event.shiftKey) return;
  drag = { from: index, before: new Set(selected), moved: false };
});
list.addEventListener("pointerover", (event) => {
  const index = indexAt(event);
  if (drag === null || index === null || (index === drag.from && !drag.moved)) return;
  drag.moved = true;
  selectNone();
  for (const kept of drag.before) select(kept, true);
  selectRange(drag.from, index);
  cursor = index;
  showSelected();
});
function endDrag() {
  // At once: keys may follow before any timer, and a browser sends "pointerover" when the page moves below the mouse.
  dragged = drag?.moved ?? false;
  drag = null;
}
addEventListener("pointerup", endDrag);
addEventListener("pointercancel", endDrag);
list.addEventListener("click", (event) => {
  const index = indexAt(event);
  const ended = dragged;
  dragged = false;
  if (index === null || ended) return;
  cursor = index;
  if (event.shiftKey) selectRange(anchor, index);
  else {
    select(index, !selected.has(index));
    anchor = index;
  }
  showSelected();
});
list.addEventListener("dblclick", (event) => {
  const index = indexAt(event);
  if (index !== null) openPicture(index);
});
byId("all").addEventListener("click", (event) => {
  if (event.detail > 0) byId("all").blur();
  selectAll();
});

function selectAll() {
  const none = selected.size === tiles.length;
  for (const index of tiles.keys()) select(index, !none);
  showSelected();
}

/** @param {number} to @param {boolean} selecting */
function move(to, selecting) {
  if (to < 0 || to >= tiles.length) return;
  cursor = to;
  if (selecting) {
    selectNone();
    selectRange(anchor, cursor);
    showSelected();
  } else anchor = cursor;
  tiles[cursor].button.focus();
}

/** @param {number} index */
function openPicture(index) {
  if (tiles[index] === undefined) return;
  const wanted = filter();
  wanted.set("key", tiles[index].picture.key);
  location.href = `/picture?${wanted}`;
}

// Answers ----------------------------------------------------------------------------------------------------

/** @param {Map<number, string>} values "" takes a label away */
function commit(values) {
  if (values.size === 0) {
    toast("Select pictures first");
    return;
  }
  const before = new Map([...values.keys()].map((index) => [tiles[index].picture.key, tiles[index].picture.value]));
  const after = new Map([...values].map(([index, value]) => [tiles[index].picture.key, value || null]));
  const answers = [...values].map(([index, value]) => ({
    picture: tiles[index].picture.key,
    value,
    suggestion: tiles[index].picture.suggestion?.shown ?? null,
  }));
  const batch = newId();
  /** @param {Map<string, string | null>} those */
  const set = (those) => {
    for (const [key, value] of those) {
      const index = places.get(key);
      if (index !== undefined) setValue(index, value);
    }
  };
  outbox.add({
    path: "/api/labels",
    body: { id: batch, task: task.name, how: "grid", answers, took_ms: Math.round(performance.now() - shownAt) },
    pictures: answers.length,
  });
  set(after);
  steps.did({ batch, back: () => set(before), again: () => set(after) });
  for (const index of values.keys()) tiles[index].button.classList.add("done");
  selectNone();
  answering.clear();
  showSelected();
  shownAt = performance.now();
}

/** @param {string} value */
function answer(value) {
  commit(new Map([...selected].map((index) => [index, value])));
}

function accept() {
  const begun = answering.value();
  if (begun !== null) {
    answer(begun);
    return;
  }
  /** @type {Map<number, string>} */
  const values = new Map();
  for (const index of selected) {
    const { suggestion } = tiles[index].picture;
    if (suggestion !== null) values.set(index, suggestion.value);
  }
  commit(values);
}

function later() {
  if (following === null) return;
  trail.push(following);
  void load();
}

function earlier() {
  if (trail.length < 2) return;
  trail.pop();
  void load();
}

byId("later").addEventListener("click", later);
byId("earlier").addEventListener("click", earlier);
watchAnswers(answering, {
  answer,
  begun: showSelected,
  accept,
  undo: () => steps.take(false),
  redo: () => steps.take(true),
});

document.addEventListener("keydown", (event) => {
  if (isForControl(event) || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
    event.preventDefault();
    for (const index of tiles.keys()) select(index, true);
    showSelected();
  }
});
watchKeys((event) => {
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  return {
    ArrowRight: () => move(cursor + 1, event.shiftKey),
    ArrowLeft: () => move(cursor - 1, event.shiftKey),
    ArrowDown: () => move(cursor + columns, event.shiftKey),
    ArrowUp: () => move(cursor - columns, event.shiftKey),
    ".": () => {
      if (tiles[cursor] === undefined) return;
      select(cursor, !selected.has(cursor));
      anchor = cursor;
      showSelected();
    },
    "+": () => openPicture(cursor),
    ">": later,
    "<": earlier,
    Delete: () => answer(""),
    Escape: () => {
      selectNone();
      answering.clear();
      showSelected();
    },
  };
});

if (window.innerWidth < 768) /** @type {HTMLDetailsElement} */ (byId("filters-box")).open = false;
begin();
void offerChoices();
