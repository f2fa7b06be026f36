// Lot number, day of production and end of what was brought to one tray, the last ones' to begin with.

import { h } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { t } from "/static/text.js";
import { later, today, wheels } from "/static/restock_steps.js";

const KEYS = ["1234567890", "QWERTYUIOP", "ASDFGHJKL-", "ZXCVBNM/."];
const LOT_MAX = 32;

export class LotForm {
  // again(): draw once more.
  constructor(tile, again) {
    this.again = again;
    this.life = tile.shelf_life_days;
    this.lot = tile.lot;
    this.produced = tile.produced_on ?? today();
    this.expires = tile.lot_expires_on ?? (this.life ? later(this.produced, this.life) : this.produced);
    this.by = this.first(tile);
    this.keys = false;
    this.input = h("input", { id: "lot", maxlength: LOT_MAX, value: this.lot, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", oninput: () => { this.lot = this.input.value.trim(); } });
  }

  // Where the end comes from: the shelf life, what was typed, or nowhere.
  first(tile) {
    if (tile.lot_expires_on === null) return this.life ? "life" : "none";
    return this.life && later(this.produced, this.life) === tile.lot_expires_on ? "life" : "hand";
  }

  get state() { return [this.produced, this.expires, this.by, this.keys]; }
  set(changes) { Object.assign(this, changes); this.again(); }
  end() { return { life: () => later(this.produced, this.life), hand: () => this.expires, none: () => null }[this.by](); }
  act({ tray, sku }) { return { do: "lot", tray, sku, lot: this.lot, produced_on: this.produced, expires_on: this.end() }; }

  write(lot) { this.lot = lot.slice(0, LOT_MAX); this.input.value = this.lot; }

  parts() {
    return [
      h("div", { class: "field" }, h("label", { for: "lot" }, t("restock_lot")), this.input,
        h("button", { type: "button", id: "lot-day", class: "big", onclick: () => this.write(this.produced.replaceAll("-", "")) }, sign("day"), t("restock_lot_day")),
        h("button", { type: "button", id: "lot-keys", class: "big", "aria-expanded": String(this.keys), onclick: () => this.set({ keys: !this.keys }) }, t("restock_lot_keys"))),
      this.keys ? this.board() : this.days(),
    ];
  }

  board() {
    const key = (label, press, name) => h("button", { type: "button", class: "key", "aria-label": name, onclick: press }, label);
    return h("div", { class: "keys", role: "group", "aria-label": t("restock_lot") }, KEYS.map((row, n) => h("div", { class: "keys-row" },
      [...row].map((one) => key(one, () => this.write(this.lot + one))),
      n === KEYS.length - 1 ? key("⌫", () => this.write(this.lot.slice(0, -1)), t("pin_delete")) : null)));
  }

  days() {
    const end = this.end();
    const choice = (by, text) => h("button", { type: "button", id: `by-${by}`, class: "big", "aria-pressed": String(this.by === by), onclick: () => this.set({ by }) },
      this.by === by ? sign("tick") : null, h("span", {}, text));
    return [
      h("h3", {}, t("restock_produced")),
      wheels("produced", this.produced, t("restock_produced"), (produced) => this.set({ produced })),
      h("h3", {}, t("restock_expires"), end ? h("strong", { class: "num", id: "end" }, ` ${end}`) : null),
      h("div", { class: "choices" }, this.life ? choice("life", t("restock_by_life", { n: this.life })) : null,
        choice("hand", t("restock_by_hand")), choice("none", t("restock_by_none"))),
      this.by === "hand" ? wheels("expires", this.expires, t("restock_expires"), (expires) => this.set({ expires })) : null,
    ];
  }
}
