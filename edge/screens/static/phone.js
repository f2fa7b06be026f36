// The buyer's phone: scan, PIN, door, basket, receipt. Each step is one page; the counter decides.

import { ask } from "/static/ask.js";
import { contact, contactRows, followContact, underAge } from "/static/contact.js";
import { DoorForm } from "/static/door.js";
import { h, show } from "/static/dom.js";
import { isLarge, switches } from "/static/elder.js";
import { goods, sign } from "/static/icons.js";
import { follow, lostBand } from "/static/live.js";
import * as memory from "/static/memory.js";
import { discount, promotions, struck } from "/static/price.js";
import { Question } from "/static/question.js";
import { Receipt } from "/static/receipt.js";
import { has, minute, money, named, origin, t, told, unit } from "/static/text.js";
import { Countdown, countdownText, FINAL, heading, lineItem, notice, total } from "/static/visit.js";

const RESCAN = ["REPLAY", "BAD_TOKEN", "BUSY", "RESTOCKING"];
const root = document.documentElement;
const page = document.getElementById("page");
const head = h("header", { class: "top" });
const body = h("div", { class: "body" });
const wares = h("section", { class: "wares" });
const countdown = new Countdown();
page.replaceChildren(head, body, wares);

let view = null;
let visit = null;
let step = "home"; // home | visit | refused | orders
let refusedCode = "";
let token = memory.scanned();
let door = null;
let receipt = null;
let question = null;
let stop = () => {};

followContact(render);
follow("/live", (next) => { view = next; render(); }, lostBand("view"));
setInterval(tick, 250);
await resume();
render();

// A reload, or a second scan while the door is open, finds the visit that is under way.
async function resume() {
  const last = memory.visit() ?? memory.orders()[0]?.session;
  if (!last) return;
  const found = await ask(`/api/v1/sessions/${last}`);
  if (found.ok && (memory.visit() || !FINAL.includes(found.body.state))) enter(last);
}

function enter(session) {
  stop();
  step = "visit";
  visit = null;
  receipt = new Receipt(goHome);
  question = new Question((choice) => ask(`/api/v1/sessions/${session}/answer`, { choice }));
  memory.keepVisit(session);
  stop = follow(`/api/v1/sessions/${session}/live`, (next) => { visit = next; countdown.set(next.closes_in_s); question.hear(next.question); render(); }, lostBand("visit"), () => { lostBand("visit")(false); goHome(); });
  window.scrollTo(0, 0);
  render();
}

function goHome() {
  stop();
  lostBand("visit")(false);
  memory.keepVisit(null);
  step = "home";
  render();
}

function granted(session) {
  memory.keepOrder(session);
  memory.tokenSpent();
  token = null;
  door = null;
  enter(session);
}

function refused(code) {
  refusedCode = code;
  step = "refused";
  window.scrollTo(0, 0);
  if (RESCAN.includes(code)) {
    memory.tokenSpent();
    token = null;
    door = null;
  }
  render();
}

function render() {
  show(head, [view?.name, view?.place, view?.state, view?.shut, view?.online, isLarge()], drawHead);
  show(wares, [step, view?.trays, view?.hotline, token !== null, isLarge(), contact()], drawWares);
  if (step === "home") show(body, ["home", token, view?.state, view?.shut, view?.reason, view === null], drawHome);
  else if (step === "refused") show(body, ["refused", refusedCode, view?.hotline], drawRefused);
  else if (step === "orders") show(body, ["orders"], drawOrders);
  else if (visit === null) show(body, ["wait"], () => h("p", { class: "starting" }, t("asking")));
  else if (FINAL.includes(visit.state)) drawReceipt();
  else if (visit.question) question.draw(body, visit.question, view?.trays);
  else show(body, { ...visit, closes_in_s: null }, drawVisit);
  tick();
}

function tick() {
  question?.tick();
  const place = document.getElementById("countdown");
  if (place && visit) show(place, countdownText(visit.state, countdown.left()), () => countdownText(visit.state, countdown.left()));
}

function drawHead() {
  const changed = () => { door?.draw(); if (step === "visit") receipt?.visit && receipt.again(); render(); };
  return [
    h("div", { class: "switches" }, switches(changed)),
    view ? h("p", { class: "who" }, h("strong", {}, view.name), h("span", {}, view.place)) : null,
    view ? h("p", { class: "state" }, h("span", { class: `dot ${shut() ? "OUT_OF_ORDER" : view.state}` }), t(shut() ? "state_shut" : view.state === "READY" && !view.online ? "state_offline" : `state_${view.state}`)) : null,
  ];
}

function shut() { return view?.state === "READY" && view.shut; }

function drawHome() {
  if (view === null) return h("p", { class: "starting" }, t("starting"));
  if (view.state === "OUT_OF_ORDER") return drawStop("stop", t("out_title"), told("reason", view.reason), h("p", {}, t("out_text")));
  if (view.state === "RESTOCKING") return drawStop("wait", t("restocking_title"), t("restocking_text"));
  // Somebody else's visit. While this phone's own request has no answer, its form stays: it can be sent again.
  if (view.state === "BUSY" && !door?.key) return drawStop("wait", t("busy_title"), t("busy_text"));
  if (shut() && !door?.key) return drawStop("stop", t("state_shut"), t(`code_${view.shut}`));
  if (!token) return drawStop("scan", t("scan_title"), t("token_missing"), root.dataset.samples ? h("p", {}, t("try_code")) : null);
  door ??= new DoorForm(token, granted, refused);
  return [door.place, h("p", { class: "rule" }, h("span", {}, t("one_payer")), " ", h("span", {}, t("one_payer_two")))];
}

function drawStop(picture, title, text, ...more) {
  return h("section", { class: `stop-page ${picture}` }, sign(picture), h("h1", {}, title), h("p", {}, text), ...more);
}

function drawRefused() {
  const text = has(`code_${refusedCode}`) ? t(`code_${refusedCode}`) : t("code_REQUEST_FAILED");
  const again = h("button", { class: "main", id: "again", onclick: goHome }, t(token ? "retry" : "home"));
  const call = view ? h("p", { class: "hotline" }, `${t("hotline")} `, h("strong", {}, view.hotline)) : null;
  return drawStop("warn", t("cannot_open"), text, again, call);
}

function drawOrders() {
  const orders = memory.orders();
  return h("section", { class: "orders" }, h("h1", {}, t("my_orders")),
    orders.length ? h("ul", {}, orders.map((order) => h("li", {}, h("button", { onclick: () => enter(order.session) }, h("span", { class: "num" }, minute(order.at)), " ", t("receipt")))))
      : h("p", {}, t("no_orders")),
    h("button", { class: "main", onclick: goHome }, t("home")));
}

function drawVisit() {
  return h("section", { class: `visit ${visit.state}` }, heading(visit), h("p", { id: "countdown", class: "countdown" }), notice(visit),
    visit.lines.length ? h("ul", { class: "lines" }, visit.lines.map((line) => lineItem(line, false)))
      : visit.state === "OPEN" ? h("p", { class: "none" }, t("basket_empty")) : null,
    discount(visit),
    visit.state === "OPEN" || visit.lines.length ? total(visit.total_fen) : null,
    visit.state === "OPEN" ? h("p", { class: "hint" }, t("open_put_back")) : null);
}

function drawReceipt() {
  show(body, ["receipt", visit.session], () => receipt.place);
  receipt.draw(visit, view);
}

function drawWares() {
  if (view === null || step !== "home") return null;
  return [
    h("h2", {}, t("goods_title")),
    underAge(view.trays),
    h("ul", { class: "tiles" }, view.trays.map(tile)),
    h("button", { id: "orders", onclick: () => { step = "orders"; window.scrollTo(0, 0); render(); } }, t("my_orders")),
    h("a", { class: "button", id: "report", href: `/c/${root.dataset.counter}/report` }, sign("warn"), t("report_link")),
    h("h2", {}, t("contact_title")),
    contact() === null ? h("p", { class: "hotline" }, `${t("hotline")} `, h("strong", {}, view.hotline))
      : h("dl", { class: "facts contact" }, contactRows().map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  ];
}

// A tap on a product opens its card: where it comes from, its certificate, what lies here.
function tile(tray) {
  const gone = !tray.in_service || tray.blocked ? "no_sale" : tray.on_hand <= 0 ? "sold_out" : null;
  const card = `/c/${root.dataset.counter}/p/${encodeURIComponent(tray.sku)}`;
  return h("li", { class: gone ? "tile gone" : "tile" }, goods(tray),
    h("div", { class: "tile-text" }, h("h3", {}, h("a", { href: card }, named(tray))), isLarge() ? null : h("p", { class: "from" }, origin(tray)), gone ? null : promotions(tray)),
    h("div", { class: "tile-price" }, h("strong", { class: "num" }, money(tray.price_fen), h("small", {}, ` / ${unit(tray)}`)), struck(tray), h("span", {}, gone ? t(gone) : t("left", { n: tray.on_hand }))));
}
