// Drafts save themselves. Until the server has them, a copy stays in this browser, so that nothing is lost.
//
// <form data-draft="URL" data-draft-base="VERSION" data-draft-owner="PERSON"> … <output data-draft-status>
//
// URL takes the form's fields by POST and answers 2xx; with {"revision": n} that goes into the field of that name. A kept copy is put back only for the same person and
// only while the base version is the same: what was sent meanwhile is not resurrected.

import { say } from "./words.js";

const PAUSE = 1500;
const RETRY = 15000;

/** A browser that keeps no copies (storage off or full) still saves to the server. */
const copies = {
  attempt(act) {
    try {
      return act();
    } catch {
      return null;
    }
  },
  read: (key) => copies.attempt(() => JSON.parse(localStorage.getItem(key))),
  write: (key, value) => copies.attempt(() => localStorage.setItem(key, JSON.stringify(value))),
  remove: (key) => copies.attempt(() => localStorage.removeItem(key)),
};

class Draft {
  constructor(form) {
    this.form = form;
    this.status = form.querySelector("[data-draft-status]");
    this.key = ["draft", form.dataset.draftOwner, form.dataset.draft, form.dataset.draftBase].join(" ");
    this.restore();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", () => clearTimeout(this.timer));
    window.addEventListener("online", () => this.waiting && this.save());
  }

  fields() {
    const pairs = [...new FormData(this.form)];
    return pairs.filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  }

  restore() {
    const kept = copies.read(this.key);
    if (!kept || JSON.stringify(kept) === JSON.stringify(this.fields())) return;
    for (const [name, value] of kept) {
      const field = this.form.elements[name];
      if (field && "value" in field && field.type !== "hidden") field.value = value;
    }
    this.show("restored");
    this.changed();
  }

  changed() {
    this.waiting = true;
    this.keep();
    this.later(PAUSE);
  }

  keep() {
    copies.write(this.key, this.fields());
  }

  later(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), pause);
  }

  async save() {
    if (!navigator.onLine) return this.show("offline");
    this.show("saving");
    this.waiting = false;
    try {
      const answer = await fetch(this.form.dataset.draft, {
        method: "POST",
        body: new URLSearchParams([...this.fields(), ["csrfmiddlewaretoken", this.token()]]),
      });
      if (answer.redirected || answer.status === 401 || answer.status === 403) return this.failed("signedOut");
      if (!answer.ok) return this.failed("unsaved");
      await this.follow(answer);
    } catch {
      return this.failed("offline");
    }
    if (this.waiting) return;
    copies.remove(this.key);
    this.show("saved", { time: new Date().toTimeString().slice(0, 5) });
  }

  /** The server may count what it has: the next save says which revision it comes after. */
  async follow(answer) {
    const kept = answer.status === 200 ? await answer.json() : {};
    if ("revision" in kept) this.form.elements.revision.value = kept.revision;
  }

  failed(why) {
    this.waiting = true;
    this.show(why);
    this.later(RETRY);
  }

  token() {
    return this.form.elements.csrfmiddlewaretoken?.value ?? "";
  }

  show(word, values) {
    if (this.status) this.status.textContent = say(word, values);
  }
}

const known = new WeakSet();

function start() {
  for (const form of document.querySelectorAll("form[data-draft]")) {
    if (known.has(form)) continue;
    known.add(form);
    new Draft(form);
  }
}

start();
document.addEventListener("htmx:afterSettle", start);
