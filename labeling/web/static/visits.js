// @ts-check
/**
 * Label visit by visit. The next visits are there before they are needed: their elements are built and their pictures
 * decoded, so that a key press only exchanges one element for another.
 *
 * @typedef {import("./common.js").Picture} Picture
 * @typedef {{visit: string, reason: string, blind: boolean, pictures: Picture[],
 *   suggestion: import("./common.js").Suggestion | null}} Visit
 * @typedef {{visit: Visit, list: HTMLOListElement, ready: Promise<unknown> | null,
 *   regained: boolean}} Sheet regained: by undo, so it may be held by nobody
 * @typedef {{batch: string, sheet: Sheet | null}} Done
 * @typedef {{visits: Visit[], progress: {pictures: number, open_pictures: number}}} Queued
 */

import { Answering, watchAnswers } from "./answering.js";
import { afterFrame, ask, byId, chip, make, newId, openOutbox, pageTask, pictureUrl, shown, toast, watchKeys } from "./common.js";
import { columnsFor } from "./fit.js";

const AHEAD = 12;
const FEW = 6;
const DECODED_PICTURES = 60;
const MANY = 24;
const RENEW_MS = 30_000;
const JUST_LEFT_MS = 5_000;
const LEFT = "coop.left";
const NUMBERS = new Intl.NumberFormat("en-GB");
/** @type {Record<string, string>} */
const REASONS = {
  unsure: "The model is unsure here",
  disagrees: "The model sees different things in it",
  rare: "A rare class",
  "new place": "A camera or hour rarely seen",
  random: "Picked at random",
  audit: "A check of the model, so without its opinion",
  double: "A second opinion",
  review: "The label may be wrong",
};

const task = pageTask();
/** The first visits, where they came with the page. */
const first = /** @type {(Queued & {holder: string}) | null} */ (JSON.parse(byId("first-data").textContent ?? "null"));
const holder = first?.holder ?? newId();
const outbox = openOutbox();
const answering = new Answering(task);
const stage = byId("stage");

/** @type {Sheet[]} */
let queue = [];
/** @type {Sheet | null} */
let current = null;
/** @type {Done[]} */
const done = [];
/** @type {Done[]} */
const undone = [];
/** @type {Set<number>} */
const marked = new Set();
/** @type {Map<number, string>} */
const apart = new Map();
let cursor = 0;
let anchor = 0;
let shownAt = performance.now();
let fetching = false;
let noMore = false;
/** @type {{pictures: number, open_pictures: number} | null} */
let progress = null;

/** @param {Visit} visit @returns {Sheet} */
function sheetOf(visit) {
  const list = make("ol", { class: "pictures" });
  const size = visit.pictures.length > MANY ? "thumb" : "view";
  visit.pictures.forEach((picture, index) => {
    const image = make("img", { alt: `Picture ${index + 1} of ${visit.pictures.length}`, draggable: "false" });
    image.decoding = "sync";
    image.dataset.src = pictureUrl(size, picture.key);
    const tags = make("span", { class: "tags" });
    const button = make("button", { class: "picture", type: "button", "aria-pressed": "false" }, image, tags);
    button.dataset.index = String(index);
    list.append(make("li", {}, button));
    showTags(tags, visit, picture, undefined);
  });
  return { visit, list, ready: null, regained: false };
}

/** @param {Element} tags @param {Visit} visit @param {Picture} picture @param {string | undefined} own */
function showTags(tags, visit, picture, own) {
  if (own !== undefined) return tags.replaceChildren(chip(task, own));
  if (picture.value !== null && !visit.blind) return tags.replaceChildren(chip(task, picture.value));
  const { suggestion } = picture;
  const differs = suggestion !== null && suggestion.value !== visit.suggestion?.value;
  tags.replaceChildren(...(differs ? [chip(task, suggestion.value, "suggested")] : []));
}

/** Load and decode a sheet's pictures. @param {Sheet} sheet */
function prepare(sheet) {
  if (sheet.ready !== null) return sheet.ready;
  const images = [...sheet.list.querySelectorAll("img")];
  for (const image of images) image.src = image.dataset.src ?? "";
  sheet.ready = Promise.allSettled(images.slice(0, DECODED_PICTURES).map((image) => image.decode()));
  return sheet.ready;
}

async function prepareAhead() {
  let pictures = 0;
  if (current !== null) await prepare(current);
  for (const sheet of [...queue]) {
    pictures += sheet.visit.pictures.length;
    await prepare(sheet);
    if (pictures > DECODED_PICTURES) return;
  }
}

async function fill() {
  if (fetching || queue.length > FEW) return;
  fetching = true;
  try {
    const without = [...queue, ...(current ? [current] : [])].map((sheet) => sheet.visit.visit);
    const body = { task: task.name, holder, count: AHEAD, without: [...without, ...outbox.visits] };
    take(await ask(stage.dataset.queue ?? "/api/queue", body));
  } catch (error) {
    showEmpty(true);
    setTimeout(fill, 1500);
  } finally {
    fetching = false;
  }
  show();
}

/** Put visits that came at the end of the queue. @param {Queued} queued */
function take({ visits, progress: now }) {
  const here = new Set([...queue, ...(current ? [current] : [])].map((sheet) => sheet.visit.visit));
  for (const name of outbox.visits) here.add(name);
  queue.push(...visits.filter((visit) => !here.has(visit.visit)).map(sheetOf));
  noMore = visits.length === 0;
  progress = { ...now, open_pictures: now.open_pictures - outbox.waiting };
  showEmpty(false);
}

function show() {
  if (current === null && queue.length > 0) next();
  else showProgress();
  void prepareAhead();
}

function next() {
  current = queue.shift() ?? null;
  begin();
}

/** Show the current sheet afresh. */
function begin() {
  marked.clear();
  apart.clear();
  answering.clear();
  cursor = anchor = 0;
  if (current === null) {
    stage.replaceChildren();
    byId("what").textContent = "";
    byId("reason").hidden = true;
    showEmpty(false);
  } else {
    void prepare(current);
    byId("empty").hidden = true;
    stage.hidden = false;
    layOut(current);
    stage.replaceChildren(current.list);
    stage.scrollTop = 0;
    showHead(current.visit);
  }
  showAnswers();
  showProgress();
  shownAt = performance.now();
  afterFrame(() => {
    void prepareAhead();
    void fill();
  });
}

/** @param {Visit} visit */
function showHead(visit) {
  const [first] = visit.pictures;
  const count = visit.pictures.length === 1 ? "1 picture" : `${visit.pictures.length} pictures`;
  byId("what").textContent = [count, first.source === "daemon" ? first.camera : first.source, first.time?.slice(0, 16)]
    .filter(Boolean)
    .join(" · ");
  const reason = byId("reason");
  reason.textContent = REASONS[visit.reason] ?? visit.reason;
  reason.hidden = visit.reason === "";
}

function showAnswers() {
  const suggestion = current?.visit.suggestion ?? null;
  const accept = byId("accept");
  const begun = answering.value();
  accept.hidden = suggestion === null || begun !== null;
  if (suggestion !== null) {
    accept.dataset.class = chip(task, suggestion.value).dataset.class ?? "";
    byId("accept-text").replaceChildren(
      shown(task, suggestion.value),
      " ",
      make("small", {}, `${Math.round(suggestion.confidence * 100)}%`),
    );
  }
  answering.show(current === null);
}

function showProgress() {
  if (progress === null) return;
  const { pictures, open_pictures: open } = progress;
  const bar = /** @type {HTMLProgressElement} */ (byId("progress"));
  bar.max = Math.max(pictures, 1);
  bar.value = Math.max(pictures - open, 0);
  byId("how-far").textContent = `${NUMBERS.format(bar.value)} of ${NUMBERS.format(pictures)} labelled`;
}

/** @param {boolean} offline */
function showEmpty(offline) {
  if (current !== null || queue.length > 0) {
    byId("empty").hidden = true;
    return;
  }
  const total = progress?.pictures ?? 0;
  const which = task.classes.length === 0 ? "classes" : offline ? "offline" : !noMore ? "loading" : total ? "done" : "none";
  for (const name of ["classes", "offline", "loading", "done", "none"]) byId(`empty-${name}`).hidden = name !== which;
  byId("empty").hidden = false;
  stage.hidden = true;
}

/** @param {Sheet} sheet */
function layOut(sheet) {
  const shapes = sheet.visit.pictures.map((picture) => picture.width / Math.max(picture.height, 1)).sort((a, b) => a - b);
  const shape = Math.min(Math.max(shapes[shapes.length >> 1], 0.6), 1.9);
  const { columns, tile } = columnsFor(sheet.visit.pictures.length, shape, room.width, room.height);
  sheet.list.style.setProperty("--columns", String(columns));
  sheet.list.style.setProperty("--tile", `${tile}px`);
  sheet.list.style.setProperty("--shape", String(shape));
}

let room = { width: 800, height: 500 };
function measure() {
  const style = getComputedStyle(stage);
  room = {
    width: stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
    height: stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom),
  };
  if (current !== null) layOut(current);
}

/** The pictures that the next answer is for, and that have none yet. @param {Visit} visit */
function open(visit) {
  const all = visit.pictures.map((_, index) => index);
  const without = all.filter((index) => visit.pictures[index].value === null);
  return without.length > 0 ? without : all;
}

/** An answer: for the marked pictures only, else for the rest of the visit, and on. @param {string} value */
function answer(value) {
  if (current === null) return;
  const { visit, list } = current;
  if (marked.size > 0) {
    for (const index of marked) {
      apart.set(index, value);
      showTags(tagsOf(list, index), visit, visit.pictures[index], value);
    }
    unmark();
    if (open(visit).some((index) => !apart.has(index))) {
      answering.clear();
      showAnswers();
      return;
    }
  }
  const values = new Map(open(visit).map((index) => [index, value]));
  for (const [index, own] of apart) values.set(index, own);
  commit(values);
}

/** @param {Map<number, string>} values */
function commit(values) {
  if (current === null) return;
  const { visit } = current;
  const answers = [...values].map(([index, value]) => ({
    picture: visit.pictures[index].key,
    value,
    suggestion: visit.blind ? null : visit.pictures[index].suggestion?.shown ?? visit.suggestion?.shown ?? null,
  }));
  const how = visit.reason === "audit" || visit.reason === "double" || visit.reason === "review" ? visit.reason : "visit";
  const batch = newId();
  const took_ms = Math.round(performance.now() - shownAt);
  const before = current;
  done.push({ batch, sheet: before });
  undone.length = 0;
  if (progress !== null) progress.open_pictures -= answers.filter((_, n) => visit.pictures[[...values.keys()][n]].value === null).length;
  outbox.add({
    path: "/api/labels",
    body: { id: batch, task: task.name, how, answers, took_ms },
    pictures: answers.length,
    visit: visit.visit,
  });
  next();
}

/** @param {boolean} redo */
async function takeBack(redo) {
  const [from, to] = redo ? [undone, done] : [done, undone];
  const last = from.pop();
  if (last === undefined) {
    await takeBackFromServer(redo);
    return;
  }
  const id = newId();
  to.push({ batch: id, sheet: last.sheet });
  outbox.add({ path: "/api/undo", body: { id, task: task.name, batch: last.batch }, pictures: 0 });
  const { sheet } = last;
  if (sheet === null) return;
  const count = open(sheet.visit).length;
  if (progress !== null) progress.open_pictures += redo ? -count : count;
  queue = queue.filter((other) => other.visit.visit !== sheet.visit.visit);
  if (redo) {
    if (current?.visit.visit === sheet.visit.visit) next();
    else showProgress();
  } else {
    if (current !== null) queue.unshift(current);
    current = freshened(sheet);
    current.regained = true;
    begin();
  }
}

/** What was done before this page was opened. @param {boolean} redo */
async function takeBackFromServer(redo) {
  await outbox.empty();
  const id = newId();
  let answered;
  try {
    answered = await ask("/api/undo", { id, task: task.name, redo });
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
    return;
  }
  if (answered.batch === null) {
    toast(redo ? "Nothing to bring back" : "Nothing to take back");
    return;
  }
  const visits = /** @type {Visit[]} */ (answered.visits);
  (redo ? done : undone).push({ batch: id, sheet: visits.length === 1 ? sheetOf(visits[0]) : null });
  const count = visits.reduce((sum, visit) => sum + visit.pictures.length, 0);
  toast(`${redo ? "Brought back" : "Took back"} ${count === 1 ? "1 label" : `${count} labels`}`);
  if (progress !== null) progress.open_pictures += redo ? -count : count;
  const names = new Set(visits.map((visit) => visit.visit));
  queue = queue.filter((sheet) => !names.has(sheet.visit.visit));
  if (!redo && visits.length > 0) {
    if (current !== null && !names.has(current.visit.visit)) queue.unshift(current);
    queue.unshift(...visits.slice(0, FEW).map((visit) => ({ ...sheetOf(visit), regained: true })));
    next();
  } else if (current !== null && names.has(current.visit.visit)) next();
  else showProgress();
}

/** The same sheet without what was marked or labelled in it. @param {Sheet} sheet */
function freshened(sheet) {
  sheet.list.querySelectorAll(".picture").forEach((button, index) => {
    button.setAttribute("aria-pressed", "false");
    showTags(tagsOf(sheet.list, index), sheet.visit, sheet.visit.pictures[index], undefined);
  });
  return sheet;
}

// Marking ----------------------------------------------------------------------------------------------------

/** @param {HTMLElement} list @param {number} index */
function tagsOf(list, index) {
  return /** @type {Element} */ (buttonOf(list, index).querySelector(".tags"));
}

/** @param {HTMLElement} list @param {number} index @returns {HTMLButtonElement} */
function buttonOf(list, index) {
  return /** @type {HTMLButtonElement} */ (list.children[index].firstElementChild);
}

/** @param {number} index @param {boolean} on */
function mark(index, on) {
  if (current === null) return;
  if (on) marked.add(index);
  else marked.delete(index);
  buttonOf(current.list, index).setAttribute("aria-pressed", String(on));
}

function unmark() {
  for (const index of [...marked]) mark(index, false);
}

/** @param {number} to */
function markTo(to) {
  unmark();
  for (let index = Math.min(anchor, to); index <= Math.max(anchor, to); index += 1) mark(index, true);
}

/** @param {number} to @param {boolean} marking */
function move(to, marking) {
  if (current === null || to < 0 || to >= current.visit.pictures.length) return;
  cursor = to;
  if (marking) markTo(cursor);
  else anchor = cursor;
  buttonOf(current.list, cursor).focus();
}

/** @param {number} index */
function enlarge(index) {
  if (current === null) return;
  const { key } = current.visit.pictures[index];
  /** @type {HTMLImageElement} */ (byId("large-picture")).src = pictureUrl("media", key);
  /** @type {HTMLAnchorElement} */ (byId("large-link")).href =
    `/picture?task=${encodeURIComponent(task.name)}&key=${encodeURIComponent(key)}`;
  /** @type {HTMLDialogElement} */ (byId("large")).showModal();
}

stage.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest(".picture") : null;
  if (!(button instanceof HTMLElement) || current === null) return;
  const index = Number(button.dataset.index);
  cursor = index;
  if (event.shiftKey) {
    markTo(index);
  } else {
    mark(index, !marked.has(index));
    anchor = index;
  }
});
stage.addEventListener("dblclick", (event) => {
  const button = event.target instanceof Element ? event.target.closest(".picture") : null;
  if (button instanceof HTMLElement) enlarge(Number(button.dataset.index));
});
let pressed = 0;
stage.addEventListener("touchstart", (event) => {
  const button = event.target instanceof Element ? event.target.closest(".picture") : null;
  if (button instanceof HTMLElement) pressed = window.setTimeout(() => enlarge(Number(button.dataset.index)), 550);
}, { passive: true });
for (const kind of ["touchend", "touchmove", "touchcancel"]) {
  stage.addEventListener(kind, () => clearTimeout(pressed), { passive: true });
}
byId("large").addEventListener("click", (event) => {
  if (!(event.target instanceof HTMLAnchorElement)) /** @type {HTMLDialogElement} */ (byId("large")).close();
});

// Keys and buttons -------------------------------------------------------------------------------------------

function accept() {
  const begun = answering.value();
  if (begun !== null) answer(begun);
  else if (current?.visit.suggestion) answer(current.visit.suggestion.value);
}

watchAnswers(answering, {
  answer,
  begun: showAnswers,
  accept,
  undo: () => takeBack(false),
  redo: () => takeBack(true),
});

watchKeys((event) => {
  const columns = current === null ? 1 : getComputedStyle(current.list).gridTemplateColumns.split(" ").length;
  return {
    ArrowRight: () => move(cursor + 1, event.shiftKey),
    ArrowLeft: () => move(cursor - 1, event.shiftKey),
    ArrowDown: () => move(cursor + columns, event.shiftKey),
    ArrowUp: () => move(cursor - columns, event.shiftKey),
    ".": () => {
      mark(cursor, !marked.has(cursor));
      anchor = cursor;
    },
    "+": () => enlarge(cursor),
    Escape: () => {
      unmark();
      answering.clear();
      showAnswers();
    },
  };
});

// Leases -----------------------------------------------------------------------------------------------------

async function renew() {
  const held = [...(current ? [current] : []), ...queue];
  if (held.length === 0) {
    void fill();
    return;
  }
  try {
    const { mine } = await ask("/api/leases", { task: task.name, holder, visits: held.map((sheet) => sheet.visit.visit) });
    const kept = new Set(mine);
    /** @param {Sheet} sheet */
    const isOurs = (sheet) => sheet.regained || kept.has(sheet.visit.visit) || !held.includes(sheet);
    queue = queue.filter(isOurs);
    if (current !== null && !isOurs(current)) {
      toast("This page was asleep, so the visit went to somebody else");
      next();
    }
    void fill();
  } catch {
    // The server is not there; the outbox says so, and the leases last a while.
  }
}

setInterval(renew, RENEW_MS);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void renew();
});
addEventListener("pagehide", () => {
  sessionStorage.setItem(LEFT, String(Date.now()));
  void ask("/api/leave", { task: task.name, holder }, { keepalive: true }).catch(() => {});
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

new ResizeObserver(measure).observe(stage);
measure();
// A page that was loaded again got what came with it while the visits on top were still held by itself; and what was
// answered in another page is not to be answered again.
const justLeft = Date.now() - Number(sessionStorage.getItem(LEFT) ?? 0) < JUST_LEFT_MS;
if (first !== null && !justLeft && outbox.waiting === 0) {
  take(first);
  show();
} else {
  await Promise.race([outbox.empty(), new Promise((done) => setTimeout(done, 1000))]);
}
await fill();
