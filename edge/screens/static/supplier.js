// A supplier's own goods: sales, what is due, tasks, dates, stock. It shows what the counter tells and adds nothing up.

import { ask } from "/static/ask.js";
import { h, show } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { due, ending, sales, stock, tasks, transit } from "/static/supplier_parts.js";
import { isChinese, switchLanguage, t } from "/static/text.js";

const AGAIN_MS = 30_000;
const AWAY_MS = 170_000; // the counter signs out whoever does nothing for 180 s
const GONE_MS = 8_000;
const HERE_MS = 30_000; // who reads is told to the counter so often at most
const page = document.getElementById("page");
const part = (tag, kind) => h(tag, { class: kind });
const [head, board, acts] = [part("header", "top"), part("section", "board own"), part("footer", "acts")];
page.replaceChildren(head, h("div", { class: "desk single" }, board, acts));

let view = null;
let fault = "";
let period = "this_month";
let supplier = "";
let timer = 0;
let toldAt = performance.now();
let quietSince = performance.now();

for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched, { capture: true });
setInterval(() => { if (performance.now() - quietSince > AWAY_MS) location.assign("/"); }, 1000);
render();
load();

function touched() {
  quietSince = performance.now();
  if (quietSince - toldAt < HERE_MS) return;
  toldAt = quietSince;
  ask("/api/v1/restock", { do: "here" }); // an answer that is no shows with the next load
}

function query() {
  const asked = new URLSearchParams();
  if (supplier) asked.set("supplier", supplier);
  const [from, to] = view ? PERIODS[period](view.today) : [];
  if (from) asked.set("from", from);
  if (to) asked.set("to", to);
  return String(asked);
}

// Again and again; at once where another period or supplier was chosen. An answer that comes too late is dropped.
async function load() {
  clearTimeout(timer);
  const wanted = query();
  const found = await ask(`/api/v1/restock/statement?${wanted}`);
  if (wanted !== query()) return;
  if (found.ok) view = found.body;
  fault = found.ok ? "" : found.code;
  render();
  if (fault === "NOT_SIGNED_IN") setTimeout(() => location.assign("/screen/restock"), GONE_MS);
  else timer = setTimeout(load, AGAIN_MS);
}

function choose() {
  render();
  load();
}

// [from, to) of a period, in whole days; today comes from the counter, whatever clock this browser has.
const shifted = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
const month = (day, months) => { const [y, m] = day.split("-").map(Number); return new Date(Date.UTC(y, m - 1 + months, 1)).toISOString().slice(0, 10); };
const PERIODS = {
  this_month: (today) => [month(today, 0), shifted(today, 1)],
  last_month: (today) => [month(today, -1), month(today, 0)],
  week: (today) => [shifted(today, -6), shifted(today, 1)],
  month: (today) => [shifted(today, -29), shifted(today, 1)],
};

function render() {
  show(head, [view?.title], drawHead);
  show(board, [view, fault, period, supplier], drawBoard);
  show(acts, [fault === "NOT_SIGNED_IN", query(), view !== null], drawActs);
}

function drawHead() {
  return [
    h("div", { class: "who" }, h("strong", {}, view?.title || t("own_title")), h("span", {}, document.documentElement.dataset.name)),
    h("button", { type: "button", id: "language", class: "top-button", lang: isChinese() ? "en" : "zh-CN", onclick: () => { switchLanguage(); render(); } }, t("language_other")),
  ];
}

function drawBoard() {
  document.title = t("own_title");
  if (fault === "NOT_SIGNED_IN") return stopped("own_signed_out");
  if (view === null) return fault ? stopped("own_failed") : h("p", { class: "starting" }, t("starting"));
  return [
    h("h1", {}, t("own_title")),
    fault ? h("p", { class: "notice", role: "alert" }, sign("warn"), h("span", {}, t("own_failed"))) : null,
    view.suppliers.length > 1 ? whose() : null,
    h("div", { class: "columns" },
      h("div", {}, sales(view), due(view, periods())),
      h("div", {}, tasks(view), ending(view), transit(view))),
    stock(view),
  ];
}

const stopped = (key) => h("p", { class: "notice", role: "alert" }, sign("warn"), h("span", {}, t(key)));

function whose() {
  const option = (id, name) => h("option", { value: id, selected: id === supplier }, name);
  return h("p", { class: "whose" }, h("label", { for: "whose" }, t("own_whose")),
    h("select", { id: "whose", onchange: (event) => { supplier = event.target.value; choose(); } },
      option("", t("own_all")), view.suppliers.map((each) => option(each.id, each.name))));
}

function periods() {
  const words = { this_month: "own_this_month", last_month: "own_last_month", week: "own_week", month: "own_month" };
  return h("div", { class: "periods", role: "group" }, Object.keys(PERIODS).map((key) =>
    h("button", { type: "button", id: `period-${key}`, class: "big", "aria-pressed": String(key === period), onclick: () => { period = key; choose(); document.getElementById(`period-${key}`)?.focus(); } }, t(words[key]))));
}

function drawActs() {
  const back = (key) => h("a", { id: "back", class: "huge", href: "/screen/restock" }, sign("back"), h("span", {}, t(key)));
  if (fault === "NOT_SIGNED_IN") return [back("own_sign_in")];
  if (view === null) return [back("own_back")];
  return [
    back("own_back"),
    h("a", { id: "csv", class: "huge", href: `/api/v1/restock/statement.csv?${query()}`, download: true }, sign("list"), h("span", {}, t("own_csv"))),
    h("button", { type: "button", id: "print", class: "huge main", onclick: () => window.print() }, sign("print"), h("span", {}, t("own_print"))),
  ];
}
