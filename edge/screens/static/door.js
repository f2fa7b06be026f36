// P1 of a visit: who pays, the PIN, and the button that asks for the door.

import { ask } from "/static/ask.js";
import { h, random, show } from "/static/dom.js";
import { account, keepAccount } from "/static/memory.js";
import { t } from "/static/text.js";

const PIN_MAX = 12;
const samples = (document.documentElement.dataset.samples ?? "").split(" ").filter(Boolean);

export class DoorForm {
  // granted(session): the door is being opened. refused(code): it is not, and why.
  // send(body, key): asks for the door in one outcome of ask().
  constructor(token, granted, refused, send = (body, key) => ask("/api/v1/sessions", { kind: "BUY", ...body }, key)) {
    Object.assign(this, { token, granted, refused, send, pin: "", key: null, message: "", busy: false, choosing: !account() });
    this.login = account();
    this.place = h("form", { class: "door", onsubmit: (event) => { event.preventDefault(); this.open(); } });
    this.place.addEventListener("keydown", (event) => this.typed(event));
    this.draw();
  }

  draw() {
    show(this.place, [this.choosing, this.login, this.pin.length, this.busy, this.message], () => [
      this.choosing ? this.chooser() : this.chosen(),
      h("p", { class: "pin-label", id: "pin-label" }, t("pin")),
      h("p", { class: "pin-dots", role: "status", "aria-label": t("pin_typed", { n: this.pin.length }) },
        Array.from({ length: Math.max(6, this.pin.length) }, (_, n) => h("span", { class: n < this.pin.length ? "on" : "" }))),
      this.pad(),
      h("p", { class: "message", role: "alert" }, this.message),
      h("button", { class: "main open", id: "open", disabled: this.busy }, t(this.busy ? "asking" : "open_door")),
    ]);
  }

  chosen() {
    return h("p", { class: "account" }, h("span", {}, `${t("account")} `, h("strong", {}, this.login)),
      h("button", { type: "button", onclick: () => { this.choosing = true; this.draw(); } }, t("account_change")));
  }

  chooser() {
    const take = (login) => { this.login = login; this.key = null; this.choosing = false; this.message = ""; this.draw(); };
    return h("div", { class: "account choosing" },
      h("label", { for: "login" }, t("account")),
      h("input", {
        id: "login", value: this.login, placeholder: t("account_hint"), maxlength: 64, autocomplete: "username",
        autocapitalize: "none", spellcheck: "false",
        oninput: (event) => { this.login = event.target.value.trim(); this.key = null; },
      }),
      samples.length ? h("p", { class: "samples-label" }, t("account_sample")) : null,
      samples.length ? h("div", { class: "samples" }, samples.map((login) => h("button", { type: "button", onclick: () => take(login) }, login))) : null);
  }

  pad() {
    const key = (label, press, name) => h("button", { type: "button", class: "key", "aria-label": name, onclick: press }, label);
    const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => key(String(n), () => this.digit(String(n))));
    return h("div", { class: "pad", role: "group", "aria-labelledby": "pin-label" }, digits,
      key(t("pin_clear"), () => this.set("")), key("0", () => this.digit("0")),
      key("⌫", () => this.set(this.pin.slice(0, -1)), t("pin_delete")));
  }

  digit(digit) { this.set((this.pin + digit).slice(0, PIN_MAX)); }

  set(pin) {
    if (this.busy) return;
    this.pin = pin;
    this.key = null;
    this.message = "";
    this.draw();
  }

  typed(event) {
    if (event.target.id === "login") return;
    if (/^\d$/.test(event.key)) this.digit(event.key);
    else if (event.key === "Backspace") this.set(this.pin.slice(0, -1));
  }

  say(message) {
    this.message = message;
    this.draw();
  }

  async open() {
    if (!this.login) return this.say(t("need_account"));
    if (!this.pin) return this.say(t("need_pin"));
    this.busy = true;
    this.choosing = false;
    this.say("");
    // The same key until something changes: trying again after silence cannot open the door twice.
    this.key ??= random();
    const outcome = await this.send({ token: this.token, buyer: this.login, pin: this.pin }, this.key);
    this.busy = false;
    if (outcome.ok) {
      keepAccount(this.login);
      this.pin = "";
      return this.granted(outcome.body.session);
    }
    if (outcome.code === "NO_NETWORK") return this.say(t("no_network"));
    if (outcome.code === "TIMEOUT") return this.say(t("code_TIMEOUT"));
    this.key = null;
    this.pin = "";
    if (outcome.code === "BAD_PIN") return this.say(t("code_BAD_PIN"));
    this.draw();
    return this.refused(outcome.code);
  }
}
