// Building elements, and rebuilding a part of the page only when what it shows has changed.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const shown = new WeakMap();

// Replace what is in `place` by build(), unless `what` reads the same as last time.
export function show(place, what, build) {
  const print = JSON.stringify([document.documentElement.lang, what]);
  if (shown.get(place) === print) return;
  shown.set(place, print);
  place.replaceChildren(...[build()].flat(Infinity).filter(Boolean));
}

// 128 random bits as hex; works without https, where crypto.randomUUID is missing.
export function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
