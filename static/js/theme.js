// Light, dark or as the system. The choice is a cookie, so that the server paints the next page in it at once.

const root = document.documentElement;

function keep(theme) {
  const life = theme ? 60 * 60 * 24 * 365 : 0;
  document.cookie = `theme=${theme}; path=/; max-age=${life}; samesite=lax`;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-theme-switch]")) keep(event.target.value);
});

function show() {
  for (const control of document.querySelectorAll("[data-theme-switch]")) {
    control.hidden = false;
    control.querySelector(`[value="${root.dataset.theme ?? ""}"]`).checked = true;
  }
}

show();
document.addEventListener("htmx:afterSettle", show);
