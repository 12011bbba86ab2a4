// @ts-check
/**
 * One picture after the other, for careful work. Which ones, and in which order, the address says as in the grid;
 * without any filter those that have no label yet.
 *
 * @typedef {import("./common.js").Picture & {place: string}} Picture
 */

import { Answering, watchAnswers } from "./answering.js";
import { afterFrame, ask, byId, chip, make, newId, openOutbox, pageTask, pictureUrl, shown, toast, watchKeys } from "./common.js";
import { Steps } from "./steps.js";

const FILTERS = ["value", "suggested", "camera", "source", "who", "since", "until", "unlike", "oldest", "visit", "cluster"];
const AHEAD = 30;
const FEW = 8;
const DECODED = 3;

const task = pageTask();
const outbox = openOutbox();
const answering = new Answering(task);
const steps = new Steps(task, outbox, (pictures) => {
  for (const { key, value } of pictures) for (const picture of row) if (picture.key === key) picture.value = value;
  const first = row.findIndex((picture) => picture.key === pictures[0]?.key);
  if (first >= 0) go(first);
});
const loupe = byId("loupe");
const filter = filterHere();

/** The pictures there are, in order. @type {Picture[]} */
const row = [];
let at = 0;
let ended = false;
let began = false;
let fetching = false;
let shownAt = performance.now();
/** @type {Map<string, HTMLImageElement>} */
const images = new Map();

function filterHere() {
  const wanted = new URLSearchParams({ task: task.name, limit: String(AHEAD) });
  const here = new URLSearchParams(location.search);
  for (const name of FILTERS) {
    const value = here.get(name);
    if (value !== null) wanted.set(name, value);
  }
  if (!here.has("key") && !FILTERS.some((name) => here.has(name))) {
    wanted.set("value", "");
    wanted.set("oldest", "true");
  }
  return wanted;
}

/** Fetch what follows. Nothing is asked for twice: labelling changes what a filter finds. */
async function fetchMore() {
  if (fetching || ended) return;
  fetching = true;
  const wanted = new URLSearchParams(filter);
  if (row.length > 0) wanted.set("after", row[row.length - 1].place);
  try {
    const { pictures, next } = await ask(`/api/pictures?${wanted}`);
    const known = new Set(row.map((picture) => picture.key));
    row.push(...pictures.filter((/** @type {Picture} */ picture) => !known.has(picture.key)));
    ended = next === null;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
    setTimeout(() => void fetchMore().then(show), 1500);
  } finally {
    fetching = false;
  }
}

/** Fetch what comes before. */
async function fetchBefore() {
  if (fetching || began || row.length === 0) return;
  fetching = true;
  const wanted = new URLSearchParams(filter);
  if (wanted.get("oldest") === "true") wanted.delete("oldest");
  else wanted.set("oldest", "true");
  wanted.set("after", row[0].place);
  try {
    const { pictures, next } = await ask(`/api/pictures?${wanted}`);
    row.unshift(...pictures.reverse());
    at += pictures.length;
    began = next === null;
  } catch {
    // The line of what is saved says that the server is away.
  } finally {
    fetching = false;
  }
}

/** @param {Picture} picture */
function imageOf(picture) {
  const known = images.get(picture.key);
  if (known !== undefined) return known;
  const image = make("img", { id: "whole", alt: picture.name || "The picture", draggable: "false" });
  image.decoding = "sync";
  image.src = pictureUrl("view", picture.key);
  void image.decode().catch(() => {});
  images.set(picture.key, image);
  if (images.size > 24) images.delete(/** @type {string} */ (images.keys().next().value));
  return image;
}

/** @param {number} to */
function go(to) {
  at = Math.max(to, 0);
  show();
}

function show() {
  answering.clear();
  const picture = row[at];
  byId("empty").hidden = picture !== undefined || !ended;
  loupe.hidden = byId("facts").hidden = picture === undefined;
  if (picture !== undefined) {
    loupe.replaceChildren(imageOf(picture));
    zoomTo(1);
    showFacts(picture);
  }
  showAnswers();
  shownAt = performance.now();
  afterFrame(() => {
    for (const ahead of row.slice(at + 1, at + 1 + DECODED)) imageOf(ahead);
    if (row.length - at < FEW) {
      void fetchMore().then(() => {
        if (picture === undefined && row[at] !== undefined) show();
        else if (row[at] === undefined && ended) show();
      });
    }
    if (picture !== undefined) void showHistory(picture);
  });
}

/** @param {Picture} picture */
function showFacts(picture) {
  const { value, suggestion } = picture;
  const now = value === null ? [make("span", {}, "No label yet")] : [chip(task, value), `by ${picture.who ?? "you"}`];
  if (suggestion !== null) now.push(chip(task, suggestion.value, "suggested"), `${Math.round(suggestion.confidence * 100)}%`);
  byId("now").replaceChildren(...now);
  const visit = make("a", { href: `/grid?${new URLSearchParams({ task: task.name, visit: picture.visit, oldest: "true" })}` }, "show all of it");
  /** @type {[string, Node | string | null][]} */
  const facts = [
    ["Taken", picture.time],
    ["Camera", picture.camera],
    ["Source", picture.source === "daemon" ? "the watch" : picture.source],
    ["Group", picture.group],
    ["File", picture.name],
    ["Size", `${picture.width} × ${picture.height}`],
    ["Visit", visit],
  ];
  byId("about").replaceChildren(...facts.flatMap(([name, fact]) => (fact ? [make("dt", {}, name), make("dd", {}, fact)] : [])));
  const example = byId("example");
  const single = value !== null && task.kind === "single" && task.names[value] !== undefined;
  example.hidden = !single;
  if (single) example.textContent = `Use as an example of ${shown(task, value)}`;
}

/** @param {Picture} picture */
async function showHistory(picture) {
  const list = byId("history");
  list.replaceChildren();
  // What was just said of it stands in its history, too, once it is saved.
  await Promise.race([outbox.empty(), new Promise((done) => setTimeout(done, 3000))]);
  if (row[at] !== picture) return;
  try {
    const { labels } = await ask(`/api/history?${new URLSearchParams({ task: task.name, key: picture.key })}`);
    if (row[at] !== picture) return;
    const lines = labels.map((/** @type {any} */ label) => {
      const how = label.how === "undo" ? "by undo" : `by ${label.how}`;
      const seen = label.suggestion ? ` · was shown: ${label.suggestion}` : "";
      const took = label.took_ms === null ? "" : ` · ${(label.took_ms / 1000).toFixed(1)} s`;
      return make("li", {}, chip(task, label.value), make("span", { class: "soft" }, `${label.who}, ${label.at}, ${how}${took}${seen}`));
    });
    list.replaceChildren(...(lines.length > 0 ? lines : [make("li", { class: "soft" }, "Nothing yet")]));
  } catch {
    // Shown when the server is back.
  }
}

function showAnswers() {
  const suggestion = row[at]?.suggestion ?? null;
  const accept = byId("accept");
  accept.hidden = suggestion === null || answering.value() !== null;
  if (suggestion !== null) {
    accept.dataset.class = chip(task, suggestion.value).dataset.class ?? "";
    byId("accept-text").replaceChildren(
      shown(task, suggestion.value),
      " ",
      make("small", {}, `${Math.round(suggestion.confidence * 100)}%`),
    );
  }
  answering.show(row[at] === undefined);
}

/** @param {string} value "" takes the label away */
function answer(value) {
  const picture = row[at];
  if (picture === undefined) return;
  const place = picture.key;
  const before = picture.value;
  const batch = newId();
  outbox.add({
    path: "/api/labels",
    body: {
      id: batch,
      task: task.name,
      how: "picture",
      answers: [{ picture: picture.key, value, suggestion: picture.suggestion?.shown ?? null }],
      took_ms: Math.round(performance.now() - shownAt),
    },
    pictures: 1,
  });
  /** @param {string | null} now @param {number} on */
  const set = (now, on) => {
    picture.value = now;
    picture.who = null;
    go(row.findIndex((other) => other.key === place) + on);
  };
  steps.did({ batch, back: () => set(before, 0), again: () => set(value || null, 1) });
  set(value || null, 1);
}

function accept() {
  const begun = answering.value();
  if (begun !== null) answer(begun);
  else if (row[at]?.suggestion) answer(/** @type {import("./common.js").Suggestion} */ (row[at].suggestion).value);
}

async function before() {
  if (at === 0) await fetchBefore();
  if (at > 0) go(at - 1);
}

function after() {
  if (at + 1 < row.length || ended) go(Math.min(at + 1, row.length));
}

// Looking ----------------------------------------------------------------------------------------------------

const LIGHTS = ["", "bright", "brighter"];
let light = 0;
let zoom = 1;
let shift = { x: 0, y: 0 };

/** @param {number} to */
function zoomTo(to) {
  zoom = Math.min(Math.max(to, 1), 16);
  if (zoom === 1) shift = { x: 0, y: 0 };
  place();
  const image = loupe.querySelector("img");
  const picture = row[at];
  if (zoom > 1 && image && picture && !image.src.includes("/media/")) image.src = pictureUrl("media", picture.key);
}

function place() {
  loupe.style.setProperty("--zoom", String(zoom));
  loupe.style.setProperty("--x", `${shift.x}px`);
  loupe.style.setProperty("--y", `${shift.y}px`);
  loupe.classList.toggle("pixels", zoom >= 6);
}

function brighten() {
  light = (light + 1) % LIGHTS.length;
  for (const name of LIGHTS) if (name) loupe.classList.toggle(name, name === LIGHTS[light]);
  byId("light").setAttribute("aria-pressed", String(light > 0));
}

loupe.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomTo(zoom * (event.deltaY < 0 ? 1.25 : 0.8));
}, { passive: false });
loupe.addEventListener("pointerdown", (event) => loupe.setPointerCapture(event.pointerId));
loupe.addEventListener("pointermove", (event) => {
  if (!loupe.hasPointerCapture(event.pointerId) || zoom === 1) return;
  shift = { x: shift.x + event.movementX, y: shift.y + event.movementY };
  place();
});
loupe.addEventListener("dblclick", () => zoomTo(zoom > 1 ? 1 : 3));

/** @param {string} id @param {() => void} does */
function onPress(id, does) {
  byId(id).addEventListener("click", (event) => {
    if (event.detail > 0) byId(id).blur();
    does();
  });
}
onPress("before", before);
onPress("after", after);
onPress("closer", () => zoomTo(zoom * 1.5));
onPress("wider", () => zoomTo(zoom / 1.5));
onPress("light", brighten);
onPress("example", async () => {
  const picture = row[at];
  try {
    await ask("/api/class", { task: task.name, what: "example", code: picture.value, picture: picture.key });
    toast(`It stands beside ${shown(task, picture.value ?? "")} on the page of classes now`);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
  }
});
watchAnswers(answering, {
  answer,
  begun: showAnswers,
  accept,
  undo: () => steps.take(false),
  redo: () => steps.take(true),
});

watchKeys(() => ({
  ArrowLeft: before,
  ArrowRight: after,
  "+": () => zoomTo(zoom * 1.5),
  "-": () => zoomTo(zoom / 1.5),
  "*": brighten,
  Delete: () => answer(""),
  Escape: () => {
    answering.clear();
    zoomTo(1);
    showAnswers();
  },
}));

async function start() {
  await Promise.race([outbox.empty(), new Promise((done) => setTimeout(done, 1000))]);
  const key = new URLSearchParams(location.search).get("key");
  if (key !== null) {
    try {
      const { picture, place } = await ask(`/api/picture?${new URLSearchParams({ task: task.name, key })}`);
      row.push({ ...picture, place });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), true);
    }
  }
  if (row.length === 0) {
    began = true;
    await fetchMore();
  }
  show();
}

await start();
