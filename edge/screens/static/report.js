// Reporting a fault of the counter: tap what is wrong, tap send. Words are welcome, and not needed.

import { ask } from "/static/ask.js";
import { h, show } from "/static/dom.js";
import { isLarge, switches } from "/static/elder.js";
import { sign } from "/static/icons.js";
import { t, told } from "/static/text.js";

const ABOUT = [["DOOR", "door"], ["SCREEN", "scan"], ["PRICE", "price"], ["GOODS", "take"], ["HYGIENE", "hygiene"]];
const { counter } = document.documentElement.dataset;
const page = document.getElementById("page");
const head = h("header", { class: "top" });
const body = h("div", { class: "body" });
page.replaceChildren(head, body);

const state = { about: "", text: "", sending: false, message: "", kept: null };
render();

function render() {
  document.title = t("report_title");
  show(head, isLarge(), () => [
    h("a", { class: "home", href: `/c/${counter}` }, sign("back"), t("home")),
    h("div", { class: "switches" }, switches(render))]);
  show(body, [isLarge(), { ...state, text: "" }], () => state.kept === null ? form() : thanks());
}

function form() {
  const pick = (about) => { Object.assign(state, { about, message: "" }); render(); };
  return h("form", { class: "report", onsubmit: (event) => { event.preventDefault(); send(); } },
    h("h1", {}, t("report_title")),
    h("div", { class: "abouts", role: "radiogroup", "aria-label": t("report_title") }, ABOUT.map(([about, picture]) =>
      h("label", { class: "choice" },
        h("input", { type: "radio", name: "about", value: about, checked: state.about === about, onchange: () => pick(about) }),
        sign(picture), h("span", {}, t(`about_${about}`))))),
    isLarge() ? null : h("label", { class: "words", for: "words" }, t("report_words")),
    isLarge() ? null : h("textarea", { id: "words", rows: 2, maxlength: 200, "aria-describedby": "words-hint", oninput: (event) => { state.text = event.target.value; } }, state.text),
    isLarge() ? null : h("p", { class: "small", id: "words-hint" }, t("report_hint")),
    h("p", { class: "message", role: "alert" }, state.message),
    h("button", { class: "main", id: "send", disabled: state.sending }, t("report_send")));
}

function thanks() {
  return h("section", { class: "stop-page done" }, sign("done"),
    h("h1", { tabindex: "-1", id: "received" }, t("report_received")), h("p", {}, t("report_after")),
    state.kept ? h("p", { class: "kept" }, t("report_kept", { text: state.kept })) : null,
    h("a", { class: "button main", id: "home", href: `/c/${counter}` }, t("home")));
}

async function send() {
  if (!state.about) { state.message = t("report_choose"); return render(); }
  state.sending = true;
  render();
  const outcome = await ask("/api/v1/reports", { about: state.about, text: isLarge() ? "" : state.text });
  state.sending = false;
  if (outcome.ok) state.kept = outcome.body.text;
  else state.message = outcome.code === "NO_NETWORK" ? t("no_network") : told("code", outcome.code);
  render();
  document.getElementById("received")?.focus();
}
