// Stages can be dragged into their order. The arrows on each card do the same, for everybody else.
//
// <ol data-cards><li data-card="2"><div data-drag draggable="true"> … and a button data-drop, whose value becomes "drop-FROM-TO".

import { say, tell } from "./words.js";

let dragged = null;

function card(event) {
  return event.target.closest?.("[data-cards] > [data-card]");
}

function clear() {
  for (const one of document.querySelectorAll(".is-dragged, .is-over, .is-under"))
    one.classList.remove("is-dragged", "is-over", "is-under");
}

function isAbove(over, event) {
  const { top, height } = over.getBoundingClientRect();
  return event.clientY < top + height / 2;
}

/** The place that the dragged card would take: from 1, counted without the card itself. */
function place(over, event) {
  const from = Number(dragged.dataset.card);
  const at = Number(over.dataset.card) + (isAbove(over, event) ? 0 : 1);
  return at > from ? at - 1 : at;
}

document.addEventListener("dragstart", (event) => {
  if (!event.target.matches?.("[data-drag]")) return;
  dragged = card(event);
  dragged.classList.add("is-dragged");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.card);
});

document.addEventListener("dragover", (event) => {
  const over = card(event);
  if (!dragged || !over) return;
  event.preventDefault();
  clear();
  dragged.classList.add("is-dragged");
  over.classList.add(isAbove(over, event) ? "is-over" : "is-under");
});

document.addEventListener("drop", (event) => {
  const over = card(event);
  if (!dragged || !over) return;
  event.preventDefault();
  const from = dragged.dataset.card;
  const to = place(over, event);
  const button = document.querySelector("[data-drop]");
  if (String(to) === from || !button) return;
  button.value = `drop-${from}-${to}`;
  button.hidden = false;
  button.click();
});

document.addEventListener("dragend", () => {
  clear();
  dragged = null;
});

// Whoever was signed out meanwhile gets the sign-in page for an answer: what was typed stays where it is.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (requestConfig.elt.id !== "route-form") return;
  if (new URL(xhr.responseURL).pathname === window.location.pathname) return;
  event.detail.shouldSwap = false;
  tell(say("signedOut"));
});

// A press that waits behind the automatic saving is still that press when its turn comes: which button it was
// stands in the event, whatever has been renewed or has lost the focus meanwhile.
document.addEventListener("htmx:configRequest", (event) => {
  const button = event.detail.triggeringEvent?.submitter;
  if (event.target.id === "route-form" && button?.name) event.detail.parameters[button.name] = button.value;
});

// The answer to a button replaces the whole editor. Until it is there nothing can be pressed or typed that
// would be replaced with it.
document.addEventListener("htmx:beforeSend", (event) => {
  const { elt, triggeringEvent } = event.detail.requestConfig;
  if (elt.id !== "route-form" || !triggeringEvent?.submitter) return;
  const editor = elt.closest("#editor");
  editor.inert = true;
  event.detail.xhr.addEventListener("loadend", () => (editor.inert = false));
});

document.addEventListener("htmx:afterSwap", (event) => {
  const live = document.querySelector("#live");
  const button = document.querySelector("[data-submit]");
  if (live && button && event.detail.requestConfig?.elt.id === "route-form")
    if ("maySubmit" in live.dataset) button.removeAttribute("aria-disabled");
    else button.setAttribute("aria-disabled", "true");
});
