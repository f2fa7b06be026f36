// Large type: bigger letters and fewer things, remembered on this device until it is switched back.

import { h } from "/static/dom.js";
import { isChinese, remember, remembered, switchLanguage, t } from "/static/text.js";

const root = document.documentElement;
root.classList.toggle("big", remembered("big") === "yes");

export const isLarge = () => root.classList.contains("big");

function resize() {
  const large = root.classList.toggle("big");
  remember("big", large ? "yes" : "no");
}

// The two switches of every page. changed(): draw the page again.
export function switches(changed) {
  return [
    h("button", { id: "big", type: "button", "aria-pressed": String(isLarge()), onclick: () => { resize(); changed(); } }, t(isLarge() ? "big_off" : "big_on")),
    h("button", { id: "language", class: "language", type: "button", lang: isChinese() ? "en" : "zh-CN", onclick: () => { switchLanguage(); changed(); } }, t("language_other")),
  ];
}
