// A phrase that is chosen goes into its text where the caret last was; the text stays as it can be typed.
//
// <div data-phrases="ID OF THE TEXT" hidden> <select> …

function show() {
  for (const place of document.querySelectorAll("[data-phrases][hidden]")) place.hidden = false;
}

document.addEventListener("change", (event) => {
  const place = event.target.closest("[data-phrases]");
  if (!place || !event.target.value) return;
  const text = document.getElementById(place.dataset.phrases);
  text.setRangeText(event.target.value, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
  event.target.value = "";
});

show();
document.addEventListener("htmx:afterSettle", show);
