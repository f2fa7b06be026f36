// The card of one product: certificate, gates, and the way of each lot that lies here. What nobody registered says so.

import { ask } from "/static/ask.js";
import { h, show } from "/static/dom.js";
import { isLarge, switches } from "/static/elder.js";
import { goods, sign } from "/static/icons.js";
import { promotions, struck } from "/static/price.js";
import { minute, money, named, origin, t, told, unit } from "/static/text.js";

const AGAIN_MS = 30_000;
const { counter, sku } = document.documentElement.dataset;
const page = document.getElementById("page");
const head = h("header", { class: "top" });
const body = h("div", { class: "body" });
page.replaceChildren(head, body);

let product = null;
let fault = "";
render();
load();

async function load() {
  const found = await ask(`/api/v1/products/${encodeURIComponent(sku)}`);
  if (found.ok) product = found.body;
  fault = found.ok ? "" : found.code;
  render();
  setTimeout(load, AGAIN_MS);
}

function render() {
  show(head, isLarge(), () => [
    h("a", { class: "home", href: `/c/${counter}` }, sign("back"), t("home")),
    h("div", { class: "switches" }, switches(render))]);
  if (product) document.title = named(product);
  show(body, [product, product ? "" : fault, isLarge()], () => product ? card() : empty());
}

function empty() {
  if (!fault) return h("p", { class: "starting" }, t("starting"));
  return h("section", { class: "stop-page warn" }, sign("warn"), h("h1", {}, t("product_missing")),
    h("p", {}, fault === "NO_NETWORK" ? t("no_network") : told("code", fault)));
}

// Words of the catalogue and of traces are Chinese on every page.
const zh = (text) => h("span", { lang: "zh-CN" }, text);
const missing = () => h("span", { class: "missing" }, t("unregistered"));
const known = (text) => text ? zh(text) : missing();
const day = (iso) => iso ? h("span", { class: "num" }, iso) : missing();

function card() {
  return [top(), certificate(), lots(), facts(), trace()];
}

function top() {
  const gone = product.on_hand === null ? "not_here" : !product.in_service || product.blocked ? "no_sale" : product.on_hand <= 0 ? "sold_out" : null;
  return h("section", { class: "product-top" }, goods(product),
    h("div", {}, h("h1", {}, named(product)), h("p", { class: "from" }, origin(product)),
      h("p", { class: "price" }, h("strong", { class: "num" }, money(product.price_fen)), h("span", {}, ` / ${unit(product)}`), " ", gone ? null : struck(product),
        h("span", { class: gone ? "left gone" : "left" }, gone ? t(gone) : t("left", { n: product.on_hand }))),
      gone ? null : promotions(product)),
    product.blocked ? h("p", { class: "notice" }, sign("warn"), h("span", {}, told("block", product.blocked))) : null,
    product.age_restricted ? h("p", { class: "under-age" }, sign("adult"), h("span", {}, t("under_age"))) : null);
}

const SIGN_OF = { VALID: "done", NOT_YET: "wait", PENDING: "wait", NONE: "nothing" };

function certificate() {
  const { state, number, valid_from: from, valid_to: to } = product.certificate;
  return h("section", { class: `certificate ${state}`, "aria-labelledby": "certificate" },
    h("h2", { id: "certificate" }, t("cert_title")),
    h("p", { class: "cert-state" }, sign(SIGN_OF[state] ?? "stop"), h("strong", {}, told("cert", state))),
    h("dl", { class: "facts" },
      row("cert_no", known(number)),
      row("cert_days", from || to ? h("span", { class: "num" }, t("cert_from_to", { from: from ?? t("unregistered"), to: to ?? t("unregistered") })) : missing())),
    h("h3", {}, t("gates_title")),
    h("ol", { class: "gates" }, product.gates.map(gate)));
}

function gate({ gate, holds }) {
  const [mark, word] = holds === null ? ["?", "gate_unknown"] : holds ? ["✓", "gate_passed"] : ["✗", "gate_failed"];
  return h("li", { class: holds === null ? "unknown" : holds ? "passed" : "failed" },
    h("span", { class: "mark", "aria-hidden": "true" }, mark), h("span", {}, t(`gate_${gate}`)), h("span", { class: "unseen" }, t(word)));
}

const row = (name, value) => [h("dt", {}, t(name)), h("dd", {}, value)];

function lots() {
  return h("section", { class: "lots", "aria-labelledby": "lots" }, h("h2", { id: "lots" }, t("trace_title")),
    product.lots.length ? product.lots.map(lot) : h("p", { class: "none-here" }, t("lots_none")));
}

function lot(one) {
  return h("article", { class: "lot" },
    h("dl", { class: "facts" },
      row("lot", known(one.lot)), row("produced_on", day(one.produced_on)), row("expires_on", day(one.expires_on)),
      row("lies_here", h("span", { class: "num" }, t("pieces", { n: one.count })))),
    h("ol", { class: "stages" }, one.stages.map(stage)),
    h("p", { class: "team" }, `${t("team")} `, known(one.team)));
}

// A filled dot: registered; an empty one: not.
function stage(one) {
  return h("li", { class: one.registered ? "stage" : "stage missing", "data-stage": one.stage },
    h("span", { class: "stage-dot", "aria-hidden": "true" }),
    h("div", {}, h("h3", {}, t(`stage_${one.stage}`)), one.registered ? told_of(one) : h("p", {}, t("unregistered"))));
}

function told_of(one) {
  const lines = [];
  if (one.place) lines.push(h("p", {}, zh(one.place)));
  if (one.mark) lines.push(h("p", {}, zh(one.mark)));
  if (one.on) lines.push(h("p", {}, h("time", { class: "num", datetime: one.on }, one.on)));
  if (one.at) lines.push(h("p", {}, t(one.opening ? "shelf_opening" : "shelf_since", { time: minute(one.at) })));
  for (const leg of one.legs) lines.push(h("p", {}, zh(`${leg.from} → ${leg.to}`), leg.on ? h("time", { class: "num", datetime: leg.on }, ` ${leg.on}`) : null));
  return lines;
}

function facts() {
  const life = product.shelf_life_days;
  const households = product.linked_households;
  const rows = [
    row("supplier", known(product.supplier)),
    row("linkage", known(product.linkage)),
    row("households", households === null ? missing() : h("span", { class: "num" }, t("households_n", { n: households }))),
    row("storage", known(product.storage)),
    row("shelf_life", life === null ? missing() : h("span", { class: "num" }, t("days_n", { n: life }))),
  ];
  if (!isLarge()) rows.push(row("spec", known(product.spec)), row("gtin", h("span", { class: "num" }, product.gtin)),
    row("claims", product.claims.length ? product.claims.map((claim) => h("span", { class: "claim" }, zh(claim.words), h("small", {}, ` ${t("claim_by")} `, zh(claim.document)))) : missing()));
  return h("section", {}, h("h2", {}, t("facts_title")), h("dl", { class: "facts" }, rows));
}

function trace() {
  if (isLarge()) return null;
  return h("section", { class: "trace" }, h("h2", {}, t("trace_code")),
    product.trace_url
      ? h("figure", {}, h("img", { src: `/api/v1/products/${encodeURIComponent(sku)}/trace.png`, alt: t("trace_alt"), width: 200, height: 200 }),
        h("figcaption", {}, product.trace_url))
      : h("p", {}, missing()));
}
