// Passkeys: the server gives a challenge, the device answers it, the server says what comes of that.
//
// <form data-passkey="create|get" data-options="URL" action="URL" hidden> … <div data-passkey-says>
//
// Both addresses take the form's fields by POST and answer in JSON: {"options"}, {"next"}, or {"error"} with a sentence.
// The page says in [data-passkey-script] that this needs a script; where the browser knows no passkeys the form stays hidden and
// [data-passkey-missing] is shown.

import { decoded, encoded } from "./webauthn.js";

const FRESH = 4 * 60 * 1000; // a challenge lives for five minutes

/** What the server says when it will not, or a sentence of the page by its name. */
class Said extends Error {}

const SENTENCES = {
  NotAllowedError: "cancelled",
  InvalidStateError: "known",
  SecurityError: "insecure",
  NotSupportedError: "unable",
  ConstraintError: "unable",
};

class Ceremony {
  constructor(form) {
    this.form = form;
    this.place = form.querySelector("[data-passkey-says]");
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.busy) this.run();
    });
    if (form.dataset.passkey === "get") this.offer();
  }

  /** One ceremony from the press of the button to the next page, or to a sentence. */
  async run() {
    this.busy = true;
    this.form.setAttribute("aria-busy", "true");
    this.offered?.abort();
    this.say(this.form.dataset.checking);
    try {
      const { options } = await this.ask(this.form.dataset.options);
      this.say(this.form.dataset.waiting);
      await this.bring(await this.device({ publicKey: decoded(options) }));
    } catch (error) {
      this.fail(error);
    }
    this.busy = false;
    this.form.removeAttribute("aria-busy");
  }

  device(request) {
    return navigator.credentials[this.form.dataset.passkey](request);
  }

  async bring(credential) {
    this.say(this.form.dataset.checking);
    const { next } = await this.ask(this.form.action, { answer: JSON.stringify(encoded(credential)) });
    location.assign(next);
  }

  /** Where the browser can, a passkey stands among what it offers for the field of the account. */
  async offer() {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    while (!this.busy) {
      if (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
      this.offered = new AbortController();
      const stale = setTimeout(() => this.offered.abort(), FRESH);
      try {
        const { options } = await this.ask(this.form.dataset.options);
        const { signal } = this.offered;
        await this.bring(await this.device({ publicKey: decoded(options), mediation: "conditional", signal }));
        return;
      } catch (error) {
        if (error.name === "AbortError") continue;
        if (error instanceof Said) this.fail(error);
        return;
      } finally {
        clearTimeout(stale);
      }
    }
  }

  /** Sends the form's fields and more; a field for the server's eyes only goes with the first question. */
  async ask(url, more = {}) {
    const fields = new URLSearchParams(new FormData(this.form));
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    if (more.answer) fields.delete("password");
    const response = await fetch(url, { method: "POST", body: fields });
    if (response.redirected) throw new Said(this.form.dataset.signedOut);
    const said = await response.json();
    if (!response.ok) throw new Said(said.error);
    return said;
  }

  fail(error) {
    const name = SENTENCES[error.name] ?? "failed";
    this.say(error instanceof Said ? error.message : this.form.dataset[name], true);
  }

  say(sentence, isBad = false) {
    const line = document.createElement("div");
    line.className = isBad ? "alert is-bad" : "alert";
    if (isBad) line.setAttribute("role", "alert");
    line.innerHTML = `<svg class="i" aria-hidden="true"><use href="#i-${isBad ? "bad" : "key"}"/></svg>`;
    line.append(Object.assign(document.createElement("p"), { textContent: sentence }));
    this.place.replaceChildren(line);
  }
}

const isKnown = window.PublicKeyCredential && navigator.credentials;
for (const sentence of document.querySelectorAll("[data-passkey-script]")) sentence.hidden = true;
for (const form of document.querySelectorAll("form[data-passkey]")) if (isKnown) new Ceremony(form);
if (!isKnown) for (const sentence of document.querySelectorAll("[data-passkey-missing]")) sentence.hidden = false;
