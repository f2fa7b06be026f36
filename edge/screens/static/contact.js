// Who answers for the counter: operator, filing, licences, hotline, complaints. What is missing is said to be missing.

import { ask } from "/static/ask.js";
import { h } from "/static/dom.js";
import { sign } from "/static/icons.js";
import { isLarge } from "/static/elder.js";
import { t } from "/static/text.js";

const AGAIN_MS = 30_000;
const HOURLY_MS = 3_600_000; // a filing lapses at midnight

let known = null;

export const contact = () => known;

// Calls changed() when the contact is known, and again when it reads otherwise.
export async function followContact(changed) {
  const found = await ask("/api/v1/contact");
  const told = found.ok && JSON.stringify(found.body) !== JSON.stringify(known);
  if (told) {
    known = found.body;
    changed();
  }
  setTimeout(() => followContact(changed), found.ok ? HOURLY_MS : AGAIN_MS);
}

const said = (value) => value || t("unregistered");

function filing() {
  if (!known.filing_no) return t("unregistered");
  if (!known.filing_valid_to) return known.filing_no;
  const until = t(known.filing_lapsed ? "filing_lapsed" : "filing_until", { day: known.filing_valid_to });
  return [known.filing_no, known.filing_lapsed ? h("strong", { class: "lapsed" }, sign("warn"), until) : h("span", {}, ` (${until})`)];
}

// [name, value] of all that is to be shown, the calls first. In large type only whom to call and who answers.
export function contactRows() {
  if (known === null) return [];
  const rows = [
    [t("hotline"), h("strong", { class: "num" }, known.hotline)],
    [t("complaint_line"), h("strong", { class: "num" }, said(known.complaint_line))],
    [t("operator"), said(known.operator)],
    [t("filing_no"), filing()],
    [t("licence_note"), said(known.licence_note)],
  ];
  return isLarge() ? rows.slice(0, known.filing_lapsed ? 4 : 3) : rows;
}

export const underAge = (trays) => trays.some((tray) => tray.age_restricted)
  ? h("p", { class: "under-age" }, sign("adult"), h("span", {}, t("under_age"))) : null;
