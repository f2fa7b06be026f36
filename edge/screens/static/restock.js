// The restocker's page: signs in, follows the task and shows the part of it that is next. The counter decides.

import { ask } from "/static/ask.js";
import { h, show } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { follow, lostBand } from "/static/live.js";
import { Cabinet } from "/static/restock_cabinet.js";
import { Toast } from "/static/restock_toast.js";
import { blockers, receipt, table } from "/static/restock_sheet.js";
import { SignInPage } from "/static/restock_signin.js";
import { isMuted, mute, play } from "/static/restock_sound.js";
import { TileSheet } from "/static/restock_tile.js";
import { byEnd, endsSoon, expiry, keepFocus, keyOf, pill, refusal } from "/static/restock_words.js";
import { isChinese, named, switchLanguage, t, told } from "/static/text.js";
import { Countdown } from "/static/visit.js";
import { say } from "/static/voice.js";

const AWAY_S = { signin: 60, LIST: 180, DONE: 60 }; // the page leaves no open door and no unsigned sheet by itself; from a sheet the counter signs out after 3 min
const WARN_S = 20;
const OFF_SHOWN = 4;
const page = document.getElementById("page");
const part = (tag, kind) => h(tag, { class: kind });
const [head, lead, board, acts] = [part("header", "top"), part("section", "lead"), part("section", "board"), part("footer", "acts")];
const desk = h("div", { class: "desk" }, lead, board, acts);
const away = h("p", { class: "away" });
const closing = new Countdown();
const cabinet = new Cabinet(openTile);
const sheet = new TileSheet(act);
const toast = new Toast(() => act({ do: "undo" }));

let view = null;
let signIn = null;
let counting = false;
let busy = false;
let quietSince = performance.now();

page.replaceChildren(head, desk, away);
document.body.append(sheet.place, toast.place);
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { quietSince = performance.now(); }, { capture: true });
setInterval(tick, 250);
listen();

function listen() {
  follow("/api/v1/restock/live", take, lostBand("restock"), () => { lostBand("restock")(false); if (view?.stage !== "DONE") askWho(); });
}

function askWho() {
  view = null;
  counting = false;
  if (sheet.isOpen) sheet.close();
  signIn = new SignInPage(() => { signIn.stop(); signIn = null; quietSince = performance.now(); listen(); }, goHome);
  desk.className = "desk signing";
  board.replaceChildren(signIn.place);
  lead.replaceChildren();
  acts.replaceChildren();
  render();
  signIn.start();
}

function take(next) {
  if (view?.stage !== next.stage) quietSince = performance.now();
  if (["SETTLING", "SHEET", "DONE"].includes(next.stage) && view?.stage !== next.stage) counting = false;
  if (view && view.stage !== "SHEET" && next.stage === "SHEET" && next.blockers.length) play("warn");
  if (view && view.stage !== "DONE" && next.stage === "DONE" && !isMuted()) say("restock_done");
  view = next;
  closing.set(view.closes_in_s);
  toast.hear(view.undo, view.undo_left_s);
  render();
}

const goHome = () => location.assign("/");

async function leave() {
  await act({ do: "leave" });
  goHome();
}

// Posts one act; gives "" or the words why not.
async function act(body) {
  if (busy) return t("restock_signing");
  busy = true;
  render();
  const outcome = await ask("/api/v1/restock", body);
  busy = false;
  if (outcome.ok && body.do === "undo") toast.say(t("restock_undone"));
  const words = outcome.ok ? "" : refusal(outcome);
  if (words && !sheet.isOpen) toast.say(words, true);
  render();
  return words;
}

function openTile(key) {
  const tile = view.tiles.find((one) => keyOf(one) === key);
  if (tile) sheet.open(tile, view.stage, counting);
}

function render() {
  keepFocus(head, () => show(head, [view?.title, signIn !== null, isMuted()], drawHead));
  if (view === null) return;
  const { stage } = view;
  desk.className = `desk ${stage} ${counting ? "counting" : ""}`;
  keepFocus(lead, () => show(lead, [stage, counting, busy, view.notice, view.draft, view.reason, view.document, view.blockers.length, isFull(), view.tiles.map((tile) => [tile.wanted, tile.state, tile.days_left, tile.before])], drawLead));
  if (stage === "SHEET" || stage === "SETTLING") keepFocus(board, () => show(board, [stage, view.tiles, view.blockers], () => [stage === "SHEET" && view.blockers.length ? blockers(view, openTile) : null, h("div", { class: "paper" }, table(view, openTile))]));
  else if (stage === "DONE") show(board, [stage, view.document], () => receipt(view));
  else { show(board, ["cabinet"], () => cabinet.place); cabinet.draw(view, counting); }
  keepFocus(acts, () => show(acts, [stage, counting, busy, view.reason, view.blockers.length], drawActs));
  sheet.update(view.tiles, stage);
}

function drawHead() {
  return [
    h("div", { class: "who" }, h("strong", {}, view?.title || t("restock_title")), h("span", {}, document.documentElement.dataset.name)),
    h("button", { type: "button", id: "sound", class: "top-button", "aria-pressed": String(isMuted()), "aria-label": t(isMuted() ? "restock_unmute" : "restock_mute"), onclick: () => { mute(!isMuted()); render(); } }, sign(isMuted() ? "mute" : "sound")),
    h("button", { type: "button", id: "language", class: "top-button", lang: isChinese() ? "en" : "zh-CN", onclick: () => { switchLanguage(); signIn?.draw(); render(); } }, t("language_other")),
  ];
}

const HEADS = { LIST: "fill", OPENING: "door", OPEN: "fill", SETTLING: "wait", SHEET: "list", DONE: "done" };

// Whether nothing is left to do at the open door but to shut it.
const isFull = () => view.tiles.every((tile) => !tile.moving && !tile.problems.length && tile.brought >= tile.wanted) && view.tiles.some((tile) => tile.brought);

function words() {
  const { stage } = view;
  if (counting) return [t("restock_count_title"), t("restock_count_text")];
  if (stage === "LIST") {
    const short = view.tiles.filter((tile) => tile.wanted > 0);
    const k = short.reduce((sum, tile) => sum + tile.wanted, 0);
    return [short.length ? t("restock_list_title", { n: short.length, k }) : t("restock_list_none"), t("restock_list_text")];
  }
  if (stage === "OPEN" && isFull()) return [t("restock_full_title"), t("restock_open_text")];
  if (stage === "SHEET") return [t("restock_sheet_title"), view.blockers.length ? t("restock_sheet_blocked", { n: view.blockers.length }) : t("restock_sheet_ready")];
  if (stage === "DONE") return [t("restock_done_title"), t("restock_done_text", { document: view.document })];
  return [t(`restock_${stage.toLowerCase()}_title`), t(`restock_${stage.toLowerCase()}_text`)];
}

function drawLead() {
  const [title, text] = words();
  const isList = view.stage === "LIST" && !counting;
  const off = isList ? view.tiles.filter(endsSoon).toSorted(byEnd) : [];
  return [
    h("div", { class: "title" }, sign(counting ? "list" : HEADS[view.stage]), h("div", { role: "status" }, h("h1", {}, title), h("p", {}, text, h("span", { id: "closing", class: "num", "aria-hidden": "true" })))),
    view.notice ? h("p", { class: "notice", role: "alert" }, sign("warn"), h("span", {}, told("notice", view.notice))) : null,
    isList && view.reason ? h("p", { class: "notice", role: "alert" }, sign("stop"), h("span", {}, refusal({ code: view.reason }, "restock_shut"))) : null,
    isList && view.draft ? h("div", { class: "draft" }, sign("list"), h("p", {}, t("restock_draft", { version: view.draft })), h("button", { type: "button", id: "draft", class: "huge", disabled: busy, onclick: () => act({ do: "draft" }) }, t("restock_draft_apply"))) : null,
    off.length ? h("div", { class: "off-first" }, h("h2", {}, sign("off"), t("restock_off_title")), h("ul", {}, off.slice(0, OFF_SHOWN).map((tile) => { const end = expiry(tile); return h("li", {}, h("span", { class: "num at" }, tile.tray), h("span", { class: "off-name" }, named(tile)), pill(end.level, end.picture, end.text)); }),
      off.length > OFF_SHOWN ? h("li", { class: "off-more" }, t("restock_off_more", { n: off.length - OFF_SHOWN })) : null)) : null,
  ];
}

function drawActs() {
  const button = (id, kind, picture, text, press, off = false) => h("button", { type: "button", id, class: `huge ${kind}`, disabled: off || busy, onclick: press }, sign(picture), h("span", {}, text));
  const count = () => button("counting", counting ? "main" : "", counting ? "tick" : "list", t(counting ? "restock_count_end" : "restock_count"), () => { counting = !counting; render(); });
  switch (view.stage) {
    case "LIST": return [button("leave", "", "back", t("restock_leave"), leave), button("own", "", "list", t("own_title"), () => location.assign("/screen/supplier")), button("open", "main wide", "door", t("restock_open"), () => act({ do: "open" }), view.reason !== "")];
    case "OPEN": return [count()];
    case "SHEET": return [button("again", "", "door", t("restock_again"), () => act({ do: "open" })), button("confirm", "main wide", "tick", t("restock_confirm"), () => act({ do: "finish" }), view.blockers.length > 0)];
    case "DONE": return [button("print", "", "print", t("restock_print"), () => window.print()), button("finish", "main wide", "tick", t("restock_finish"), leave)];
    default: return [];
  }
}

// Once in a quarter of a second: what runs down, and whether nobody is here any more. Nothing on the page moves.
function tick() {
  toast.tick();
  const most = AWAY_S[signIn ? "signin" : view?.stage];
  const quiet = most === undefined ? null : Math.max(0, Math.ceil(most - (performance.now() - quietSince) / 1000));
  const text = runningDown(quiet);
  const place = document.getElementById("closing");
  if (place) show(place, [text], () => text && ` · ${text}`);
  away.hidden = quiet === null || quiet > WARN_S || view?.stage === "DONE";
  if (!away.hidden) show(away, [quiet], () => t("restock_idle", { n: quiet }));
  if (quiet === 0) { quietSince = Infinity; if (view) leave(); else goHome(); }
}

// Beside the title: how long until the bolt falls, until the receipt goes. Nobody is hurried at an open door.
function runningDown(quiet) {
  if (view?.stage === "DONE") return t("restock_done_left", { n: quiet });
  const left = closing.left();
  return view?.stage === "OPENING" && left !== null ? t("pull_left", { n: left }) : "";
}
