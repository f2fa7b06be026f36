// The buyer's phone at the centre: whose door, PIN, the unlock's way, basket, receipt. The counter decides.

import { ask } from "/static/ask.js";
import { DoorForm } from "/static/door.js";
import { h, show } from "/static/dom.js";
import { isLarge, switches } from "/static/elder.js";
import { sign } from "/static/icons.js";
import { follow, lostBand } from "/static/live.js";
import * as memory from "/static/memory.js";
import { has, minute, money, t } from "/static/text.js";
import { heading, lineItem, total } from "/static/visit.js";

const PLACE_MS = 5000; // how often it is looked whether the counter is there
const WAIT_S = 20; // how long an unlock can be on its way
const POLL_MS = 2000; // how often a visit is asked for while its stream is lost
const RESCAN = ["REPLAY", "BAD_TOKEN", "BUSY", "RESTOCKING", "EXPIRED", "INTERRUPTED", "NOT_OPENED", "UNKNOWN_COUNTER"];
const FINAL = ["REFUSED", "RECEIPT", "EMPTY", "CANCELLED", "REVIEW"];
// A visit's state in the words that the counter's own page has for it.
const AT_COUNTER = { ANSWERED: "UNLOCKING", OPEN: "OPEN", CLOSED: "SETTLING", RECEIPT: "SETTLED", EMPTY: "EMPTY", CANCELLED: "CANCELLED", REVIEW: "REVIEW" };

const { counter } = document.documentElement.dataset;
const page = document.getElementById("page");
const head = h("header", { class: "top" });
const body = h("div", { class: "body" });
page.replaceChildren(head, body);

let place = null;
let unknown = false;
let visit = null;
let step = "home"; // home | visit | refused | gone | orders
let refusedCode = "";
let token = memory.scanned();
let door = null;
let stop = () => {};
let waitUntil = 0;

async function look() {
  const found = await ask(`/api/v1/places/${encodeURIComponent(counter)}`);
  unknown = found.code === "UNKNOWN_COUNTER";
  if (found.ok) place = found.body;
  if (step !== "visit") lostBand("place")(!found.ok && !unknown);
  render();
  if (!unknown) setTimeout(look, PLACE_MS);
}

// Follows the stream; while that is lost (a proxy may hold it back), asks for the visit itself.
function enter(id) {
  stop();
  step = "visit";
  visit = null;
  memory.keepVisit(id);
  let lost = false;
  const path = `/api/v1/visits/${id}`;
  const gone = () => { leave(); step = "gone"; render(); };
  const heard = (next) => {
    visit = next;
    waitUntil = performance.now() + next.left_s * 1000;
    if (FINAL.includes(next.state)) { ended(); lostBand("visit")(false); }
    render();
  };
  const unfollow = follow(`${path}/stream`, heard, (isLost) => { lost = isLost; if (!isLost) lostBand("visit")(false); }, gone);
  const poll = setInterval(async () => {
    if (!lost) return;
    const found = await ask(path);
    if (!lost || memory.visit() !== id) return;
    if (found.ok) heard(found.body);
    lostBand("visit")(!found.ok);
  }, POLL_MS);
  const ended = () => { unfollow(); clearInterval(poll); };
  stop = ended;
  window.scrollTo(0, 0);
  render();
}

function leave() {
  stop();
  lostBand("visit")(false);
  memory.keepVisit(null);
  visit = null;
}

function goHome() {
  leave();
  step = "home";
  window.scrollTo(0, 0);
  render();
}

function granted(id) {
  memory.keepOrder(id);
  memory.tokenSpent();
  token = null;
  door = null;
  enter(id);
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

async function send(wish, key) {
  const outcome = await ask("/api/v1/visits", { counter, ...wish }, key);
  return outcome.ok ? { ...outcome, body: { session: outcome.body.visit } } : outcome;
}

function render() {
  show(head, [place, visit?.counter, isLarge(), named()], drawHead);
  if (step === "home") show(body, ["home", token, place, unknown], drawHome);
  else if (step === "refused") show(body, ["refused", refusedCode, place?.hotline], () => drawRefusal(refusedCode));
  else if (step === "gone") show(body, ["gone"], () => drawStop("warn", t("gone_title"), t("gone_text"), homeButton()));
  else if (step === "orders") show(body, ["orders"], drawOrders);
  else if (visit === null) show(body, ["wait"], () => h("p", { class: "starting" }, t("asking")));
  else show(body, { ...visit, left_s: null, hotline: place?.hotline }, drawVisit);
  tick();
}

function tick() {
  const bar = document.getElementById("way");
  if (!bar) return;
  const left = Math.max(0, Math.ceil((waitUntil - performance.now()) / 1000));
  bar.setAttribute("aria-valuenow", WAIT_S - left);
  bar.firstChild.style.width = `${(100 * (WAIT_S - left)) / WAIT_S}%`;
  const words = document.getElementById("way-left");
  show(words, left, () => t("sent_left", { n: left }));
}

// Whether the page itself says in large letters whose door it is.
const named = () => step === "home" && Boolean(token) && Boolean(place?.online || door?.key);
const nameOf = () => place?.name || t("unnamed", { counter });

function drawHead() {
  const changed = () => { door?.draw(); render(); };
  return [
    h("div", { class: "switches" }, switches(changed)),
    place ? h("p", { class: "who" }, named() ? null : [h("strong", {}, nameOf()), h("span", {}, place.place)]) : null,
    place ? h("p", { class: "state" }, h("span", { class: `dot ${place.online ? "READY" : "OUT_OF_ORDER"}` }), t(place.online ? "state_online_here" : "state_offline_here")) : null,
  ];
}

function drawHome() {
  if (unknown) return drawStop("warn", t("cannot_open"), t("code_UNKNOWN_COUNTER"));
  if (place === null) return h("p", { class: "starting" }, t("starting"));
  const orders = memory.orders().length ? h("button", { id: "orders", onclick: () => { step = "orders"; window.scrollTo(0, 0); render(); } }, t("my_orders")) : null;
  // While this phone's own request has no answer, its form stays: it can be sent again.
  if (!place.online && !door?.key) return drawStop("stop", t("offline_title"), t("offline_text"), call(), orders);
  if (!token) return drawStop("scan", t("scan_title"), t("token_missing"), orders);
  door ??= new DoorForm(token, granted, refused, send);
  return [signOf(), door.place, h("p", { class: "rule" }, h("span", {}, t("one_payer")), " ", h("span", {}, t("one_payer_two"))), orders];
}

// Whose door it is, before anybody types a PIN: a sticker may lead to another counter's page.
function signOf() {
  return [
    h("section", { class: "sign-of", id: "sign" }, h("span", {}, t("your_counter")), h("strong", {}, nameOf()),
      place.place ? h("span", { class: "where" }, place.place) : null, h("span", {}, t("counter_no", { counter }))),
    h("p", { class: "check" }, t("check_counter")),
  ];
}

function drawStop(picture, title, text, ...more) {
  return h("section", { class: `stop-page ${picture}` }, sign(picture), h("h1", { role: "status" }, title), h("p", {}, text), ...more);
}

const homeButton = (words = "home") => h("button", { class: "main", id: "home", onclick: goHome }, t(words));
const call = () => place?.hotline ? h("p", { class: "hotline" }, `${t("hotline")} `, h("strong", {}, place.hotline)) : null;

function drawRefusal(code) {
  const text = has(`code_${code}`) ? t(`code_${code}`) : t("code_REQUEST_FAILED");
  return drawStop("warn", t("cannot_open"), text, homeButton(token ? "retry" : "home"), call());
}

function drawOrders() {
  const orders = memory.orders();
  return h("section", { class: "orders" }, h("h1", {}, t("my_orders")),
    h("ul", {}, orders.map((order) => h("li", {}, h("button", { onclick: () => enter(order.session) }, h("span", { class: "num" }, minute(order.at)), " ", t("receipt"))))),
    homeButton());
}

function drawVisit() {
  const stale = visit.online || FINAL.includes(visit.state) ? null : h("p", { class: "notice", role: "alert" }, sign("warn"), h("span", {}, t("stale")));
  switch (visit.state) {
    case "REFUSED": return drawRefusal(visit.code);
    case "EXPIRED": return drawStop("warn", t("expired_title"), t("expired_text"), homeButton(), call());
    case "OFFLINE": return drawStop("wait", t("offline_title"), t("offline_sent_text"), way(), call());
    case "SENT": return drawSent();
    case "ANSWERED": return h("section", { class: "visit" }, headingOf(), stale);
    case "OPEN": return h("section", { class: "visit OPEN" }, headingOf(), stale, basket(), total(visit.total_fen), h("p", { class: "hint" }, t("open_put_back")));
    case "CLOSED": return h("section", { class: "visit SETTLING" }, headingOf(), stale,
      visit.lines.length ? [basket(), total(visit.total_fen)] : null, h("p", { class: "hint" }, t("closed_text")), h("p", { class: "closed-wait" }, t("closed_wait")));
    default: return drawReceipt();
  }
}

const headingOf = () => heading({ ...visit, state: AT_COUNTER[visit.state], lines: visit.lines.filter((line) => line.sure) });

function basket(settled = false) {
  return visit.lines.length ? h("ul", { class: "lines" }, visit.lines.map((line) => lineItem(line, settled)))
    : h("p", { class: "none" }, t("basket_empty"));
}

function drawSent() {
  const steps = [["done", "sent_step_1", false], ["wait", "sent_step_2", true], ["door", "sent_step_3", false]];
  return drawStop("wait", t("sent_title"), t("sent_text"),
    h("ol", { class: "steps" }, steps.map(([picture, words, now]) => h("li", { class: now ? "now" : null, "aria-current": now ? "step" : null }, sign(picture), t(words)))),
    way());
}

const way = () => [h("div", { id: "way", class: "way", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": WAIT_S, "aria-label": t("sent_step_2") }, h("span")), h("p", { id: "way-left", class: "way-left" })];

function drawReceipt() {
  const row = (name, value) => value ? [h("dt", {}, name), h("dd", { class: "num" }, value)] : [];
  return h("section", { class: "receipt" }, headingOf(),
    visit.lines.length ? [
      basket(true),
      total(visit.total_fen, visit.state === "REVIEW" ? t("review_charged") : t("total")),
      visit.certified_fen > 0 ? h("p", { class: "certified" }, h("span", {}, t("certified_part")), h("span", { class: "num" }, money(visit.certified_fen))) : null,
    ] : null,
    h("dl", { class: "facts" }, row(t("order_no"), visit.order_no), row(t("at_counter"), visit.counter === counter ? nameOf() : visit.counter),
      row(t(visit.order_no ? "closed_at" : "ended_at"), visit.closed_at && minute(visit.closed_at))),
    homeButton(), call());
}

if (memory.visit()) enter(memory.visit());
await look();
setInterval(tick, 250);
