// Signing a decision with a passkey: the server fixes the statement, the page shows it with its short code, then the device signs its hash.
//
// <form data-prepare="URL"> … <button data-passkey hidden> · <section data-signing> with data-sentence, data-code, data-until, data-sign, data-unsign ·
// <div data-trouble><p>. URL takes the form's fields by POST and answers {prepared, options, sentence, code, until}, or {sentence} when it refuses.

import { decoded, encoded } from "./webauthn.js";
import { say } from "./words.js";

class Signing {
  constructor(form) {
    this.form = form;
    this.place = form.querySelector("[data-signing]");
    this.trouble = form.querySelector("[data-trouble]");
    for (const button of form.querySelectorAll("[data-passkey]")) {
      button.hidden = false;
      button.addEventListener("click", () => this.prepare(button));
    }
    this.place.querySelector("[data-sign]").addEventListener("click", () => this.sign());
    this.place.querySelector("[data-unsign]").addEventListener("click", () => this.put());
    // What was prepared is what stood there then.
    form.addEventListener("input", () => this.put());
    // Coming back by the Back button, an old signature must not go along with a new decision.
    window.addEventListener("pageshow", () => this.put());
  }

  field(name) {
    return this.form.elements[name];
  }

  /** Back to the form: nothing is prepared, nothing is wrong. */
  put() {
    this.place.hidden = this.trouble.hidden = true;
    this.field("prepared").value = this.field("assertion").value = "";
    this.form.noValidate = false;
  }

  fail(sentence) {
    this.put();
    this.trouble.hidden = false;
    this.trouble.querySelector("p").textContent = sentence;
  }

  async prepare(button) {
    this.put();
    if (!window.PublicKeyCredential) return this.fail(say("noPasskeys"));
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const fields = new FormData(this.form);
      fields.delete("password");
      const answer = await fetch(this.form.dataset.prepare, { method: "POST", body: new URLSearchParams(fields) });
      if (answer.redirected || answer.status === 401) return this.fail(say("signedOut"));
      const said = await answer.json();
      if (!answer.ok) return this.fail(said.sentence);
      this.show(said);
    } catch {
      this.fail(say("failed"));
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  show(said) {
    this.said = said;
    for (const name of ["sentence", "code", "until"]) {
      this.place.querySelector(`[data-${name}]`).textContent = said[name];
    }
    this.place.hidden = false;
    this.place.focus();
    this.place.scrollIntoView({ block: "nearest" });
  }

  async sign() {
    const { options, prepared } = this.said;
    try {
      const made = await navigator.credentials.get({ publicKey: decoded(options) });
      this.field("assertion").value = JSON.stringify(encoded(made));
    } catch {
      return this.fail(say("unsigned"));
    }
    this.field("prepared").value = prepared;
    // The passkey has answered: what the form asks of a password doesn't matter any more.
    this.form.noValidate = true;
    this.form.requestSubmit();
  }
}

const known = new WeakSet();

function start() {
  for (const form of document.querySelectorAll("form[data-prepare]")) {
    if (known.has(form)) continue;
    known.add(form);
    new Signing(form);
  }
}

start();
document.addEventListener("htmx:afterSettle", start);
