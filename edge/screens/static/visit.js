// What a visit looks like, on the screen and on the phone alike: titles by state, lines, total.

import { h } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { gross } from "/static/price.js";
import { has, money, named, t, told } from "/static/text.js";

export const FINAL = ["SETTLED", "EMPTY", "REVIEW", "CANCELLED"];
export const pieces = (lines) => lines.reduce((sum, line) => sum + line.count, 0);

const WORDS = {
  GRANTED: ["opening", "wait"], UNLOCKING: ["pull", "door"], OPEN: ["open", "door"], SETTLING: ["settling", "wait"],
  SETTLED: ["settled", "done"], EMPTY: ["empty", "nothing"], REVIEW: ["review", "warn"], CANCELLED: ["cancelled", "stop"],
};

// The picture, the big words and the small ones for the state a visit is in.
export function heading(visit) {
  const [word, picture] = WORDS[visit.state];
  const text = visit.state === "SETTLED"
    ? t("settled_summary", { n: pieces(visit.lines), money: money(visit.total_fen) })
    : t(`${word}_text`);
  return h("header", { class: `visit-head ${visit.state}` }, sign(picture),
    h("div", { role: "status" }, h("h1", {}, t(`${word}_title`)), h("p", {}, text)));
}

// What still holds once the door is shut; the others ask for something that is done by then. Where a notice asks for
// what a shut door forbids, the words for after say who does it instead.
const LASTING = ["foreign", "bolt_stuck", "misplaced", "tray_silent"];

export function notice(visit) {
  const over = FINAL.includes(visit.state);
  if (!visit.notice || (over && !LASTING.includes(visit.notice))) return null;
  const said = over && has(`notice_${visit.notice}_after`) ? `${visit.notice}_after` : visit.notice;
  return h("p", { class: "notice", role: "alert" }, sign("warn"), h("span", {}, told("notice", said)));
}

function amount(line, settled) {
  if (line.sure) return h("strong", { class: "num" }, money(gross(line)));
  return h("strong", { class: "unsure" }, t(settled ? "review_line" : "weighing"));
}

export function lineItem(line, settled, ...more) {
  return h("li", { class: "line", "data-sku": line.sku },
    h("div", { class: "line-row" },
      h("span", { class: "line-name" }, named(line)),
      h("span", { class: "line-count num" }, `${money(line.price_fen)} × ${line.count}`),
      amount(line, settled)),
    ...more);
}

export const total = (fen, label = t("total")) =>
  h("p", { class: "total" }, h("span", {}, label), h("strong", { class: "num", id: "total" }, money(fen)));

// Seconds that run down here between two values of the server.
export class Countdown {
  constructor() { this.until = null; }
  set(seconds) { this.until = seconds === null || seconds === undefined ? null : performance.now() + seconds * 1000; }
  left() { return this.until === null ? null : Math.max(0, Math.ceil((this.until - performance.now()) / 1000)); }
}

export function countdownText(state, left) {
  if (left === null) return "";
  if (state === "UNLOCKING") return t("pull_left", { n: left });
  return state === "OPEN" ? t("open_left", { n: left }) : "";
}
