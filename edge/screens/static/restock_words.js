// What a tile means in words and signs, the same on the cabinet, the tile's sheet and the final sheet.

import { h } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { has, t } from "/static/text.js";

export const keyOf = (thing) => `${thing.tray} ${thing.sku}`;
export const grave = (tile) => tile.blocking.length > 0;

// The text of a key that may be unknown to this page, e.g. a problem of a newer counter.
export const said = (prefix, key, values = {}) => t(has(`${prefix}_${key}`) ? `${prefix}_${key}` : `${prefix}_other`, values);
export const problem = (code) => said("restock_problem", code);

// What to do about it. Grams stand here alone, so that who put it in recognises the wrong thing.
export function todo(code, tile) {
  const seen = tile?.seen_g ? t("restock_seen", { n: Math.round(tile.seen_g) }) : "";
  return said("restock_todo", code, { seen, capacity: tile?.capacity ?? "" }).trim();
}

// How near the end of the goods is: a level (the colour), a sign, a text.
export function expiry({ state, days_left: days, expires_on: day }) {
  if (state === "BLACK") return { level: "bad", picture: "cross", text: t(days !== null && days >= 0 ? "restock_blocked_lot" : "restock_expired") };
  if (state === "RED" || state === "YELLOW") {
    return { level: state === "RED" ? "bad" : "warned", picture: "warn", text: days === 0 ? t("restock_today") : t("restock_days", { n: days }) };
  }
  return day ? { level: "", picture: "tick", text: t("restock_fresh", { day }) } : null;
}

export const ENDING = ["BLACK", "RED", "YELLOW"];
export const endsSoon = (tile) => tile.before > 0 && ENDING.includes(tile.state);
export const byEnd = (one, other) => ENDING.indexOf(one.state) - ENDING.indexOf(other.state) || (one.days_left ?? 0) - (other.days_left ?? 0);

export const pill = (level, picture, text) => h("span", { class: `pill ${level}` }, sign(picture), h("span", {}, text));

// Redraw what `place` holds; the focus stays on the element that has the same id afterwards.
export function keepFocus(place, draw) {
  const id = place.contains(document.activeElement) ? document.activeElement.id : "";
  draw();
  if (!id || document.activeElement?.id === id) return;
  const again = document.getElementById(id);
  again?.focus({ preventScroll: true });
  if (again instanceof HTMLInputElement) again.setSelectionRange(again.value.length, again.value.length);
}

// A refusal, said with what to do; `prefix` first, where a page has better words than the API.
export function refusal(outcome, prefix = "restock_refused") {
  const { code } = outcome;
  if (code === "NO_NETWORK" || code === "TIMEOUT") return t("restock_no_answer");
  for (const key of [`${prefix}_${code}`, `restock_todo_${code}`, `code_${code}`]) if (has(key)) return t(key, { seen: "", capacity: "" });
  return t(`${prefix}_other`);
}
