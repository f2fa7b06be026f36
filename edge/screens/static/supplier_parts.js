// The parts of a supplier's page: each a section out of the view. Sums come from the counter.

import { h, svg } from "/static/dom.js";
import { goods, sign } from "/static/icons.js";
import { expiry, pill } from "/static/restock_words.js";
import { has, minute, money, named, t, told } from "/static/text.js";

const section = (id, picture, title, ...inside) => h("section", { class: `panel ${id}`, "aria-labelledby": `h-${id}` },
  h("h2", { id: `h-${id}` }, sign(picture), h("span", {}, title)), ...inside);
const nothing = (key) => h("p", { class: "nothing" }, sign("done"), h("span", {}, t(key)));
const num = (text, kind = "") => h("span", { class: `num ${kind}` }, text);
const zh = (text) => h("span", { lang: "zh-CN" }, text);

// --- what was sold
export function sales(view) {
  return section("sales", "price", t("own_sales"),
    h("ul", { class: "windows" }, view.windows.map(sums)),
    bars(view.days),
    h("p", { class: "measure" }, t("own_measure", { time: minute(view.as_of) })));
}

const sums = (one) => h("li", {}, h("h3", {}, t(`own_${one.key}`)),
  h("p", { class: "many" }, num(t("pieces", { n: one.pieces }))),
  h("p", { class: "money" }, num(money(one.sales_fen))),
  h("p", { class: "back" }, one.refund_fen || one.refunded ? t("own_refund", { money: money(one.refund_fen), n: one.refunded }) : t("own_no_refund")));

const [WIDE, HIGH, FOOT, HEAD] = [700, 150, 34, 26];

function bars(days) {
  const most = Math.max(...days.map((day) => day.pieces));
  if (most === 0) return h("p", { class: "nothing" }, t("own_bars_none"));
  const step = WIDE / days.length;
  const drawn = days.map((day, n) => {
    const high = Math.round((day.pieces / most) * (HIGH - FOOT - HEAD));
    const middle = step * (n + 0.5);
    return svg("g", {},
      svg("rect", { x: step * n + 5, y: HIGH - FOOT - high, width: step - 10, height: Math.max(high, 2), rx: 3, class: day.pieces ? "bar" : "bar none" }),
      day.pieces ? svg("text", { x: middle, y: HIGH - FOOT - high - 6, class: "count" }, String(day.pieces)) : null,
      svg("text", { x: middle, y: HIGH - 8, class: "day" }, String(Number(day.day.slice(8)))));
  });
  return h("figure", { class: "bars" }, h("figcaption", {}, t("own_bars")),
    svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, "aria-hidden": "true" }, drawn),
    h("ul", { class: "unseen" }, days.map((day) => h("li", {}, t("own_bar", { day: day.day, n: day.pieces })))));
}

// --- what is due
const before = (day) => new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);

export function due(view, periods) {
  const named = Object.fromEntries(view.suppliers.map((each) => [each.id, each.name]));
  const several = view.statements.length > 1;
  return section("due", "list", t("own_due"), periods,
    h("p", { class: "period" }, num(t("own_period", { from: view.from, to: before(view.to) }))),
    view.statements.length ? view.statements.map((each) => [several ? h("h3", {}, zh(named[each.supplier] ?? each.supplier)) : null, statement(each)]) : h("p", { class: "nothing" }, t("own_nothing_due")),
    h("p", { class: "rule" }, t("own_rule")));
}

function statement(one) {
  const cells = (row) => [row.sold, row.refunded, row.net].map((n) => h("td", { class: "num" }, String(n)));
  const price = (fen) => fen === null ? t("unregistered") : money(fen);
  const row = (each) => h("tr", {}, h("th", { scope: "row" }, zh(each.name)), cells(each),
    h("td", { class: "num" }, price(each.supply_price_fen)), h("td", { class: "num" }, price(each.payable_fen)));
  const titles = ["own_product", "own_sold", "own_refunded", "own_net", "own_price", "own_payable"];
  return [
    h("p", { class: "payable" }, num(money(one.payable_fen))),
    one.unpriced ? h("p", { class: "notice" }, sign("warn"), h("span", {}, t("own_unpriced", { n: one.unpriced }))) : null,
    one.rows.length ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("own_due") }, h("table", {},
      h("thead", {}, h("tr", {}, titles.map((key) => h("th", { scope: "col" }, t(key))))),
      h("tbody", {}, one.rows.map(row)),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, t("own_total")), cells({ ...one, net: one.sold - one.refunded }), h("td", {}), h("td", { class: "num" }, money(one.payable_fen)))))) : null,
    one.written_off.length ? h("ul", { class: "off" }, one.written_off.map((each) => lost(one, each))) : null,
  ];
}

function lost(one, { sku, reason, pieces }) {
  const name = one.rows.find((row) => row.sku === sku)?.name ?? sku;
  const why = has(`own_off_${reason}`) ? t(`own_off_${reason}`) : zh(reason);
  return h("li", {}, pill("bad", "off", t("own_written_off")), h("span", {}, zh(name), " · ", why), num(t("pieces", { n: pieces })));
}

// --- what is to be done
const GRAVE = ["UNSIGNED", "TAKE_OFF"];

export function tasks(view) {
  return section("tasks", "tick", t("own_tasks"), view.tasks.length ? h("ul", { class: "rows" }, view.tasks.map(task)) : nothing("own_no_tasks"));
}

function task(one) {
  const level = GRAVE.includes(one.kind) || ["CRITICAL", "MAJOR"].includes(one.severity) ? "bad" : "warned";
  const key = has(`own_task_${one.kind}`) ? `own_task_${one.kind}` : "own_task_other";
  const words = t(key, { n: one.count });
  return h("li", {}, one.tray ? num(one.tray, "at") : null, one.name ? h("span", { class: "what" }, named(one)) : h("span", { class: "what" }),
    pill(level, one.kind === "BELOW_PAR" ? "fill" : one.kind === "TAKE_OFF" ? "off" : "warn", words));
}

export function ending(view) {
  const rows = view.ending.map((one) => {
    const end = expiry(one);
    return h("li", {}, num(one.tray, "at"), h("span", { class: "what" }, named(one), h("small", {}, ` ${one.lot || t("own_no_lot")} · ${one.expires_on}`)),
      num(t("pieces", { n: one.count })), pill(end.level, end.picture, end.text));
  });
  return section("ending", "day", t("own_ending"), rows.length ? h("ul", { class: "rows" }, rows) : nothing("own_no_ending"));
}

export function transit(view) {
  const rows = view.in_transit.map((one) => h("li", {}, h("span", { class: "what" }, named(one),
    h("small", {}, " ", one.lot || t("own_no_lot"), " · ", one.node ? t("own_from", { node: one.node }) : t("own_unknown_node"))), num(t("pieces", { n: one.count }))));
  return section("transit", "fill", t("own_transit"), rows.length ? h("ul", { class: "rows" }, rows) : h("p", { class: "nothing" }, t("own_no_transit")));
}

// --- what lies there
export function stock(view) {
  if (!view.stock.length) return section("stock", "nothing", t("own_stock"), h("p", { class: "nothing" }, t("own_no_stock")));
  const titles = ["own_tray", "own_product", "own_on_hand", "own_lots"];
  return section("stock", "nothing", t("own_stock"), h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("own_stock") }, h("table", {},
    h("thead", {}, h("tr", {}, titles.map((key) => h("th", { scope: "col" }, t(key))))),
    h("tbody", {}, view.stock.map(place)))));
}

function place(row) {
  const low = row.wanted > 0;
  return h("tr", {},
    h("th", { scope: "row", class: "num" }, row.tray),
    h("td", {}, h("span", { class: "thing" }, goods(row), h("span", {}, named(row), h("small", {}, ` ${money(row.price_fen)}`),
      row.blocked ? pill("bad", "stop", told("block", row.blocked)) : null, row.in_service ? null : pill("warned", "warn", t("own_no_service"))))),
    h("td", {}, h("span", { class: "here" }, num(`${row.on_hand} / ${row.par}`, "count"), low ? pill("warned", "fill", t("own_task_BELOW_PAR", { n: row.wanted })) : null)),
    h("td", {}, row.lots.length ? h("ul", { class: "lots-in" }, row.lots.map(lot)) : "—"));
}

function lot(one) {
  const end = expiry(one);
  const day = one.expires_on ? h("span", { class: "num" }, one.expires_on) : t("own_no_date");
  return h("li", {}, h("span", {}, one.lot || t("own_no_lot"), " × ", num(String(one.count))), " ",
    end && end.level ? h("span", {}, day, " ", pill(end.level, end.picture, end.text)) : pill("good", "tick", one.expires_on ?? t("own_no_date")));
}
