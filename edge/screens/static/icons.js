// Simple pictures, drawn here: one per category of goods, the three steps, and a few signs.

import { svg } from "/static/dom.js";
import { pictures } from "/static/text.js";

const path = (d, more = {}) => svg("path", { d, ...more });
const SOFT = { class: "soft" };

const DRAWINGS = {
  water: () => [path("M25 8h14v8c0 4 5 6 5 13v23a4 4 0 0 1-4 4H24a4 4 0 0 1-4-4V29c0-7 5-9 5-13z"), path("M20 34h24v12H20z", SOFT), path("M25 14h14")],
  tea: () => [path("M14 24h30v14a14 14 0 0 1-14 14h-2a14 14 0 0 1-14-14z", SOFT), path("M44 27h4a6 6 0 0 1 0 13h-5M10 56h38"), path("M23 18c-3-4 3-6 0-10M34 18c-3-4 3-6 0-10")],
  bottle: () => [path("M27 6h10v12l7 9v25a4 4 0 0 1-4 4H24a4 4 0 0 1-4-4V27l7-9z"), path("M20 32h24v16H20z", SOFT), path("M27 11h10")],
  can: () => [path("M19 12c0-6 26-6 26 0v40c0 6-26 6-26 0z"), path("M19 24h26v18H19z", SOFT), path("M19 12c0 5 26 5 26 0")],
  noodles: () => [path("M10 34h44c0 12-8 20-22 20s-22-8-22-20z", SOFT), path("M20 34c0-8 6-8 6-16M30 34c0-8 6-8 6-16M40 34c0-7 4-8 4-14M16 12l40-4M16 18l40-1")],
  mushroom: () => [path("M8 32C8 18 18 10 32 10s24 8 24 22c-8 4-40 4-48 0z", SOFT), path("M25 35c1 9-1 13-2 19h18c-1-6-3-10-2-19"), path("M22 22h4M36 18h5M42 27h4")],
  nut: () => [path("M32 8c16 0 22 12 22 24S46 56 32 56 10 44 10 32 16 8 32 8z", SOFT), path("M32 8v48M24 18c-6 8-6 20 0 28M40 18c6 8 6 20 0 28")],
  honey: () => [path("M16 22h32l2 28a6 6 0 0 1-6 6H20a6 6 0 0 1-6-6z"), path("M15 32h34l1 16H14z", SOFT), path("M14 12h36v10H14z"), path("M32 34v6")],
  rice: () => [path("M18 14c8 6 20 6 28 0l6 34c1 6-2 8-6 8H18c-4 0-7-2-6-8z"), path("M15 32h34l2 14H13z", SOFT), path("M20 14c-2-4 0-6 4-6h16c4 0 6 2 4 6")],
  soap: () => [svg("rect", { x: 8, y: 26, width: 48, height: 28, rx: 9, class: "soft" }), path("M20 40h24"), svg("circle", { cx: 20, cy: 14, r: 5 }), svg("circle", { cx: 34, cy: 10, r: 3 }), svg("circle", { cx: 42, cy: 17, r: 4 })],
  silk: () => [path("M8 26c8-6 40-6 48 0 2 14-6 20-13 20-6 0-7-7-11-7s-5 7-11 7c-7 0-15-6-13-20z", SOFT), path("M16 32c4-2 8-2 11 0M37 32c3-2 7-2 11 0M8 28l-4-6M56 28l4-6")],
  egg: () => [path("M32 8c9 0 17 14 17 27a17 17 0 0 1-34 0C15 22 23 8 32 8z", SOFT), path("M24 26c1-4 3-7 5-8")],
  fruit: () => [svg("circle", { cx: 32, cy: 36, r: 20, class: "soft" }), path("M32 16c0-5 3-8 8-9M32 16c-5-4-10-3-12 0 4 3 9 3 12 0z")],
  meat: () => [path("M14 36c0-14 12-26 26-26 10 0 14 8 12 16-3 12-14 26-28 26-6 0-10-6-10-16z", SOFT), svg("circle", { cx: 40, cy: 22, r: 6 }), path("M20 42c4 2 8 0 12-4")],
  fish: () => [path("M8 32c10-14 28-16 38-4l10-8v24l-10-8C36 48 18 46 8 32z", SOFT), svg("circle", { cx: 20, cy: 29, r: 2 }), path("M30 22c4 6 4 14 0 20")],
  pepper: () => [path("M24 18c14-2 24 4 26 16 1 8-2 14-6 20 0-12-6-18-16-20-6-2-8-12-4-16z", SOFT), path("M24 18c-2-4-2-8 2-11")],
  cake: () => [path("M12 30h40v20a4 4 0 0 1-4 4H16a4 4 0 0 1-4-4z", SOFT), path("M12 30c0-12 8-18 20-18s20 6 20 18M12 40h40")],
  box: () => [path("M8 22l24-12 24 12v22L32 56 8 44z", SOFT), path("M8 22l24 12 24-12M32 34v22")],
};

const framed = (name, ...parts) => svg("svg", { viewBox: "0 0 64 64", class: `icon icon-${name}`, "aria-hidden": "true" }, ...parts);

export function goods(tray) {
  const found = pictures[tray.category] ?? "box";
  return framed(found, ...DRAWINGS[found]());
}

const SIGNS = {
  scan: () => [svg("rect", { x: 20, y: 6, width: 24, height: 52, rx: 5, class: "soft" }), path("M28 12h8M26 24h5v5h-5zM34 24h4M34 30h4v4M26 35h4v4M34 39h4")],
  take: () => [svg("rect", { x: 8, y: 6, width: 34, height: 52, rx: 3 }), path("M8 24h34M8 40h34M42 6l14 6v50l-14-4", SOFT), path("M14 16h5v8h-5zM26 14h6v10h-6zM15 32h6v8h-6z")],
  close: () => [svg("rect", { x: 10, y: 6, width: 44, height: 52, rx: 3, class: "soft" }), path("M46 28v10M22 33l7 7 12-15")],
  done: () => [svg("circle", { cx: 32, cy: 32, r: 26, class: "soft" }), path("M20 33l9 9 16-19")],
  wait: () => [svg("circle", { cx: 32, cy: 32, r: 26, class: "soft" }), path("M32 16v16l11 8")],
  warn: () => [path("M32 8l28 48H4z", SOFT), path("M32 24v16M32 46v3")],
  stop: () => [svg("circle", { cx: 32, cy: 32, r: 26, class: "soft" }), path("M16 48L48 16")],
  door: () => [svg("rect", { x: 10, y: 6, width: 28, height: 52, rx: 3 }), path("M38 6l16-3v58l-16-3z", SOFT), path("M43 34v5")],
  price: () => [path("M8 30V8h22l26 26-22 22z", SOFT), svg("circle", { cx: 20, cy: 20, r: 4 }), path("M30 36l8-8")],
  hygiene: () => [path("M32 6c10 14 18 22 18 34a18 18 0 0 1-36 0C14 28 22 20 32 6z", SOFT), path("M24 42c1 5 4 7 8 8")],
  adult: () => [svg("circle", { cx: 32, cy: 32, r: 26, class: "soft" }), path("M18 24l4-3v22M32 21c-8 0-8 10 0 10s8-10 0-10zM32 31c-9 0-9 12 0 12s9-12 0-12zM44 32h10M49 27v10")],
  near: () => [path("M18 8h28M18 56h28M22 8c0 14 20 14 20 24S22 42 22 56M42 8c0 14-20 14-20 24s20 10 20 24"), path("M24 54c2-8 14-8 16 0z", SOFT)],
  less: () => [path("M8 10h22l26 26-20 20L10 30z", SOFT), svg("circle", { cx: 20, cy: 21, r: 3 }), path("M26 36h16")],
  nothing: () => [path("M10 22h44l-5 32H15z", SOFT), path("M22 22c0-14 20-14 20 0")],
  badge: () => [svg("rect", { x: 12, y: 20, width: 40, height: 38, rx: 4, class: "soft" }), path("M24 20L20 4M40 20l4-16M26 14h12v10H26z"), svg("circle", { cx: 32, cy: 36, r: 6 }), path("M21 54c2-12 20-12 22 0")],
  person: () => [svg("circle", { cx: 32, cy: 20, r: 12, class: "soft" }), path("M8 58c2-30 46-30 48 0z", SOFT)],
  fill: () => [path("M10 30h44v26H10z", SOFT), path("M32 4v18M23 14l9 9 9-9M10 42h44")],
  off: () => [path("M10 34h44v22H10z", SOFT), path("M32 26V6M23 14l9-9 9 9M10 45h44")],
  tick: () => [path("M12 34l14 14 26-32")],
  cross: () => [path("M14 14l36 36M50 14L14 50")],
  scale: () => [path("M8 52h48M14 52V40h36v12", SOFT), path("M10 30h44M32 30v10"), path("M22 30V12h20v18")],
  list: () => [svg("rect", { x: 12, y: 8, width: 40, height: 50, rx: 4, class: "soft" }), path("M24 4h16v10H24zM20 28l4 4 6-8M36 29h10M20 44l4 4 6-8M36 45h10")],
  day: () => [svg("rect", { x: 8, y: 14, width: 48, height: 42, rx: 4, class: "soft" }), path("M8 26h48M20 6v14M44 6v14M20 36h6M30 36h6M40 36h6M20 46h6M30 46h6")],
  broken: () => [path("M14 18c12-8 24-8 36 0l-6 38H20z", SOFT), path("M32 14l-6 12 10 8-6 10 4 12")],
  recall: () => [path("M12 24v-8l-8 10 8 10v-6h28a12 12 0 0 1 0 24H16", SOFT)],
  back: () => [path("M28 14L10 32l18 18M10 32h44")],
  print: () => [path("M16 24V6h32v18M16 46H8V24h48v22h-8"), svg("rect", { x: 16, y: 38, width: 32, height: 20, class: "soft" })],
  sound: () => [path("M8 24h12l16-14v44L20 40H8z", SOFT), path("M44 22c6 6 6 14 0 20M50 14c11 11 11 25 0 36")],
  mute: () => [path("M8 24h12l16-14v44L20 40H8z", SOFT), path("M44 24l14 16M58 24L44 40")],
};

export const sign = (name) => framed(name, ...SIGNS[name]());
