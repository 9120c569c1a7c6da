// Single keys for people who decide many things a day. A key chooses or moves; it never submits.

const decisions = { a: "approve", r: "return", s: "abstain" };

function isWriting(target) {
  return target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
}

function focus(element) {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return Boolean(element);
}

function search() {
  const input = document.querySelector('[data-key="/"]');
  if (input?.checkVisibility()) return focus(input);
  const link = document.querySelector(".search-link");
  link?.click();
  return Boolean(link);
}

function move(step) {
  const links = [...document.querySelectorAll("[data-row] a.row-title")];
  const here = links.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
  return focus(links[here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step]);
}

function choose(value) {
  const radio = document.querySelector(`.decide input[name="decision"][value="${value}"]`);
  if (!radio) return false;
  radio.click();
  return focus(radio);
}

function nextQuestion() {
  const open = [...document.querySelectorAll(".question")].filter(
    (question) => !question.querySelector("input:checked"),
  );
  const here = document.activeElement;
  const after = open.find(
    (question) =>
      !question.contains(here) &&
      here.compareDocumentPosition(question) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return focus((after ?? open[0])?.querySelector("input, select, textarea"));
}

// Along entries or pages: the links that say so.
function step(rel) {
  const link = document.querySelector(`a[rel="${rel}"]`);
  link?.click();
  return Boolean(link);
}

function list() {
  const shortcuts = document.getElementById("shortcuts");
  shortcuts?.togglePopover();
  return Boolean(shortcuts);
}

function press(key) {
  if (key in decisions) return choose(decisions[key]);
  switch (key) {
    case "/":
      return search();
    case "j":
      return move(1);
    case "k":
      return move(-1);
    case ",":
      return step("prev");
    case ".":
      return step("next");
    case "n":
      return nextQuestion();
    case "?":
      return list();
    default:
      return false;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isWriting(event.target)) return;
  if (press(event.key.toLowerCase())) event.preventDefault();
});
