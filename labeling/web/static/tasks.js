// @ts-check
/** The page of classes: every change is sent at once, and the page shows what came of it. */

import { ask, byId, toast } from "./common.js";

const task = /** @type {import("./common.js").Task | null} */ (
  JSON.parse(document.getElementById("task-data")?.textContent ?? "null")
);

/** @param {string} path @param {object} body @param {string} [to] the page to show then; else this one again */
async function send(path, body, to) {
  try {
    const answer = await ask(path, body);
    if (to === undefined) location.reload();
    else location.href = `${to}?task=${encodeURIComponent(answer.name)}`;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
  }
}

/** @param {object} change @param {boolean} [reload] */
async function changeClass(change, reload = true) {
  try {
    await ask("/api/class", { task: task?.name, ...change });
    if (reload) location.reload();
    else toast("Saved");
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
    return false;
  }
}

/** @param {string} text */
function names(text) {
  return text.split(/[,\n]/).map((name) => name.trim()).filter(Boolean);
}

/** @param {Element} element */
function codeOf(element) {
  return /** @type {HTMLElement} */ (element.closest("[data-code]")).dataset.code ?? "";
}

// Changes of a class -----------------------------------------------------------------------------------------

for (const field of document.querySelectorAll(".change")) {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) continue;
  let before = field.value;
  field.addEventListener("change", async () => {
    const { what } = field.dataset;
    const change = what === "rename" ? { what, name: field.value } : { what: "describe", [what ?? ""]: field.value };
    const quiet = what === "definition" || what === "key";
    if (await changeClass({ code: codeOf(field), ...change }, !quiet)) before = field.value;
    else field.value = before;
  });
}

for (const choice of document.querySelectorAll(".merge")) {
  if (!(choice instanceof HTMLSelectElement)) continue;
  choice.addEventListener("change", () => {
    const name = choice.selectedOptions[0].textContent;
    const question = `Count every picture of this class as ${name} from now on? It can be parted again.`;
    if (choice.value && confirm(question)) void changeClass({ what: "merge", code: codeOf(choice), into: choice.value });
    else choice.value = "";
  });
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-what]") : null;
  if (!(button instanceof HTMLElement)) return;
  const { what, picture } = button.dataset;
  const code = codeOf(button);
  if (what === "up" || what === "down") {
    const codes = [...document.querySelectorAll("#classes > [data-code]")].map(codeOf);
    const from = codes.indexOf(code);
    const to = from + (what === "up" ? -1 : 1);
    [codes[from], codes[to]] = [codes[to], codes[from]];
    void changeClass({ what: "order", codes });
  } else void changeClass({ what, code, ...(picture === undefined ? {} : { picture }) });
});

document.getElementById("add-class")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (byId("new-names"));
  void changeClass({ what: "add", names: names(field.value) });
});

// New tasks --------------------------------------------------------------------------------------------------

document.querySelector("[data-open]")?.addEventListener("click", () => {
  /** @type {HTMLDialogElement} */ (byId("new-task")).showModal();
});

for (const begin of document.querySelectorAll("[data-begin]")) {
  if (!(begin instanceof HTMLElement)) continue;
  const { begin: name = "", kind = "single", pictures = null, classes = "" } = begin.dataset;
  if (begin instanceof HTMLFormElement) {
    begin.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = new FormData(begin);
      void send(
        "/api/task",
        {
          name: name || String(form.get("name") ?? ""),
          kind: String(form.get("kind") ?? "single"),
          classes: names(String(form.get("names") ?? "")),
          pictures: name === "hens" ? "crop" : null,
        },
        "/visits",
      );
    });
  } else {
    const shown = pictures ?? (name === "kinds" ? "crop" : null);
    begin.addEventListener("click", () => void send("/api/task", { name, kind, pictures: shown, classes: names(classes) }, "/visits"));
  }
}
