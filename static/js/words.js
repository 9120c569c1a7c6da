// The page carries its sentences in #words, in its own language.

export function say(name, values = {}) {
  const words = document.getElementById("words")?.dataset[name] ?? "";
  return words.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

/** Shows one sentence among the page's messages, replacing the one said before. */
export function tell(sentence) {
  const place = document.getElementById("messages");
  if (!place) return;
  place.querySelector("[data-said]")?.remove();
  const alert = document.createElement("div");
  alert.className = "alert is-bad";
  alert.dataset.said = "";
  alert.setAttribute("role", "alert");
  const mark = document.querySelector("#i-bad") ? '<svg class="i" aria-hidden="true"><use href="#i-bad"/></svg>' : "";
  alert.innerHTML = mark;
  alert.append(Object.assign(document.createElement("p"), { textContent: sentence }));
  place.append(alert);
}
