// What has just changed, with the button that takes it back while that is possible; or why something cannot be done.

import { h, show } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { t } from "/static/text.js";
import { keepFocus, said } from "/static/restock_words.js";
import { Countdown } from "/static/visit.js";

const SHOWN_S = 6;

export class Toast {
  // undo(): takes the last change back.
  constructor(undo) {
    Object.assign(this, { undo, what: "", text: "", bad: false });
    this.left = new Countdown();
    this.until = new Countdown();
    this.place = h("div", { class: "toast", hidden: true });
    this.heard = h("p", { role: "status" });
    this.button = h("button", { type: "button", id: "undo", class: "huge", onclick: () => this.undo() });
    this.place.append(this.heard, this.button);
  }

  // A change made now is told at once, whatever was being said.
  hear(what, left) {
    if (what && left > (this.left.left() ?? 0)) this.text = "";
    this.what = what;
    this.left.set(what ? left : null);
    this.tick();
  }

  say(text, bad = false) {
    Object.assign(this, { text, bad });
    this.until.set(SHOWN_S);
    this.tick();
  }

  tick() {
    const left = this.left.left() ?? 0;
    if (this.until.left() === 0) this.text = "";
    const words = this.text || (left > 0 ? t("restock_saved", { what: said("restock_what", this.what) }) : "");
    this.place.hidden = !words;
    this.place.classList.toggle("bad", this.bad && this.text !== "");
    show(this.heard, [words, this.bad], () => words ? [sign(this.bad && this.text ? "warn" : "tick"), h("span", {}, words)] : []);
    this.button.hidden = left <= 0 || this.text !== "";
    keepFocus(this.button, () => show(this.button, [left], () => t("restock_undo", { n: left })));
  }
}
