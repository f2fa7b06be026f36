// Words, money and times in the page's language. All words come from /strings.json.
// A ?lang= in the address wins, then what was chosen on this device before, then Chinese.

const LANGUAGES = ["zh", "en"];
const root = document.documentElement;
const strings = await (await fetch("/strings.json")).json();

export function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage switched off: nothing is remembered
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // storage switched off: it holds until the page is closed
  }
}

function first() {
  const asked = new URLSearchParams(location.search).get("lang");
  return [asked, remembered("lang")].find((one) => LANGUAGES.includes(one)) ?? LANGUAGES[0];
}

let language = first();
root.lang = language === "zh" ? "zh-CN" : "en";

export const isChinese = () => language === "zh";

export function switchLanguage() {
  language = isChinese() ? "en" : "zh";
  root.lang = isChinese() ? "zh-CN" : "en";
  remember("lang", language);
}

export const has = (key) => key in strings[language];

export function t(key, values = {}) {
  const text = strings[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// The text of a key that may be unknown to this page, e.g. a notice of a newer engine.
export const told = (prefix, key) => t(has(`${prefix}_${key}`) ? `${prefix}_${key}` : `${prefix}_other`);

export const named = (thing) =>
  (isChinese() ? thing.name : thing.name_en || thing.name) || t("product_fallback");

const county = (tray) => (isChinese() ? tray.county : tray.county_en || tray.county);

const HAN = /\p{Script=Han}/u;

// The pack without its unit, the part before the slash; in English only where it needs no Chinese word.
export function pack(tray) {
  const [size] = tray.spec.split("/");
  return !isChinese() && HAN.test(size) ? "" : size;
}

// What one price is for: a bottle, a bag.
export const unit = (tray) => (isChinese() && tray.spec.split("/")[1]) || t("per_piece");

// Where it comes from and how much is in it, in one line.
export const origin = (tray) => [`${t("origin")} ${county(tray)}`, pack(tray)].filter(Boolean).join(" · ");

// Whole fen as ¥0.00: integer arithmetic only.
export function money(fen) {
  const whole = Math.abs(fen);
  const cents = String(whole % 100).padStart(2, "0");
  return `${fen < 0 ? "-" : ""}¥${(whole - (whole % 100)) / 100}.${cents}`;
}

const clock = new Intl.DateTimeFormat("sv-SE", {
  timeZone: root.dataset.timezone,
  year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

// 2026-11-23 14:05:09 at the counter, whatever zone the phone is in.
export const moment = (iso) => clock.format(new Date(iso));
export const minute = (iso) => moment(iso).slice(0, 16);
export const second = (iso) => moment(iso).slice(11);

// The catalogue's category → a drawing of icons.js.
export const pictures = strings.picture;
