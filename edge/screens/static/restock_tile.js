// One product on one tray, over the page: what is wrong there, and what a weight cannot know. Each save is one act.

import { h, show } from "/static/dom.js";
import { goods, sign } from "/static/icons.js";
import { isChinese, named, t } from "/static/text.js";
import { LotForm } from "/static/restock_lot.js";
import { stepper } from "/static/restock_steps.js";
import { expiry, keepFocus, keyOf, pill, problem, todo } from "/static/restock_words.js";

const PULLS = { EXPIRED: "day", DAMAGED: "broken", RECALLED: "recall", RETURNED: "back" };
const COUNTS = ["RECOUNTED", "PACK", "SCALE"];
const FEWER = ["MISCOUNT", "LOST", "DAMAGED"];
const MORE = ["MISCOUNT", "FOUND"];
const TABS = { count: "scale", lot: "day", pull: "off", stock: "list" };
const LOTS = ["LOT_MISSING", "BLOCK_WINDOW", "BLOCK_WINDOW_LOT", "PRODUCED_LATER", "EXPIRED"];
const OFFS = ["PULL_REASON_MISSING", "EXPIRED_LOT", "MORE_THAN_BOOKED", "RECALLED"];

const editable = (stage) => stage === "OPEN" || stage === "SHEET";

// The part of the sheet that settles the weightiest problem; nothing is changed before the door has opened.
function part(tile, stage, counting) {
  const [code] = tile.problems;
  if (!editable(stage)) return "info";
  if (counting || code === "REASON_MISSING") return "stock";
  if (LOTS.includes(code)) return "lot";
  return OFFS.includes(code) || (tile.pulled && !tile.pull_reason) ? "pull" : "count";
}

const booked = (tile) => tile.before - tile.pulled + tile.brought;

export class TileSheet {
  // act(body): posts it; gives what ask() gives.
  constructor(act) {
    this.act = act;
    this.tile = null;
    this.inside = h("div", { class: "sheet" });
    this.place = h("dialog", { class: "above", "aria-labelledby": "sheet-title" }, this.inside);
    this.place.addEventListener("close", () => { this.tile = null; });
    this.place.addEventListener("click", (event) => { if (event.target === this.place) this.place.close(); });
  }

  get isOpen() { return this.tile !== null; }
  close() { this.place.close(); }

  open(tile, stage, counting) {
    Object.assign(this, { tile, stage, tab: part(tile, stage, counting), message: "" });
    this.fresh();
    this.draw();
    this.place.showModal();
    this.place.scrollTop = 0;
  }

  // What was typed is kept while the scale goes on telling.
  update(tiles, stage) {
    if (!this.isOpen) return;
    const tile = tiles.find((one) => keyOf(one) === keyOf(this.tile));
    if (!tile || stage === "DONE") return this.close();
    const weighedOnly = this.count === (this.tile.typed ?? this.tile.weighed);
    const proposedOnly = this.stock === (this.tile.counted ?? this.tile.proposed ?? this.tile.now);
    if (editable(stage) !== editable(this.stage)) this.tab = part(tile, stage, false);
    Object.assign(this, { tile, stage });
    if (weighedOnly) this.count = tile.typed ?? tile.weighed;
    if (proposedOnly) this.stock = tile.counted ?? tile.proposed ?? tile.now;
    this.draw();
  }

  fresh() {
    const { tile } = this;
    Object.assign(this, { count: tile.typed ?? tile.weighed, stock: tile.counted ?? tile.proposed ?? tile.now, reason: tile.reason, pulled: null });
    this.lot = new LotForm(tile, () => this.draw());
  }

  draw() {
    const mine = [this.stage, this.tab, this.count, this.stock, this.reason, this.pulled, this.message, this.lot.state];
    keepFocus(this.inside, () => show(this.inside, [this.tile, mine, isChinese()], () => this.parts()));
  }

  set(changes) { Object.assign(this, changes); this.draw(); }

  parts() {
    const { tile } = this;
    return [
      h("header", {}, goods(tile), h("div", {}, h("p", { class: "num" }, t("tray", { tray: tile.tray })), h("h2", { id: "sheet-title" }, named(tile))),
        h("button", { type: "button", id: "close", class: "big", "aria-label": t("restock_close"), onclick: () => this.close() }, sign("cross"))),
      tile.problems.length ? h("ul", { class: "problems" }, tile.problems.map((code) =>
        h("li", { class: tile.blocking.includes(code) ? "bad" : "warned" }, sign("warn"), h("div", {}, h("strong", {}, problem(code)), h("p", {}, todo(code, tile)))))) : null,
      this.tab === "info" ? null : h("div", { class: "tabs", role: "group", "aria-labelledby": "sheet-title" }, Object.entries(TABS).map(([tab, picture]) =>
        h("button", { type: "button", id: `tab-${tab}`, class: "big", "aria-pressed": String(this.tab === tab), onclick: () => this.set({ tab, reason: tile.reason }) }, sign(picture), h("span", {}, t(`restock_tab_${tab}`))))),
      h("p", { class: "message", role: "alert" }, this.message ? [sign("warn"), h("span", {}, this.message)] : null),
      h("section", { class: `part ${this.tab}` }, this[`${this.tab}Part`]()),
    ];
  }

  infoPart() {
    const { tile } = this;
    const fact = (name, n) => h("div", {}, h("dt", {}, name), h("dd", { class: "num" }, String(n)));
    return [
      h("dl", { class: "facts" }, fact(t("restock_left"), tile.now), fact(t("restock_par"), tile.par), fact(t("restock_planned"), tile.wanted), fact(t("restock_capacity"), tile.capacity)),
      this.lots(),
      h("p", { class: "hint" }, t("restock_later_text")),
    ];
  }

  lots() {
    const { lots } = this.tile;
    return lots.length ? [h("h3", {}, t("restock_pull_lots")), h("ul", { class: "lots" }, lots.map((lot) => {
      const end = expiry(lot);
      return h("li", {}, h("span", { class: "num" }, lot.lot || t("restock_no_lot")), h("b", { class: "num" }, t("pieces", { n: lot.count })), end ? pill(end.level || "good", end.picture, end.text) : null);
    }))] : null;
  }

  countPart() {
    const { tile } = this;
    const unlike = tile.sure && this.count !== tile.weighed;
    return [
      h("h3", {}, t("restock_count_ask")),
      stepper("count", this.count, t("restock_count_ask"), (count) => this.set({ count })),
      h("p", { class: "hint" }, tile.sure ? t("restock_weighed", { n: tile.weighed }) : t("restock_scale_none")),
      unlike ? this.reasons(COUNTS, t("restock_why")) : null,
      h("div", { class: "ends" },
        tile.typed === null ? null : this.other("as-weighed", t("restock_as_weighed"), { do: "count", count: null }),
        this.save(() => ({ do: "count", count: tile.sure && !unlike ? null : this.count, reason: unlike ? this.reason : "" }), unlike && !this.reason)),
    ];
  }

  lotPart() {
    return [this.lot.parts(), h("div", { class: "ends" }, this.save(() => this.lot.act(this.tile)))];
  }

  pullPart() {
    const { tile } = this;
    const n = this.pulled ?? tile.pulled;
    const count = n === tile.pulled ? {} : { count: n };
    return [
      this.lots(),
      h("h3", {}, t("restock_pull_count")),
      stepper("pulled", n, t("restock_pull_count"), (pulled) => this.set({ pulled })),
      n ? h("h3", {}, t("restock_pull_ask")) : h("p", { class: "hint" }, t("restock_pull_none")),
      h("div", { class: "choices four" }, Object.entries(PULLS).map(([reason, picture]) =>
        h("button", { type: "button", id: `pull-${reason}`, class: "huge", disabled: n === 0, "aria-pressed": String(tile.pull_reason === reason), onclick: () => this.post({ do: "pull", reason, ...count }) },
          sign(picture), h("span", {}, t(`restock_reason_${reason}`))))),
    ];
  }

  stockPart() {
    const { tile } = this;
    const unlike = this.stock !== booked(tile);
    return [
      h("h3", {}, t("restock_stock_ask")),
      stepper("stock", this.stock, t("restock_stock_ask"), (stock) => this.set({ stock })),
      h("p", { class: "hint" }, `${t("restock_booked", { n: booked(tile) })} · ${tile.proposed === null ? t("restock_scale_none") : t("restock_scale", { n: tile.proposed })}`),
      unlike ? this.reasons(this.stock < booked(tile) ? FEWER : MORE, t("restock_why_stock")) : null,
      h("div", { class: "ends" },
        tile.counted === null ? null : this.other("no-stock", t("restock_stock_none"), { do: "stock", count: null }),
        this.save(() => ({ do: "stock", count: this.stock, reason: unlike ? this.reason : "" }), unlike && !this.reason)),
    ];
  }

  reasons(codes, question) {
    return [h("h3", {}, question), h("div", { class: "choices" }, codes.map((code) =>
      h("button", { type: "button", id: `reason-${code}`, class: "big", "aria-pressed": String(this.reason === code), onclick: () => this.set({ reason: code }) },
        this.reason === code ? sign("tick") : null, h("span", {}, t(`restock_reason_${code}`)))))];
  }

  other(id, text, body) { return h("button", { type: "button", id, class: "huge", onclick: () => this.post(body) }, text); }

  save(body, off = false) {
    return h("button", { type: "button", id: "save", class: "main huge", disabled: off, onclick: () => this.post(body()) }, sign("tick"), t("restock_save"));
  }

  async post(body) {
    const { tray, sku, typed } = this.tile;
    if (body.do === "count" && body.count === null && typed === null) return this.close(); // nothing was changed
    const words = await this.act({ ...body, tray, sku });
    if (words === "") return this.close();
    return this.set({ message: words });
  }
}

