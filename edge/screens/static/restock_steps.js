// Numbers and dates by large buttons: a stepper for pieces, three columns for a day. A keyboard works too.

import { h } from "/static/dom.js";
import { t } from "/static/text.js";

const MOST = 999;

function typed(input, value, set) {
  input.addEventListener("focus", () => input.select());
  input.addEventListener("input", () => { if (/^\d+$/.test(input.value)) set(Number(input.value)); });
  input.addEventListener("change", () => { input.value = String(value); }); // what was refused does not stay
  return input;
}

function number(id, value, label, set, move, range) {
  const input = h("input", { id, class: "num", inputmode: "numeric", autocomplete: "off", maxlength: 4, value: String(value), role: "spinbutton",
    "aria-label": label, "aria-valuenow": value, "aria-valuemin": range[0], "aria-valuemax": range[1] });
  input.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by) { event.preventDefault(); move(by); }
  });
  return typed(input, value, set);
}

// set(n): the number is n now.
export function stepper(id, value, label, set) {
  const to = (n) => set(Math.min(MOST, Math.max(0, n)));
  const step = (by) => h("button", { type: "button", id: `${id}${by < 0 ? "-less" : "-more"}${Math.abs(by)}`, class: "step", disabled: by < 0 && value === 0,
    "aria-label": t(by < 0 ? "restock_less" : "restock_plus", { n: Math.abs(by) }), onclick: () => to(value + by) },
    `${by < 0 ? "−" : "+"}${Math.abs(by) === 1 ? "" : Math.abs(by)}`);
  return h("div", { class: "stepper", role: "group", "aria-label": label },
    step(-5), step(-1), h("span", { class: "stepper-value" }, number(id, value, label, to, (by) => to(value + by), [0, MOST]), h("small", {}, t("restock_pieces"))), step(1), step(5));
}

const at = (iso) => { const [y, m, d] = iso.split("-").map(Number); return { y, m, d }; };
const daysIn = (y, m) => new Date(Date.UTC(y, m, 0)).getUTCDate();
const two = (n) => String(n).padStart(2, "0");
const iso = ({ y, m, d }) => `${String(y).padStart(4, "0")}-${two(m)}-${two(Math.min(d, daysIn(y, m)))}`;

export function later(day, days) {
  const { y, m, d } = at(day);
  return new Date(Date.UTC(y, m - 1, d + days)).toISOString().slice(0, 10);
}

const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: document.documentElement.dataset.timezone });
export const today = () => clock.format(new Date());

// A day as three columns, each with a button up and one down. Days and months run round, years do not.
export function wheels(id, day, label, set) {
  const now = at(day);
  const round = (n, most) => ((n - 1 + most) % most) + 1;
  const columns = [
    ["y", t("restock_year"), [2000, 2099], (by) => ({ ...now, y: now.y + by })],
    ["m", t("restock_month"), [1, 12], (by) => ({ ...now, m: round(now.m + by, 12) })],
    ["d", t("restock_day"), [1, daysIn(now.y, now.m)], (by) => ({ ...now, d: round(now.d + by, daysIn(now.y, now.m)) })],
  ];
  return h("div", { class: "wheels", role: "group", "aria-label": label }, columns.map(([part, name, [least, most], moved]) => {
    const move = (by) => { const next = moved(by); if (next[part] >= least && next[part] <= most) set(iso(next)); };
    const button = (by, way) => h("button", { type: "button", id: `${id}-${part}-${way}`, class: "step", "aria-label": t(by > 0 ? "restock_later" : "restock_earlier", { what: name }), onclick: () => move(by) }, by > 0 ? "▲" : "▼");
    const write = (n) => { if (n >= least && n <= most && String(n).length >= (part === "y" ? 4 : 1)) set(iso({ ...now, [part]: n })); };
    return h("div", { class: "wheel" }, button(1, "up"),
      h("span", { class: "wheel-value" }, number(`${id}-${part}`, now[part], `${label} ${name}`, write, move, [least, most]), h("small", {}, name)), button(-1, "down"));
  }));
}
