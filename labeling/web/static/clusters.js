// @ts-check
/**
 * Clusters: all of them as cards, and one of them as tiles, which a key names; the marked ones are left out.
 *
 * @typedef {import("./common.js").Picture} Picture
 * @typedef {{number: number, pictures: number, open: number, values: [string, number][], thumbs: string[],
 *   joined: boolean, came_from: number | null}} Cluster
 * @typedef {Cluster & {sheet: Picture[]}} Whole
 */

import { Answering, watchAnswers } from "./answering.js";
import { ask, byId, chip, make, newId, openOutbox, pageTask, pictureUrl, toast, watchKeys } from "./common.js";
import { Steps } from "./steps.js";

const task = pageTask();
const outbox = openOutbox();
const answering = new Answering(task);
const steps = new Steps(task, outbox, () => void reload());
const cards = byId("clusters");
const tiles = byId("tiles");

/** @type {Cluster[]} */
let clusters = [];
/** The cluster that is open; null: all are shown. @type {Whole | null} */
let open = null;
/** Marked cards or tiles, by their place. @type {Set<number>} */
const marked = new Set();
let cursor = 0;
let shownAt = performance.now();

const query = (/** @type {Record<string, string>} */ more) => new URLSearchParams({ task: task.name, ...more });

async function load() {
  try {
    ({ clusters } = await ask(`/api/clusters?${query({})}`));
  } catch (error) {
    complain(error);
  }
}

async function reload() {
  const number = open?.number;
  await load();
  if (number !== undefined && clusters.some((cluster) => cluster.number === number)) await enter(number);
  else showAll();
}

// All of them ------------------------------------------------------------------------------------------------

function showAll() {
  open = null;
  marked.clear();
  answering.clear();
  byId("over-one").hidden = tiles.hidden = true;
  byId("over-all").hidden = false;
  cards.hidden = clusters.length === 0;
  byId("empty").hidden = clusters.length > 0;
  const left = clusters.reduce((sum, cluster) => sum + cluster.open, 0);
  const format = new Intl.NumberFormat("en-GB");
  byId("how-many").textContent = clusters.length === 1 ? "1 cluster" : `${format.format(clusters.length)} clusters${clusters.length >= 240 ? ", those with the most to name" : ""}`;
  byId("left").textContent = `${format.format(left)} pictures in them without a label`;
  cards.replaceChildren(...clusters.map(card));
  showMerge();
  answering.show(true);
}

/** @param {Cluster} cluster @param {number} place */
function card(cluster, place) {
  const thumbs = cluster.thumbs.map((key) =>
    make("img", { src: pictureUrl("thumb", key), alt: "", loading: "lazy", draggable: "false" }),
  );
  const values = cluster.values.slice(0, 3).map(([value]) => chip(task, value));
  const count = cluster.pictures === 1 ? "1 picture" : `${cluster.pictures} pictures`;
  const told = cluster.open === 0 ? `${count}, all named` : cluster.open < cluster.pictures ? `${cluster.open} of ${count} open` : count;
  const button = make(
    "button",
    { class: cluster.open === 0 ? "cluster done" : "cluster", type: "button", "aria-pressed": "false", "aria-label": `Cluster of ${told}` },
    make("span", { class: "mosaic" }, ...thumbs),
    make("span", { class: "cluster-foot" }, make("span", {}, told), ...values),
  );
  button.dataset.place = String(place);
  return make("li", {}, button);
}

function showMerge() {
  byId("merge").hidden = open !== null || marked.size < 2;
}

async function merge() {
  if (marked.size < 2) return;
  await change("merge", { numbers: [...marked].map((place) => clusters[place].number) }, "Merged");
}

// One of them ------------------------------------------------------------------------------------------------

/** @param {number} number */
async function enter(number) {
  try {
    open = await ask(`/api/cluster?${query({ number: String(number) })}`);
  } catch (error) {
    complain(error);
    await load();
    showAll();
    return;
  }
  showOne();
}

function showOne() {
  if (open === null) return;
  marked.clear();
  answering.clear();
  cursor = 0;
  byId("over-all").hidden = cards.hidden = byId("empty").hidden = true;
  byId("over-one").hidden = tiles.hidden = false;
  const without = open.sheet.filter((picture) => picture.value === null).length;
  byId("what").textContent = `${open.sheet.length} alike, ${without} without a label`;
  byId("unmerge").hidden = !open.joined && open.came_from === null;
  tiles.replaceChildren(...open.sheet.map(tile));
  byId("stage").scrollTop = 0;
  answering.show(without === 0);
  shownAt = performance.now();
}

/** @param {Picture} picture @param {number} place */
function tile(picture, place) {
  const tags = make("span", { class: "tags" }, ...(picture.value === null ? [] : [chip(task, picture.value)]));
  const button = make(
    "button",
    { class: picture.value === null ? "tile" : "tile done", type: "button", "aria-pressed": "false" },
    make("img", { src: pictureUrl("thumb", picture.key), alt: `Picture ${place + 1}`, loading: "lazy", draggable: "false" }),
    tags,
  );
  button.dataset.place = String(place);
  return make("li", {}, button);
}

/** Name all that have no label and no mark. @param {string} value */
function answer(value) {
  if (open === null) return;
  const { number, sheet } = open;
  const named = sheet.filter((picture, place) => picture.value === null && !marked.has(place));
  if (named.length === 0) {
    toast("Nothing is left to name here");
    return;
  }
  const batch = newId();
  const answers = named.map(({ key }) => ({ picture: key, value, suggestion: null }));
  outbox.add({
    path: "/api/labels",
    body: { id: batch, task: task.name, how: "cluster", answers, took_ms: Math.round(performance.now() - shownAt) },
    pictures: answers.length,
  });
  /** @param {string | null} now */
  const set = (now) => {
    for (const picture of named) picture.value = now;
    const known = clusters.find((cluster) => cluster.number === number);
    if (known !== undefined) known.open = sheet.filter((picture) => picture.value === null).length;
    if (known !== undefined) known.values = now === null ? [] : [[now, named.length]];
  };
  set(value);
  steps.did({
    batch,
    back: () => {
      set(null);
      void outbox.empty().then(() => enter(number));
    },
    again: () => set(value),
  });
  // What was marked stays for another key; else on to the next.
  if (sheet.some((picture) => picture.value === null)) showOne();
  else void after();
}

async function after() {
  const here = clusters.findIndex((cluster) => cluster.number === open?.number);
  const order = [...clusters.slice(here + 1), ...clusters.slice(0, Math.max(here, 0))];
  const following = order.find((cluster) => cluster.open > 0);
  if (following === undefined) {
    await outbox.empty();
    await load();
    showAll();
    if (clusters.length > 0) toast("Every cluster is named");
  } else await enter(following.number);
}

/** @param {"split" | "merge" | "unmerge"} what @param {object} body @param {string} told */
async function change(what, body, told) {
  try {
    await outbox.empty();
    const { clusters: made } = await ask(`/api/clusters/${what}`, { task: task.name, ...body });
    await load();
    toast(told);
    await enter(made[0].number);
  } catch (error) {
    complain(error);
  }
}

const split = () => open && change("split", { number: open.number }, "Split in two; b takes it back");
const unmerge = () => open && change("unmerge", { number: open.number }, "Taken back");

async function leave() {
  await outbox.empty();
  const number = open?.number;
  await load();
  showAll();
  focusOn(Math.max(0, clusters.findIndex((cluster) => cluster.number === number)));
}

/** @param {unknown} error */
function complain(error) {
  toast(error instanceof Error ? error.message : String(error), true);
}

// Hands ------------------------------------------------------------------------------------------------------

const list = () => (open === null ? cards : tiles);

/** @param {number} place */
function buttonAt(place) {
  const button = list().children[place]?.firstElementChild;
  return button instanceof HTMLButtonElement ? button : null;
}

/** @param {number} place */
function mark(place) {
  const on = !marked.has(place);
  if (on) marked.add(place);
  else marked.delete(place);
  buttonAt(place)?.setAttribute("aria-pressed", String(on));
  showMerge();
}

/** @param {number} place */
function focusOn(place) {
  const button = buttonAt(place);
  if (button === null) return;
  cursor = place;
  button.focus();
  button.scrollIntoView({ block: "nearest" });
}

function columns() {
  const [first, ...rest] = [...list().children];
  const top = first?.getBoundingClientRect().top;
  const next = rest.findIndex((item) => item.getBoundingClientRect().top !== top);
  return next < 0 ? rest.length + 1 : next + 1;
}

/** @param {Event} event */
function placeOf(event) {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  return button instanceof HTMLElement && button.dataset.place !== undefined ? Number(button.dataset.place) : null;
}

cards.addEventListener("click", (event) => {
  const place = placeOf(event);
  if (place === null) return;
  cursor = place;
  if (event.ctrlKey || event.metaKey || event.shiftKey) mark(place);
  else void enter(clusters[place].number);
});
tiles.addEventListener("click", (event) => {
  const place = placeOf(event);
  if (place === null) return;
  cursor = place;
  mark(place);
});
byId("to-all").addEventListener("click", () => void leave());
byId("after").addEventListener("click", () => void after());
byId("split").addEventListener("click", () => void split());
byId("unmerge").addEventListener("click", () => void unmerge());
byId("merge").addEventListener("click", () => void merge());

watchAnswers(answering, {
  answer,
  begun: () => answering.show(open === null),
  accept: () => {
    const begun = answering.value();
    if (begun !== null) answer(begun);
    else if (open === null && clusters[cursor] !== undefined) void enter(clusters[cursor].number);
  },
  undo: () => steps.take(false),
  redo: () => steps.take(true),
});

watchKeys(() => ({
  ArrowLeft: () => focusOn(cursor - 1),
  ArrowRight: () => focusOn(cursor + 1),
  ArrowUp: () => focusOn(cursor - columns()),
  ArrowDown: () => focusOn(cursor + columns()),
  ".": () => mark(cursor),
  m: () => open === null && merge(),
  x: split,
  b: unmerge,
  n: () => open !== null && after(),
  Escape: () => (open === null ? showAll() : leave()),
}));

await load();
showAll();
focusOn(0);
