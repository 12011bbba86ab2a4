// @ts-check
/**
 * Review: labels worth a second look, one after the other. Whatever is decided is a label given by review, so that
 * nothing is asked about twice.
 *
 * @typedef {import("./common.js").Picture} Picture
 * @typedef {{pictures: Picture[], said: {who: string, value: string}[], why: string,
 *   likely: {value: string, confidence: number, model: string} | null, decided?: boolean}} Item
 */

import { Answering, watchAnswers } from "./answering.js";
import { ask, byId, chip, make, newId, openOutbox, pageTask, pictureUrl, shown, toast, watchKeys } from "./common.js";
import { columnsFor } from "./fit.js";
import { Steps } from "./steps.js";

const task = pageTask();
const outbox = openOutbox();
const answering = new Answering(task);
const what = byId("line").dataset.what ?? "";
const list = byId("pictures");
const stage = byId("stage");
const steps = new Steps(task, outbox, () => void load());

/** @type {Item[]} */
let items = [];
let count = 0;
let at = 0;
let shownAt = performance.now();

async function load() {
  try {
    await outbox.empty();
    ({ items, count } = await ask(`/api/review?${new URLSearchParams({ task: task.name, what })}`));
    at = 0;
    show();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
  }
}

function show() {
  answering.clear();
  const item = items[at];
  byId("empty").hidden = item !== undefined;
  stage.hidden = item === undefined;
  byId("keepers").hidden = item === undefined;
  const done = items.filter((other) => other.decided).length;
  const bar = /** @type {HTMLProgressElement} */ (byId("progress"));
  bar.max = Math.max(items.length, 1);
  bar.value = done;
  byId("how-far").textContent = items.length === 0 ? "" : `${count - done} left`;
  byId("said").replaceChildren();
  byId("why").textContent = item?.why ?? "";
  if (item !== undefined) {
    byId("said").replaceChildren(
      ...item.said.map(({ who, value }) => make("span", { class: "opinion" }, `${who}: `, chip(task, value))),
    );
    list.replaceChildren(...item.pictures.map(element));
    layOut(item);
  }
  // Of a disagreement there is no label to keep: one of the two is chosen by its key.
  byId("keep").hidden = what === "disagreements";
  showAnswers();
  shownAt = performance.now();
  for (const ahead of items.slice(at + 1, at + 4)) for (const { key } of ahead.pictures) new Image().src = pictureUrl("view", key);
}

/** @param {Picture} picture @param {number} place */
function element(picture, place) {
  const image = make("img", { src: pictureUrl("view", picture.key), alt: `Picture ${place + 1}`, draggable: "false" });
  const tags = make("span", { class: "tags" }, ...(what === "duplicates" && picture.value ? [chip(task, picture.value)] : []));
  const href = `/picture?${new URLSearchParams({ task: task.name, key: picture.key })}`;
  return make("li", {}, make("a", { class: "picture", href, title: "History and careful work" }, image, tags));
}

/** @param {Item} item */
function layOut(item) {
  const style = getComputedStyle(stage);
  const width = stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const height = stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  const [first] = item.pictures;
  const shape = Math.min(Math.max(first.width / Math.max(first.height, 1), 0.6), 1.9);
  const { columns, tile } = columnsFor(item.pictures.length, shape, width, height);
  list.style.setProperty("--columns", String(columns));
  list.style.setProperty("--tile", `${tile}px`);
  list.style.setProperty("--shape", String(shape));
}

function showAnswers() {
  const likely = items[at]?.likely ?? null;
  const accept = byId("accept");
  accept.hidden = likely === null || answering.value() !== null;
  if (likely !== null) {
    accept.dataset.class = chip(task, likely.value).dataset.class ?? "";
    byId("accept-text").replaceChildren(shown(task, likely.value), " ", make("small", {}, `${Math.round(likely.confidence * 100)}%`));
  }
  answering.show(items[at] === undefined);
}

/** @param {(picture: Picture) => string | null} valueOf */
function decide(valueOf) {
  const item = items[at];
  if (item === undefined) return;
  const suggestion = item.likely === null ? null : `${item.likely.value} ${item.likely.confidence.toFixed(2)} ${item.likely.model}`;
  const answers = item.pictures.flatMap((picture) => {
    const value = valueOf(picture);
    return value === null ? [] : [{ picture: picture.key, value, suggestion }];
  });
  if (answers.length === 0) return;
  const batch = newId();
  const place = at;
  outbox.add({
    path: "/api/labels",
    body: { id: batch, task: task.name, how: "review", answers, took_ms: Math.round(performance.now() - shownAt) },
    pictures: answers.length,
  });
  item.decided = true;
  steps.did({
    batch,
    back: () => {
      item.decided = false;
      at = place;
      show();
    },
    again: () => {
      item.decided = true;
      forward();
    },
  });
  forward();
}

/** On to the next that nobody decided; from the end to the beginning. */
function forward() {
  const order = [...items.keys()].slice(at + 1).concat([...items.keys()].slice(0, at + 1));
  const following = order.find((place) => !items[place].decided);
  if (following !== undefined) {
    at = following;
    show();
  } else if (count > items.length) void load();
  else {
    at = items.length;
    show();
  }
}

/** @param {number} by */
function go(by) {
  const to = at + by;
  if (to < 0 || to >= items.length) return;
  at = to;
  show();
}

const keep = () => what !== "disagreements" && decide((picture) => picture.value);

byId("keep").addEventListener("click", keep);
byId("later").addEventListener("click", () => go(1));
addEventListener("resize", () => items[at] && layOut(items[at]));

watchAnswers(answering, {
  answer: (value) => decide(() => value),
  begun: showAnswers,
  accept: () => {
    const begun = answering.value();
    const likely = items[at]?.likely ?? null;
    if (begun !== null) decide(() => begun);
    else if (likely !== null) decide(() => likely.value);
  },
  undo: () => steps.take(false),
  redo: () => steps.take(true),
});

watchKeys(() => ({
  k: keep,
  ArrowRight: () => go(1),
  ArrowLeft: () => go(-1),
  Escape: () => {
    answering.clear();
    showAnswers();
  },
}));

await load();
