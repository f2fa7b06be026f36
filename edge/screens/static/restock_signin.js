// Who restocks: an account of the list and its PIN, or a badge before a reader that types like a keyboard.

import { ask } from "/static/ask.js";
import { h, show } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { t } from "/static/text.js";
import { keepFocus, refusal } from "/static/restock_words.js";

const PIN_MAX = 12;
const BADGE_MIN = 4;
const READER_MS = 50; // a character, on the average: a reader takes a few milliseconds, a hand more than this

export class SignInPage {
  // done(): somebody has signed in. leave(): back to the attract screen.
  constructor(done, leave) {
    Object.assign(this, { done, leave, staff: null, account: "", pin: "", message: "", busy: false });
    this.typed = []; // keys since the last pause of the hands: [character, when]
    this.place = h("form", { class: "signin", onsubmit: (event) => { event.preventDefault(); this.byPin(); } });
    this.onKey = (event) => this.key(event);
  }

  async start() {
    document.addEventListener("keydown", this.onKey, { capture: true });
    this.draw();
    const found = await ask("/api/v1/staff");
    this.staff = found.ok ? found.body : [];
    if (!found.ok) this.message = refusal(found, "restock_signin");
    if (this.staff.length === 1) this.account = this.staff[0].account;
    this.draw();
  }

  stop() { document.removeEventListener("keydown", this.onKey, { capture: true }); }

  draw() {
    keepFocus(this.place, () => show(this.place, [this.staff, this.account, this.pin.length, this.message, this.busy], () => this.parts()));
  }

  parts() {
    return [
      h("h1", {}, sign("fill"), t("restock_signin_title")),
      h("section", { class: "who-am-i" }, h("h2", { id: "who" }, t("restock_who")), this.accounts()),
      h("section", { class: "with-pin" },
        h("h2", { id: "pin-label" }, t("restock_pin")),
        h("p", { class: "pin-dots", role: "status", "aria-label": t("pin_typed", { n: this.pin.length }) },
          Array.from({ length: Math.max(6, this.pin.length) }, (_, n) => h("span", { class: n < this.pin.length ? "on" : "" }))),
        h("p", { class: "message", role: "alert" }, this.message ? [sign("warn"), h("span", {}, this.message)] : null),
        this.pad(),
        h("button", { class: "main huge", id: "signin", disabled: this.busy }, t(this.busy ? "restock_signing" : "restock_signin"))),
      h("p", { class: "badge" }, sign("badge"), h("span", {}, t("restock_badge"))),
      h("button", { type: "button", id: "back", class: "huge", onclick: this.leave }, sign("back"), t("restock_back")),
    ];
  }

  accounts() {
    if (this.staff === null) return h("p", {}, t("restock_signing"));
    if (!this.staff.length) return h("p", {}, t("restock_no_staff"));
    return h("div", { class: "accounts", role: "group", "aria-labelledby": "who" }, this.staff.map((one, n) =>
      h("button", { type: "button", id: `account-${n}`, class: "huge", "aria-pressed": String(one.account === this.account), onclick: () => this.choose(one.account) },
        sign(one.account === this.account ? "tick" : "person"), h("span", {}, one.title || one.account))));
  }

  pad() {
    const key = (id, label, press, name) => h("button", { type: "button", id: `key-${id}`, class: "key", "aria-label": name, onclick: press }, label);
    return h("div", { class: "pad", role: "group", "aria-labelledby": "pin-label" },
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => key(n, String(n), () => this.digit(String(n)))),
      key("clear", t("pin_clear"), () => this.set("")), key("0", "0", () => this.digit("0")),
      key("back", "⌫", () => this.set(this.pin.slice(0, -1)), t("pin_delete")));
  }

  choose(account) { Object.assign(this, { account, pin: "", message: "" }); this.draw(); }
  digit(digit) { this.set((this.pin + digit).slice(0, PIN_MAX)); }
  set(pin) { if (!this.busy) { Object.assign(this, { pin, message: "" }); this.draw(); } }
  say(message) { Object.assign(this, { message, pin: "", busy: false }); this.draw(); }

  // Digits typed go into the PIN. Enter after a burst that only a reader can type is a badge.
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || this.busy) return;
    if (/^[0-9A-Za-z]$/.test(event.key)) {
      this.typed.push([event.key, event.timeStamp]);
      if (/^\d$/.test(event.key)) this.digit(event.key);
    } else if (event.key === "Enter" && this.typed.length) {
      event.preventDefault(); // not a press of the button that has the focus
      this.entered(event.timeStamp);
    } else if (event.key === "Backspace") {
      this.typed.pop();
      this.set(this.pin.slice(0, -1));
    } else if (event.key !== "Shift") {
      this.typed = [];
    }
  }

  entered(at) {
    const burst = this.burst(at);
    this.typed = [];
    if (burst.length >= BADGE_MIN) this.byBadge(burst.map(([character]) => character).join(""));
    else this.byPin();
  }

  // What a reader typed last: all of it, or what came after digits of a hand.
  burst(at) {
    for (let from = 0; from + BADGE_MIN <= this.typed.length; from += 1) {
      const keys = this.typed.slice(from);
      if (at - keys[0][1] <= READER_MS * keys.length) return keys;
    }
    return [];
  }

  byBadge(badge) { this.ask({ badge }, "restock_signin_badge"); }

  byPin() {
    if (!this.account) return this.say(t("restock_need_account"));
    if (!this.pin) return this.say(t("need_pin"));
    return this.ask({ account: this.account, pin: this.pin });
  }

  async ask(body, unknown = "restock_signin_BAD_PIN") {
    Object.assign(this, { busy: true, message: "" });
    this.draw();
    const outcome = await ask("/api/v1/staff", body);
    if (outcome.ok) return this.done();
    const minutes = /\d+/.exec(outcome.body?.detail ?? "")?.[0];
    if (outcome.code === "BAD_PIN") return this.say(t(unknown));
    if (outcome.code === "BLOCKED" && minutes) return this.say(t("restock_signin_locked", { n: minutes }));
    return this.say(refusal(outcome, "restock_signin"));
  }
}
