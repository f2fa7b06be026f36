// The cabinet as a picture: shelves from the top, trays from the left, a button for each product on a tray.

import { h, show } from "/static/dom.js";
import { goods, sign } from "/static/icons.js";
import { isChinese, named, t } from "/static/text.js";
import { isMuted, play } from "/static/restock_sound.js";
import { endsSoon, expiry, grave, keyOf, pill, problem } from "/static/restock_words.js";
import { say } from "/static/voice.js";

// What a site with a voice has said aloud in place of the tone.
const SPOKEN = { WRONG_GOODS: "restock_wrong_goods", OVER_CAPACITY: "restock_over_capacity" };

const place = (tray) => tray.split("-").map(Number);
const first = (one, other) => place(one)[0] - place(other)[0] || place(one)[1] - place(other)[1] || one.localeCompare(other);

// Shelf → tray → its products, as they stand in the real cabinet.
function shelves(tiles) {
  const found = new Map();
  for (const tile of tiles.toSorted((one, other) => first(one.tray, other.tray))) {
    const [shelf] = place(tile.tray);
    const trays = found.get(shelf) ?? found.set(shelf, new Map()).get(shelf);
    trays.set(tile.tray, [...(trays.get(tile.tray) ?? []), tile]);
  }
  return found;
}

// How a tile stands out: bad, warned, need, full, pale.
function standing(tile, isList, counting) {
  if (!tile.in_service) return "pale";
  if (counting) return tile.counted === null ? "need" : "full";
  const end = isList && endsSoon(tile) ? expiry(tile).level : "";
  if (grave(tile) || end === "bad") return "bad";
  if (tile.problems.length || end === "warned") return "warned";
  if (tile.wanted > tile.brought) return "need";
  return tile.wanted > 0 || tile.brought > 0 ? "full" : "pale";
}

export class Cabinet {
  // open(tile): its button was pressed.
  constructor(open) {
    Object.assign(this, { open, buttons: new Map(), before: new Map(), layout: "" });
    this.heard = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
    this.picture = h("ol", { class: "cabinet" });
    this.place = h("section", { class: "picture" }, this.picture, this.heard);
  }

  draw(view, counting) {
    const layout = JSON.stringify([view.tiles.map(keyOf), isChinese()]);
    if (layout !== this.layout) this.build(view.tiles, layout);
    this.picture.setAttribute("aria-label", t("restock_cabinet"));
    const isList = view.stage === "LIST";
    for (const tile of view.tiles) {
      const button = this.buttons.get(keyOf(tile));
      button.className = `cell ${standing(tile, isList, counting)}${tile.moving ? " moving" : ""}`;
      show(button, [tile, isList, counting], () => this.parts(tile, isList, counting));
    }
    if (!isList && !counting) this.tell(view.tiles);
    this.before = new Map(view.tiles.map((tile) => [keyOf(tile), tile]));
  }

  build(tiles, layout) {
    this.layout = layout;
    this.buttons = new Map(tiles.map((tile) => [keyOf(tile), h("button", { type: "button", "data-tray": tile.tray, "data-sku": tile.sku, onclick: () => this.open(keyOf(tile)) })]));
    this.picture.replaceChildren(...[...shelves(tiles)].map(([shelf, trays]) =>
      h("li", { "aria-label": t("restock_shelf", { n: shelf }) }, h("ol", { class: `shelf of-${trays.size}` },
        [...trays.values()].map((found) => h("li", { class: found.length > 1 ? "shared" : "" }, found.map((tile) => this.buttons.get(keyOf(tile)))))))));
  }

  // By sound and to a screen reader: a tray has come to rest with another number, or has a new problem.
  tell(tiles) {
    const lines = [];
    let tone = "";
    let spoken = "";
    for (const tile of tiles) {
      const old = this.before.get(keyOf(tile));
      if (!old) continue;
      const fresh = tile.problems.filter((code) => !old.problems.includes(code));
      spoken ||= fresh.map((code) => SPOKEN[code]).find(Boolean) ?? "";
      if (fresh.length) tone = tile.blocking.some((code) => fresh.includes(code)) ? "warn" : tone || "ok";
      else if (!tile.moving && tile.now > old.now) tone ||= "ok";
      if (fresh.length || (!tile.moving && (tile.now !== old.now || old.moving))) {
        lines.push([t("restock_said", { name: named(tile), n: tile.now, par: tile.par }), ...tile.problems.map(problem)].join(". "));
      }
    }
    if (tone && !(spoken && !isMuted() && say(spoken))) play(tone);
    if (lines.length) this.heard.replaceChildren(lines.join("; "));
  }

  parts(tile, isList, counting) {
    return h("span", { class: "cell-in" },
      h("span", { class: "cell-head at num" }, tile.tray),
      h("span", { class: "cell-what" }, goods(tile), h("strong", {}, named(tile))),
      isList && tile.wanted && tile.source ? h("span", { class: "source" }, t("restock_from", { node: tile.source })) : null,
      counting ? this.taking(tile) : this.amount(tile, isList),
      counting || !tile.in_service ? null : h("span", { class: "cell-foot" }, this.signs(tile, isList)),
      tile.in_service ? null : pill("", "stop", t("restock_idle_tray")));
  }

  amount(tile, isList) {
    const moved = !isList && tile.now !== tile.before;
    return h("span", { class: "amount num" },
      moved ? [h("span", { class: "was" }, String(tile.before)), h("span", { class: "arrow", "aria-hidden": "true" }, "→")] : null,
      h("b", {}, String(tile.now)), h("small", {}, ` / ${tile.par}`));
  }

  taking(tile) {
    const off = tile.counted !== null && tile.counted !== tile.now;
    return h("span", { class: "taking num" }, h("span", {}, t("restock_booked", { n: tile.before - tile.pulled + tile.brought })),
      h("b", {}, tile.proposed === null ? t("restock_scale_none") : t("restock_scale", { n: tile.proposed })),
      tile.counted === null ? null : pill(off ? "warned" : "good", "tick", t("restock_counted", { n: tile.counted })),
      tile.counted === null || !tile.problems.length ? null : pill("bad", "warn", problem(tile.problems[0])));
  }

  signs(tile, isList) {
    if (tile.moving) return h("span", { class: "pill weighing" }, sign("scale"), h("span", {}, t("restock_moving")));
    const end = isList ? expiry(tile) : null;
    const wrong = tile.problems[0];
    return [
      wrong ? pill(grave(tile) ? "bad" : "warned", "warn", problem(wrong)) : this.progress(tile, isList),
      tile.pulled ? pill("", "off", t("restock_out", { n: tile.pulled })) : null,
      end && tile.before > 0 ? pill(end.level || "fresh", end.picture, end.text) : null,
    ];
  }

  progress(tile, isList) {
    const missing = tile.wanted - tile.brought;
    if (missing > 0) return pill("warned add", "fill", t(isList ? "restock_add" : "restock_more", { n: missing }));
    if (tile.now >= tile.par) return pill("good", "tick", t(isList ? "restock_enough" : "restock_full"));
    return isList ? pill("good", "tick", t("restock_enough")) : null;
  }
}
