// What this phone remembers: the token just scanned, the visit under way, past orders, the account.
// The token and the visit live as long as the tab; orders and the account's name stay on the phone.

import { remember, remembered } from "/static/text.js";

const ORDERS_KEPT = 20;

function tab(key, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(key);
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // storage switched off: a reload asks for a new scan
  }
  return null;
}

// Take the token out of the address, so that it is neither shared nor kept in the history.
export function scanned() {
  const address = new URL(location.href);
  const token = address.searchParams.get("t");
  if (token) {
    tab("token", token);
    tab("visit", null);
    address.searchParams.delete("t");
    history.replaceState(null, "", address);
  }
  return token ?? tab("token");
}

export const tokenSpent = () => tab("token", null);
export const visit = () => tab("visit");
export const keepVisit = (session) => tab("visit", session);

export function orders() {
  try {
    const found = JSON.parse(remembered("orders") ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return []; // somebody else's text under our key
  }
}

export const keepOrder = (session) =>
  remember("orders", JSON.stringify([{ session, at: new Date().toISOString() }, ...orders()].slice(0, ORDERS_KEPT)));

export const account = () => remembered("account") ?? "";
export const keepAccount = (login) => remember("account", login);
