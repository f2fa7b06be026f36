// What a price says besides its number: why it is lower, what it was before, what a reduction takes off.

import { h } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { isChinese, money, t } from "/static/text.js";

const SIGNS = { LIMITED_TIME: "wait", TIME_OF_DAY: "wait", NEAR_EXPIRY: "near", FULL_REDUCTION: "less" };

const called = (promotion) => (isChinese() ? promotion.zh : promotion.en || promotion.zh);

const tag = (promotion) =>
  promotion && h("span", { class: `promo ${promotion.kind}` }, sign(SIGNS[promotion.kind] ?? "less"), h("span", {}, called(promotion)));

// Why these goods cost less, and the reduction that they count for; null where there is neither.
export function promotions(tray) {
  const tags = [tag(tray.promotion), tag(tray.reduction)].filter(Boolean);
  return tags.length ? h("p", { class: "promos" }, tags) : null;
}

// The price of before, struck through: only where the counter says that it may be shown.
export const struck = (tray) =>
  tray.strike_fen === null || tray.strike_fen === undefined ? null
    : h("del", { class: "struck num" }, h("span", { class: "unseen" }, `${t("price_before")} `), money(tray.strike_fen));

// What a line comes to before its share of a reduction: that stands in a line of its own.
export const gross = (line) => line.amount_fen + (line.discount_fen ?? 0);

export function discount(visit) {
  if (!visit.discount_fen) return null;
  return h("p", { class: "discount" }, sign("less"),
    h("span", {}, visit.reduction ? called(visit.reduction) : t("discount")),
    h("strong", { class: "num" }, money(-visit.discount_fen)));
}
