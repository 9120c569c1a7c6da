// A second press while the first is on its way sends nothing. (The server would know it for the same request anyway.)

import { say, tell } from "./words.js";

const sent = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  form.setAttribute("aria-busy", "true");
});

function release(form) {
  sent.delete(form);
  form.removeAttribute("aria-busy");
}

// Coming back by the Back button, the page is alive again with its form as it was sent.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[aria-busy]").forEach(release);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[aria-busy]");
  if (form) release(form);
});

// A blocked button can be reached and explains itself, but does nothing.
document.addEventListener(
  "click",
  (event) => {
    if (event.target.closest('[aria-disabled="true"]')) event.preventDefault();
  },
  true,
);

for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => tell(say("failed")));
}

// A returned form begins at what has to be looked at again.
document.querySelector('[aria-invalid="true"]')?.focus();
