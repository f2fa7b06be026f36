// The question "A or B", on the phone and on the counter's screen alike: one tap answers it. What an answer
// means, and what becomes of it without one, the counter decides.

import { h, show } from "/static/dom.js";
import { goods, sign } from "/static/icons.js";
import { gross } from "/static/price.js";
import { money, named, t, told } from "/static/text.js";
import { Countdown } from "/static/visit.js";

const LETTERS = ["A", "B"];
const SOON_S = 5;
const AGAIN = ["NO_NETWORK", "TIMEOUT"]; // nobody knows whether it arrived: a second tap does no harm

const same = (one, other) => one.tray === other.tray && one.sku === other.sku && one.count === other.count;
const within = (line, lines) => lines.some((other) => same(line, other));
const amount = (lines) => lines.reduce((sum, line) => sum + gross(line), 0);
const what = (lines) => lines.map((line) => `${line.sku} ${line.count}`).sort().join();

// The lines in which the two differ, one list each, and those that are in both.
function parted({ options: [a, b] }) {
  return {
    apart: [a.lines.filter((line) => !within(line, b.lines)), b.lines.filter((line) => !within(line, a.lines))],
    common: a.lines.filter((line) => within(line, b.lines)),
  };
}

// A name in words; what stands in brackets is one. Names of one maker differ in a word at the end.
const words = (name) => name.match(/[(（][^)）]*[)）]|[^\s(（]+|\s+/gu) ?? [];

// The name, the words marked that no name of `others` has; none where all of it is different.
function marked(name, others) {
  const known = others.flatMap(words);
  const parts = words(name);
  const alike = parts.some((part) => part.trim() && known.includes(part));
  return parts.map((part) => alike && part.trim() && !known.includes(part) ? h("em", {}, part) : part);
}

export class Question {
  // answer(choice): asks the counter, 0, 1 or null for neither; gives what ask() gives. Null: it cannot be answered here.
  constructor(answer) {
    Object.assign(this, { answer, asked: null, taken: undefined, message: "", longest: 1, countdown: new Countdown() });
    this.sheet = h("section", { class: "question", role: "dialog", tabindex: -1, "aria-labelledby": "ask-title", "aria-describedby": "ask-text" });
    this.bar = h("progress", { "aria-hidden": "true" });
    this.left = h("strong", { class: "num" });
    this.heard = h("p", { class: "unseen", role: "status" });
    this.place = h("div", { class: "asking" }, this.sheet, this.heard);
  }

  // A value of the stream: the question, or null where none is put (any more).
  hear(question) {
    const put = question && JSON.stringify(question.options);
    if (put !== this.asked) Object.assign(this, { asked: put, taken: undefined, message: "", longest: 1 });
    this.countdown.set(question?.closes_in_s);
    this.longest = Math.max(this.longest, question?.closes_in_s ?? 0);
  }

  // Into `body`, instead of what is there. trays: the view's, for the pictures; they may come later than the question.
  draw(body, question, trays) {
    let fresh = false;
    Object.assign(this, { question, trays: trays ?? [] });
    show(body, ["question"], () => { fresh = true; return this.place; });
    this.again();
    if (fresh) this.appear();
  }

  again() {
    const held = this.sheet.contains(document.activeElement) ? document.activeElement.id : "";
    show(this.sheet, [this.question.options, this.trays, this.taken === undefined ? "open" : this.taken, this.message], () => this.contents());
    this.tick();
    if (held) document.getElementById(held)?.focus();
  }

  // The focus goes to the sheet and not to a button: a key that was on its way answers nothing.
  appear() {
    window.scrollTo(0, 0);
    this.sheet.focus({ preventScroll: true });
    navigator.vibrate?.(200);
  }

  tick() {
    const left = this.countdown.left();
    if (left === null) return;
    this.bar.max = this.longest;
    this.bar.value = left;
    show(this.left, left, () => t("ask_left", { n: left }));
    const heard = this.said() || (left <= SOON_S ? t("ask_left", { n: SOON_S }) : "");
    show(this.heard, heard, () => heard);
  }

  contents() {
    const { apart, common } = parted(this.question);
    const said = this.said();
    const over = this.taken === undefined ? "" : "over";
    const kinds = apart.every((lines) => lines.length) && what(apart[0]) !== what(apart[1]);
    return [
      h("header", {}, h("h1", { id: "ask-title" }, t(kinds ? "ask_title" : "ask_title_other")), 
        h("p", { id: "ask-text", class: this.message ? "bad" : said ? "said" : "" }, said || t("ask_text"))),
      h("div", { class: "options" }, LETTERS.map((letter, n) => this.option(n, letter, apart, common))),
      common.length ? this.both(common) : null,
      this.button("ask-neither", null, "neither", [h("b", {}, t("ask_neither")), " ", h("span", {}, t(common.length ? "ask_neither_part" : "ask_neither_all"))]),
      h("div", { class: "limit" },
        h("p", { class: `time ${over}` }, this.left, this.bar),
        h("p", { class: `unsaid ${over}` }, t("ask_unsaid"))),
    ];
  }

  option(n, letter, apart, common) {
    const lines = apart[n];
    const option = this.question.options[n];
    const others = apart[1 - n].map(named);
    const where = what(apart[0]) === what(apart[1]);
    const picture = (line) => goods(this.trays.find((tray) => tray.tray === line.tray && tray.sku === line.sku) ?? {});
    return this.button(`ask-${letter}`, n, lines.length > 1 ? "option many" : "option", [
      h("b", { class: "letter" }, letter),
      lines.map((line) => h("span", { class: "option-line" }, picture(line),
        h("span", { class: "option-name" }, marked(named(line), others), where ? h("small", {}, t("tray", { tray: line.tray })) : null),
        h("span", { class: "option-count num" }, `× ${line.count}`))),
      lines.length ? null : h("span", { class: "option-line" }, sign("nothing"), h("span", { class: "option-name" }, t(common.length ? "ask_none_else" : "ask_none"))),
      h("span", { class: "option-price num" }, money(common.length ? amount(lines) : option.total_fen)),
      common.length ? h("span", { class: "option-all" }, t("ask_all", { money: money(option.total_fen) })) : null,
      option.discount_fen ? h("span", { class: "option-off" }, sign("less"), t("ask_off", { money: money(-option.discount_fen) })) : null,
      this.taken === n ? h("span", { class: "option-taken" }, sign("done"), t("ask_chosen")) : null,
    ]);
  }

  button(id, choice, kind, parts) {
    const mine = this.taken === choice;
    const off = this.answer === null || this.taken !== undefined;
    return h("button", { id, type: "button", class: mine ? `${kind} taken` : kind, "aria-disabled": off ? "true" : null, onclick: () => this.tap(choice) }, parts);
  }

  both(common) {
    return h("div", { class: "both" }, h("h2", {}, t("ask_both")),
      h("ul", {}, common.map((line) => h("li", {}, `${named(line)} × ${line.count} `, h("span", { class: "num" }, money(gross(line)))))));
  }

  // What came of a tap; "" before it.
  said() {
    if (this.answer === null) return t("ask_elsewhere");
    if (this.message) return this.message;
    if (this.taken === undefined) return "";
    return this.taken === null ? t("ask_taken_neither") : t("ask_taken", { letter: LETTERS[this.taken] });
  }

  async tap(choice) {
    if (this.answer === null || this.taken !== undefined) return;
    const asked = this.asked;
    Object.assign(this, { taken: choice, message: "" });
    this.again();
    const outcome = await this.answer(choice);
    if (asked !== this.asked || outcome.ok) return;
    const again = AGAIN.includes(outcome.code);
    Object.assign(this, { taken: again ? undefined : choice, message: again ? t("ask_again") : told("code", outcome.code) });
    this.again();
  }
}
