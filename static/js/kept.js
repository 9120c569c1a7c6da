// A decision that was refused leaves its words in this tab; the form it belongs to has them again when it is opened.
//
// <textarea data-keep="ADDRESS OF THE FORM'S PAGE" data-owner="PERSON"> on the page of the refusal · <form data-kept-owner="PERSON"> with a
// text `comment` and, before it, <p data-kept-note hidden>.

const key = (owner, address) => ["kept", owner, new URL(address, window.location).pathname].join(" ");

/** A browser without storage keeps nothing; the words can still be copied from the page. */
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

for (const text of document.querySelectorAll("[data-keep]"))
  attempt(() => sessionStorage.setItem(key(text.dataset.owner, text.dataset.keep), text.value));

for (const form of document.querySelectorAll("form[data-kept-owner]")) {
  const place = key(form.dataset.keptOwner, window.location.href);
  const words = attempt(() => sessionStorage.getItem(place));
  const text = form.elements.comment;
  if (!words || text.value) continue;
  text.value = words;
  form.querySelector("[data-kept-note]").hidden = false;
  attempt(() => sessionStorage.removeItem(place));
}
