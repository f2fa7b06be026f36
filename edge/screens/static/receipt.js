// P4 and P5 of a visit: the receipt with the reason for each price, and the appeal. Pieces, never grams.

import { ask } from "/static/ask.js";
import { h, show } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { discount, gross } from "/static/price.js";
import { has, isChinese, minute, money, named, second, t, told } from "/static/text.js";
import { heading, lineItem, notice, pieces, total } from "/static/visit.js";

const REASONS = ["not_taken", "count", "price", "damaged"];

// A line's name on this page: goods may share a tray.
const keyOf = (line) => `${line.tray} ${line.sku}`;

const isLarge = () => document.documentElement.classList.contains("big");

// What the tray's scale said, as a picture without weights; fetched once it is looked at.
function curve(line, session) {
  const happened = line.evidence.events.filter((event) => has(`action_${event.action}`));
  const words = happened.map((event) => `${second(event.at)} ${t(`action_${event.action}`, { n: event.count })}`).join(t("then"));
  const alt = t("curve_alt", { tray: line.tray, events: words || t("curve_still") });
  const address = `/api/v1/sessions/${session}/trays/${encodeURIComponent(line.tray)}/curve.png?lang=${isChinese() ? "zh" : "en"}${isLarge() ? "&large=1" : ""}`;
  const figure = h("figure", { class: "curve" }, h("figcaption", {}, t("curve_title")),
    h("img", { src: address, alt, width: isLarge() ? 240 : 320, height: isLarge() ? 132 : 120, loading: "lazy", onerror: () => figure.replaceChildren(h("p", { class: "small" }, t("curve_none"))) }));
  return figure;
}

function why(line, session) {
  const evidence = line.evidence;
  if (!evidence) return null;
  const happened = evidence.events.filter((event) => has(`action_${event.action}`));
  return h("details", { class: "why" },
    h("summary", {}, t("why")),
    h("p", {}, `${t("tray", { tray: line.tray })}: `, t("why_pieces", { before: evidence.before, after: evidence.after })),
    h("ol", {}, happened.map((event) => h("li", {}, h("time", { class: "num", datetime: event.at }, second(event.at)), " ", t(`action_${event.action}`, { n: event.count })))),
    curve(line, session),
    line.sure ? h("p", {}, t("why_price", { n: line.count, price: money(line.price_fen), money: money(gross(line)) })) : null,
    line.discount_fen ? h("p", {}, t("why_discount", { money: money(-line.discount_fen) })) : null,
    h("p", { class: "small" }, t("why_frozen")));
}

function facts(visit, view) {
  const row = (name, value) => value ? [h("dt", {}, name), h("dd", { class: "num" }, value)] : [];
  return h("dl", { class: "facts" },
    row(t("order_no"), visit.order_no), row(t("at_counter"), view?.name),
    row(t("opened_at"), minute(visit.opened_at)), row(t(visit.order_no ? "closed_at" : "ended_at"), visit.closed_at && minute(visit.closed_at)));
}

// Who pays: the unit's quotas and the buyer, and what the quotas have left. Nothing: the account as it is.
function shares(visit) {
  const row = (name, fen) => [h("dt", {}, name), h("dd", { class: "num" }, money(fen))];
  const paid = visit.paid ?? [];
  if (!paid.length && !visit.refunded_fen) return null;
  return h("div", { class: "shares" },
    h("dl", { class: "facts" },
      paid.map((part) => [
        row(part.owed ? t("paid_owed") : t(`paid_${part.scheme}`), part.fen),
        part.left_fen === null ? null : row(t("paid_left"), part.left_fen),
      ]),
      visit.refunded_fen > 0 ? row(t("refunded"), visit.refunded_fen) : null),
    paid.some((part) => part.owed) ? h("p", { class: "notice" }, sign("warn"), h("span", {}, t("paid_owed_note"))) : null);
}

function lines(visit) {
  if (!visit.lines.length) return [];
  const certified = visit.certified_fen > 0 && visit.state !== "EMPTY";
  return [
    h("ul", { class: "lines" }, visit.lines.map((line) => lineItem(line, true, why(line, visit.session)))),
    discount(visit),
    total(visit.total_fen, visit.state === "REVIEW" ? t("review_charged") : t("total")),
    certified ? h("p", { class: "certified" }, h("span", {}, t("certified_part")), h("span", { class: "num" }, money(visit.certified_fen))) : null,
    shares(visit),
  ];
}

export class Receipt {
  // leave(): back to the start.
  constructor(leave) {
    Object.assign(this, { leave, appealing: false, which: "", reason: "", sending: false, message: "", received: false });
    this.place = h("section", { class: "receipt" });
  }

  draw(visit, view) {
    this.visit = visit;
    this.view = view;
    const mine = [isLarge(), this.appealing, this.which, this.reason, this.sending, this.message, this.received];
    show(this.place, [{ ...visit, closes_in_s: null }, view?.name, view?.hotline, view?.online, mine], () => this.appealing ? this.form() : this.paper());
  }

  again() { this.draw(this.visit, this.view); }

  paper() {
    const visit = this.visit;
    const bought = visit.lines.length > 0;
    const appealed = this.received || visit.appeal !== null;
    return [
      heading(visit), notice(visit), lines(visit),
      bought && visit.total_fen > 0 && this.view && !this.view.online ? h("p", { class: "later" }, sign("wait"), t("charged_later")) : null,
      facts(visit, this.view),
      appealed ? h("p", { class: "received", role: "status" }, sign("done"), t("appeal_received"))
        : visit.state === "CANCELLED" ? null
          : h("button", { id: "appeal", onclick: () => { this.appealing = true; this.again(); } }, t("ask_us")),
      h("button", { class: "main", id: "home", onclick: this.leave }, t("home")),
      this.view ? h("p", { class: "hotline" }, `${t("hotline")} `, h("strong", {}, this.view.hotline)) : null,
    ];
  }

  choice(group, value, label) {
    return h("label", { class: "choice" },
      h("input", { type: "radio", name: group, value, checked: this[group] === value, onchange: () => { this[group] = value; this.message = ""; this.again(); } }),
      h("span", {}, label));
  }

  form() {
    const several = this.visit.lines.length > 1;
    const about = this.visit.lines.find((line) => keyOf(line) === this.which || !several);
    return h("form", { class: "appeal", onsubmit: (event) => { event.preventDefault(); this.send(); } },
      h("h1", {}, t("appeal_title")),
      h("div", { role: "radiogroup", "aria-label": t("appeal_title") }, REASONS.map((reason) => this.choice("reason", reason, t(`appeal_${reason}`)))),
      several ? h("h2", {}, t("appeal_which")) : null,
      several ? h("div", { role: "radiogroup", "aria-label": t("appeal_which") },
        this.choice("which", "", t("appeal_whole")),
        this.visit.lines.map((line) => this.choice("which", keyOf(line), `${named(line)} ${t("pieces", { n: line.count })}`))) : null,
      about?.evidence ? curve(about, this.visit.session) : null,
      h("p", { class: "message", role: "alert" }, this.message),
      h("button", { class: "main", id: "send", disabled: !this.reason || this.sending }, t("appeal_send")),
      h("button", { type: "button", onclick: () => { this.appealing = false; this.again(); } }, t("appeal_back")));
  }

  async send() {
    this.sending = true;
    this.again();
    const line = this.visit.lines.find((one) => keyOf(one) === this.which);
    const about = line ? `${keyOf(line)} × ${line.count}` : `* × ${pieces(this.visit.lines)}`;
    const outcome = await ask(`/api/v1/sessions/${this.visit.session}/appeal`, { reason: `${this.reason}: ${about}` });
    this.sending = false;
    if (outcome.ok) Object.assign(this, { received: true, appealing: false, message: "" });
    else this.message = outcome.code === "NO_NETWORK" ? t("no_network") : told("code", outcome.code);
    this.again();
  }
}
