// The counter's screen: what anyone before the cabinet sees. It shows the View and decides nothing.

import { ask } from "/static/ask.js";
import { contact, contactRows, followContact, underAge } from "/static/contact.js";
import { corner } from "/static/corner.js";
import { h, show } from "/static/dom.js";
import { isLarge, switches } from "/static/elder.js";
import { goods, sign } from "/static/icons.js";
import { follow, lostBand } from "/static/live.js";
import { discount, promotions, struck } from "/static/price.js";
import { Question } from "/static/question.js";
import { money, named, origin, t, told, unit } from "/static/text.js";
import { Countdown, countdownText, FINAL, heading, lineItem, notice, total } from "/static/visit.js";
import { hear } from "/static/voice.js";

const RESULT_MS = 5000;
const REPORT_MS = 30_000; // then the door's code is back: one code at a time, so that no phone reads the wrong one
const ROOMY = 12; // goods that all have room with a picture each; nobody scrolls this screen
const RESTOCK = "/screen/restock";
const { atScreen: at, trying, counter } = document.documentElement.dataset;
const atScreen = at === "yes";
const page = document.getElementById("page");
const head = h("header", { class: "top" });
const body = h("div", { class: "body" });
const foot = h("footer", { class: "foot" });
const countdown = new Countdown();
const question = new Question(atScreen ? (choice) => ask("/api/v1/screen/answer", { choice }) : null);
const code = h("img", { id: "qr" });
let inCode = ""; // the token in the code shown
code.addEventListener("error", () => { inCode = ""; setTimeout(() => view.token && renewCode(), 1000); });

let view = null;
let result = null; // the last visit's end, shown for 5 s also when the engine has moved on
let resultSince = 0;
let resultOver = "";
let connected = true;
let reportUntil = 0; // the code for reporting a fault is shown until then

page.replaceChildren(head, body, foot);

const bar = lostBand("view");
follow("/live", take, (lost) => { connected = !lost; bar(lost); render(); });
followContact(render);
setInterval(render, 250);
if (atScreen) corner(() => location.assign(RESTOCK));

function take(next) {
  view = next;
  countdown.set(view.basket?.closes_in_s);
  question.hear(view.basket?.question ?? null);
  noteResult(view.basket);
  if (atScreen) hear(view.basket);
  render();
}

// Remember how a visit ended; a new visit wipes it.
function noteResult(basket) {
  if (basket === null) return;
  if (!FINAL.includes(basket.state)) { result = null; resultOver = ""; return; }
  const print = JSON.stringify(basket);
  if (print === resultOver || (result && JSON.stringify(result) === print)) return;
  result = basket;
  resultSince = performance.now();
}

function currentResult() {
  if (result && performance.now() - resultSince >= RESULT_MS) { resultOver = JSON.stringify(result); result = null; }
  return result;
}

function render() {
  if (view === null) return;
  show(head, [view.name, view.place, view.state, view.shut, view.online, isLarge()], drawHead);
  const basket = view.basket && !FINAL.includes(view.basket.state) ? view.basket : currentResult();
  const reporting = !basket && performance.now() < reportUntil;
  show(foot, [view.hotline, contact(), isLarge(), Boolean(basket), reporting], () => drawFoot(basket, reporting));
  if (reporting) show(body, ["report"], drawReport);
  else if (view.state === "OUT_OF_ORDER" && !basket) show(body, ["out", view.reason], drawOut);
  else if (view.state === "RESTOCKING" || basket?.kind === "RESTOCK") show(body, ["restocking"], () => plain("restocking", "wait"));
  else if (basket?.kind === "SERVICE") show(body, ["service"], () => plain("service", "wait"));
  else if (basket?.question) question.draw(body, basket.question, view.trays);
  else if (basket) show(body, { ...basket, closes_in_s: null }, () => drawVisit(basket));
  else show(body, ["idle", view.trays, view.state, view.shut, view.token, connected, atScreen, isLarge()], drawIdle);
  tick(basket);
}

function tick(basket) {
  question.tick();
  const place = document.getElementById("countdown");
  if (place && basket) show(place, countdownText(basket.state, countdown.left()), () => countdownText(basket.state, countdown.left()));
}

function shut() { return view.state === "READY" && view.shut; }
const stateText = () => t(shut() ? "state_shut" : view.state === "READY" && !view.online ? "state_offline" : `state_${view.state}`);

function drawHead() {
  return [
    h("div", { class: "who" }, h("strong", {}, view.name), h("span", {}, view.place)),
    h("p", { class: "state" }, h("span", { class: `dot ${shut() ? "OUT_OF_ORDER" : view.state}` }), stateText()),
    switches(render),
  ];
}

// Who answers for the counter, and how anyone may report a fault of it. During a visit only whom to call.
function drawFoot(basket, reporting) {
  const restock = atScreen ? h("a", { id: "restock", class: "foot-button", href: RESTOCK }, sign("fill"), t("restock_link")) : null;
  if (contact() === null || basket) return [h("p", {}, `${t("hotline")} `, h("strong", { class: "num" }, view.hotline)), restock];
  return [
    h("button", { id: "report", class: "foot-button", "aria-expanded": String(reporting), onclick: toggleReport }, sign("warn"), t("report_scan")),
    h("dl", { class: "contact" }, contactRows().map(([name, value]) => h("div", {}, h("dt", {}, name), " ", h("dd", {}, value)))),
    restock,
  ];
}

function toggleReport() {
  reportUntil = performance.now() < reportUntil ? 0 : performance.now() + REPORT_MS;
  render();
  document.getElementById(reportUntil ? "report-back" : "report")?.focus();
}

function drawReport() {
  return h("section", { class: "plain reporting" }, h("h1", {}, t("report_title")), h("p", {}, t("report_how")),
    h("img", { src: `/c/${counter}/report.png`, alt: t("report_alt") }),
    h("button", { id: "report-back", class: "foot-button", onclick: toggleReport }, t("report_back")));
}

function drawOut() {
  return h("section", { class: "plain OUT" }, sign("stop"), h("h1", {}, t("out_title")),
    h("p", {}, told("reason", view.reason)), h("p", {}, t("out_text")), h("p", { class: "call" }, `${t("hotline")} ${view.hotline}`));
}

function plain(word, picture) {
  return h("section", { class: "plain" }, sign(picture), h("h1", {}, t(`${word}_title`)), h("p", {}, t("restocking_text")));
}

function drawVisit(basket) {
  const settled = FINAL.includes(basket.state);
  return h("section", { class: `visit ${basket.state}` }, heading(basket), notice(basket),
    h("p", { id: "countdown", class: "countdown" }),
    basket.lines.length
      ? h("ul", { class: "lines" }, basket.lines.map((line) => lineItem(line, settled)))
      : basket.state === "OPEN" ? h("p", { class: "none" }, sign("take"), t("basket_empty")) : null,
    discount(basket),
    basket.lines.length ? total(basket.total_fen, t(basket.state === "REVIEW" ? "review_charged" : "total")) : null,
    basket.state === "OPEN" ? h("p", { class: "hint" }, t("open_put_back")) : null,
    settled && basket.lines.length ? h("p", { class: "hint" }, t("see_phone")) : null);
}

function drawIdle() {
  return h("div", { class: "idle" },
    h("section", { class: "scan" },
      h("div", { class: "how" }, h("h1", {}, t(shut() ? "state_shut" : "scan_title")), shut() ? null : h("p", {}, t("scan_text"))),
      drawCode(), drawSteps(), h("p", { class: "rule" }, t("one_payer"))),
    h("section", { class: "goods", "aria-label": t("goods_title"), tabindex: isLarge() ? 0 : null }, underAge(view.trays), h("ul", { class: view.trays.length > ROOMY ? "tiles many" : "tiles" }, view.trays.map(tile))));
}

function drawCode() {
  if (view.state !== "READY") return h("div", { class: "code off" }, sign("wait"), h("p", {}, t("busy_title")));
  if (view.shut) return h("div", { class: "code off" }, sign("stop"), h("p", {}, t(`code_${view.shut}`)));
  if (!atScreen) return h("div", { class: "code off" }, sign("scan"), h("p", {}, t("scan_elsewhere")));
  if (!connected || !view.token) return h("div", { class: "code off" }, sign("wait"), h("p", {}, t("scan_waiting")));
  if (inCode !== view.token) renewCode();
  code.alt = t("qr_alt");
  if (trying !== "yes") return h("div", { class: "code" }, code);
  // With sample accounts only: who tries the counter without a phone clicks the code.
  return h("a", { class: "code", href: `/c/${counter}?t=${view.token}`, target: "_blank", rel: "noopener" }, code);
}

// The same element throughout: the browser shows the old code until the new one is there, without a flash.
// The token is in the picture only, not in its address.
function renewCode() {
  inCode = view.token;
  code.src = `/api/v1/screen/qr.png?v=${view.version}`;
}

function drawSteps() {
  const step = (name, n) => h("li", {}, sign(name), h("span", {}, h("b", {}, `${n} `), t(`step_${name}`)));
  return h("ol", { class: "steps", "aria-label": t("steps_title") }, step("scan", 1), step("take", 2), step("close", 3));
}

// Name, pack, price per piece, origin and stock: what price display asks of a shelf.
function tile(tray) {
  const gone = !tray.in_service || tray.blocked ? "no_sale" : tray.on_hand <= 0 ? "sold_out" : null;
  return h("li", { class: gone ? "tile gone" : "tile", "data-tray": tray.tray },
    h("div", { class: "tile-side" }, goods(tray),
      h("p", { class: "stock" }, gone ? [sign("stop"), t(gone)] : t("left", { n: tray.on_hand }))),
    h("div", { class: "tile-text" },
      h("h2", {}, named(tray)),
      isLarge() ? null : h("p", { class: "from" }, origin(tray)),
      h("p", { class: "price" }, h("strong", { class: "num" }, money(tray.price_fen)), h("span", {}, ` / ${unit(tray)}`), struck(tray)),
      gone ? null : promotions(tray)));
}
