// The end of a restock: planned, brought and the difference, what has still to be settled, then the signed receipt.

import { h } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { named, t } from "/static/text.js";
import { grave, keyOf, problem, todo } from "/static/restock_words.js";

const LONG = 14;

const touched = (tile) => tile.wanted || tile.brought || tile.pulled || tile.counted !== null || tile.problems.length;
const weight = (tile) => (grave(tile) ? 0 : tile.problems.length ? 1 : 2);
const signed = (n) => (n > 0 ? `+${n}` : n < 0 ? `−${-n}` : "0");
const sum = (tiles, of) => tiles.reduce((total, tile) => total + of(tile), 0);
const diff = (tile) => tile.brought - tile.wanted;

// The task's blockers, each a button that opens its tile.
export function blockers(view, open) {
  return h("ul", { class: "blockers" }, view.blockers.map(([code, tray], n) => {
    const tile = view.tiles.find((one) => one.tray === tray && one.blocking.includes(code)) ?? view.tiles.find((one) => one.tray === tray);
    const words = h("span", {}, h("strong", {}, tray ? h("span", { class: "num" }, `${tray} `) : null, tile ? `${named(tile)}: ` : "", problem(code)), h("small", {}, todo(code, tile)));
    return h("li", {}, tile ? h("button", { type: "button", id: `blocker-${n}`, class: "blocker", onclick: () => open(keyOf(tile)) }, sign("warn"), words) : h("p", { class: "blocker" }, sign("warn"), words));
  }));
}

export function table(view, open) {
  const rows = view.tiles.filter(touched).toSorted((one, other) => weight(one) - weight(other));
  if (!rows.length) return h("p", { class: "nothing" }, t("restock_nothing"));
  const pulled = rows.some((tile) => tile.pulled);
  const head = (name) => h("th", { scope: "col" }, t(name));
  const cell = (n, kind = "") => h("td", { class: `num ${kind}` }, String(n));
  return [
    h("table", { class: rows.length > LONG ? "long" : "" }, h("caption", { class: "unseen" }, t("restock_sheet_title")),
      h("thead", {}, h("tr", {}, head("restock_tray"), head("restock_planned"), head("restock_done"), pulled ? head("restock_pulled") : null, head("restock_diff"), head("restock_left"))),
      h("tbody", {}, rows.map((tile) => h("tr", { class: grave(tile) ? "bad" : tile.problems.length ? "warned" : "", "data-tray": tile.tray, "data-sku": tile.sku },
        h("th", { scope: "row" }, h("button", { type: "button", id: `row-${tile.tray}-${tile.sku}`, class: "row", onclick: () => open(keyOf(tile)) },
          h("span", { class: "num at" }, tile.tray), h("span", {}, named(tile), tile.problems.length ? h("small", {}, sign("warn"), problem(tile.problems[0])) : null))),
        cell(tile.wanted), cell(tile.brought, "strong"), pulled ? cell(tile.pulled) : null, cell(signed(diff(tile)), diff(tile) ? "off" : ""), cell(tile.now)))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, t("restock_total")), cell(sum(rows, (tile) => tile.wanted)), cell(sum(rows, (tile) => tile.brought), "strong"),
        pulled ? cell(sum(rows, (tile) => tile.pulled)) : null, cell(signed(sum(rows, diff))), cell(sum(rows, (tile) => tile.now))))),
    rows.length < view.tiles.length ? h("p", { class: "rest" }, t("restock_unchanged", { n: view.tiles.length - rows.length })) : null,
  ];
}

const PICTURE = "/api/v1/restock/receipt.png?width=576";

// The whole receipt, and beside it its lower end large: the code has to be read from a screen, however long the list.
// The picture is made after the sheet is booked: where it is not there yet, it is asked for again.
export function receipt(view) {
  const code = h("figure", { hidden: true }, h("img", { id: "receipt-code", alt: t("restock_code_alt") }), h("figcaption", {}, t("restock_code")));
  const waiting = h("p", { class: "nothing" }, t("restock_receipt_wait"));
  const whole = h("img", { id: "receipt", src: PICTURE, alt: t("restock_receipt_alt", { document: view.document }), hidden: true,
    onload: () => { code.firstChild.src = whole.src; whole.hidden = code.hidden = false; waiting.hidden = true; },
    onerror: () => setTimeout(() => { if (whole.isConnected) whole.src = `${PICTURE}&again=${Date.now()}`; }, 1000) });
  return h("div", { class: "receipt" }, waiting, whole, code);
}
