// The cabinet panel: draws /sim/state five times a second, sends /sim/act. Knows nothing the control port does not say.

import { WORDS } from "./words.js";

const EVERY_MS = 200;
const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  door_open: "M4 3h16v26H4z M20 3l8 4v22l-8-2z",
  door_closed: "M5 3h22v26H5z M22 15h3v5h-3z",
  bolt_locked: "M7 14h18v14H7z M10 14v-4a6 6 0 0 1 12 0v4",
  bolt_unlocked: "M7 14h18v14H7z M10 14V8a6 6 0 0 1 11-3",
  faults_none: "M4 16l8 8L28 7",
  faults_some: "M16 3l14 25H2z M16 12v8 M16 23v2",
};

const $ = (id) => document.getElementById(id);
let language = localStorage.getItem("language") === "en" ? "en" : "zh";
let words = WORDS[language];
let state = null;
let menu = [];
const trays = new Map();

// --- drawing: elements are made once, then only what changed is touched, so that focus stays where it is

function make(tag, className, parent) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (parent) parent.append(element);
  return element;
}

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function lamp(id, shape, label) {
  const item = $(id);
  if (item.dataset.shape !== shape) {
    item.dataset.shape = shape;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", SHAPES[shape]);
    item.querySelector("svg").replaceChildren(path);
  }
  text(item.querySelector("span"), label);
}

function nameOf(sku) {
  const product = state.products[sku];
  return product ? product[language] : sku;
}

function trayParts(tray) {
  if (trays.has(tray.id)) return trays.get(tray.id);
  const shelfId = `shelf-${tray.id.split("-")[0]}`;
  const shelf = $(shelfId) ?? Object.assign(make("div", "shelf", $("shelves")), { id: shelfId });
  const button = make("button", "tray", shelf);
  button.type = "button";
  const parts = { button, place: make("span", "place", button), name: make("span", "name", button),
    goods: make("span", "goods", button), count: make("span", "count", button),
    grams: make("span", "grams", button) };
  parts.goods.setAttribute("aria-hidden", "true");
  button.addEventListener("click", () => takeFrom(tray.id));
  trays.set(tray.id, parts);
  const option = make("option", "", $("tray"));
  option.value = option.textContent = tray.id;
  return parts;
}

// One mark a piece: the first planned product's, the second's, a stray's.
function markOf(tray, sku) {
  return ["piece", "piece second"][tray.skus.indexOf(sku)] ?? "piece other";
}

function drawTray(tray) {
  const parts = trayParts(tray);
  const lying = Object.entries(tray.goods);
  const pieces = lying.flatMap(([sku, count]) => Array(count).fill(markOf(tray, sku)));
  pieces.push(...tray.foreign.map(() => "piece alien"));
  const shown = pieces.join();
  if (parts.goods.dataset.shown !== shown) {
    parts.goods.dataset.shown = shown;
    parts.goods.replaceChildren(...pieces.map((className) => make("i", className)));
  }
  text(parts.place, tray.id);
  text(parts.name, tray.skus.map(nameOf).join(" / "));
  text(parts.count, notesOf(tray, lying).join(" · "));
  text(parts.grams, words.reads(tray.grams));
  parts.button.disabled = state.door !== "open" || pieces.length === 0;
}

function notesOf(tray, lying) {
  const planned = tray.skus.map((sku) => tray.goods[sku] ?? 0);
  const strays = lying.filter(([sku]) => !tray.skus.includes(sku));
  const notes = [lying.length ? planned.map(words.count).join(" + ") : words.empty];
  notes.push(...strays.map(([sku, count]) => `${nameOf(sku)} ${words.count(count)}`));
  if (tray.foreign.length) notes.push(words.foreign_count(tray.foreign.length));
  return notes;
}

function drawHand() {
  const chips = [];
  for (const [sku, count] of Object.entries(state.hand)) {
    for (let piece = 0; piece < count; piece += 1) chips.push({ sku, name: nameOf(sku) });
  }
  for (const grams of state.hand_foreign) chips.push({ grams, name: words.foreign_piece(grams) });
  const shown = JSON.stringify([language, state.door, chips]);
  const area = $("pieces");
  if (area.dataset.shown === shown) return;
  area.dataset.shown = shown;
  const buttons = chips.map((chip) => {
    const button = make("button", "chip");
    button.type = "button";
    button.textContent = chip.name;
    button.title = words.put_back_one;
    button.disabled = state.door !== "open";
    button.addEventListener("click", () => askWhere(chip));
    return button;
  });
  area.replaceChildren(...buttons);
  text($("hand-title"), `${words.hand_title} · ${words.count(chips.length)}`);
}

function drawFaults() {
  const area = $("faults");
  if (area.dataset.language !== language && menu.length) {
    area.dataset.language = language;
    area.replaceChildren(...menu.map(faultRow));
  }
  const tray = $("tray").value;
  for (const button of area.querySelectorAll("button")) {
    const on = state.faults_on.some((fault) =>
      fault.name === button.dataset.name && (!button.dataset.tray || fault.tray === tray));
    button.setAttribute("aria-checked", String(on));
    text(button.querySelector(".switch"), on ? words.on : words.off);
    if (button.dataset.tray) {
      const where = state.faults_on.filter((fault) => fault.name === button.dataset.name).map((fault) => fault.tray);
      text(button.querySelector(".where"), words.fault_tray(where.join(" ")));
    }
  }
}

function faultRow(entry) {
  const button = make("button", "fault");
  button.type = "button";
  button.setAttribute("role", "switch");
  button.dataset.name = entry.name;
  if (entry.tray) button.dataset.tray = "yes";
  make("span", "switch", button);
  const line = make("span", "line", button);
  make("span", "", line).textContent = entry[language];
  make("span", "where", line);
  button.addEventListener("click", () => {
    const act = { do: button.getAttribute("aria-checked") === "true" ? "clear" : "fault", name: entry.name };
    if (entry.tray) act.tray = $("tray").value;
    send(act);
  });
  return button;
}

function draw() {
  if (!state) return;
  $("cabinet").className = state.door;
  lamp("lamp-door", `door_${state.door}`, words[`door_${state.door}`]);
  lamp("lamp-bolt", `bolt_${state.bolt}`, words[`bolt_${state.bolt}`]);
  const broken = state.faults_on.length;
  lamp("lamp-faults", broken ? "faults_some" : "faults_none", broken ? words.faults_some(broken) : words.faults_none);
  const open = state.door === "open";
  text($("hint"), open ? words.take : words.closed_hint);
  text($("next"), open ? words.close_door : words.open_door);
  $("next").dataset.do = open ? "close_door" : "open_door";
  document.querySelector(".buttons [data-do=open_door]").classList.toggle("main", !open);
  document.querySelector(".buttons [data-do=close_door]").classList.toggle("main", open);
  state.trays.forEach(drawTray);
  drawHand();
  drawFaults();
}

function speak() {
  words = WORDS[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = words.title;
  for (const element of document.querySelectorAll("[data-word]")) text(element, words[element.dataset.word]);
  $("language").textContent = words.language;
  $("language").lang = language === "zh" ? "en" : "zh-CN";
  draw();
}

// --- acting

function say(message, bad) {
  text($("message"), message);
  $("message").className = bad ? "bad" : "";
}

async function send(act) {
  let answer;
  try {
    answer = await fetch("sim/act", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify(act) });
  } catch {
    say(words.lost, true);
    return false;
  }
  const body = await answer.json();
  if (!answer.ok) {
    say(words.refused[body.code] ?? words.failed + body.detail, true);
    return false;
  }
  state = body;
  say(words.done[act.do], false);
  draw();
  return true;
}

function takeFrom(id) {
  const tray = state.trays.find((one) => one.id === id);
  const kinds = Object.keys(tray.goods);
  if (!kinds.length) send({ do: "take", tray: id, grams: tray.foreign.at(-1) });
  else if (kinds.length === 1) send({ do: "take", tray: id, count: 1 });
  else askWhich(kinds, (sku) => send({ do: "take", tray: id, sku, count: 1 }));
}

// The dialog: a title, one button for each of `choices` ({label, main, then}), and one that leaves it.
function choose(title, leave, choices) {
  text($("where-title"), title);
  text($("never"), leave);
  $("places").replaceChildren(...choices.map(({ label, main, then }) => {
    const button = make("button", main ? "main" : "");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      $("where").close();
      then();
    });
    return button;
  }));
  $("where").showModal();
}

function askWhich(skus, then) {
  choose(words.which, words.leave, skus.map((sku) => ({ label: nameOf(sku), main: true, then: () => then(sku) })));
}

function askWhere(chip) {
  const home = (tray) => tray.skus.includes(chip.sku);
  const ordered = [...state.trays.filter(home), ...state.trays.filter((tray) => !home(tray))];
  const what = chip.sku ? { sku: chip.sku, count: 1 } : { grams: chip.grams };
  choose(words.where(chip.name), words.cancel, ordered.map((tray) => ({
    label: home(tray) ? `${tray.id} ${words.home}` : tray.id,
    main: home(tray),
    then: () => send({ do: "put_back", tray: tray.id, ...what }),
  })));
}

function restock() {
  const tray = state.trays.find((one) => one.id === $("tray").value);
  const put = (sku) => send({ do: "put", tray: tray.id, count: Number($("restock-count").value), sku });
  if (tray.skus.length > 1) askWhich(tray.skus, put);
  else put(tray.sku);
}

function onForm(id, act) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

for (const button of [...document.querySelectorAll(".buttons [data-do]"), $("next")]) {
  button.addEventListener("click", () => send({ do: button.dataset.do }));
}
onForm("lean", () => send({ do: "lean", tray: $("tray").value, grams: Number($("lean-grams").value),
  seconds: Number($("lean-seconds").value) }));
onForm("foreign", () => send({ do: "put", tray: $("tray").value, grams: Number($("foreign-grams").value) }));
onForm("restock", restock);
onForm("power", () => send({ do: "power_cut", seconds: Number($("power-seconds").value) }));
$("tray").addEventListener("change", draw);
$("never").addEventListener("click", () => $("where").close());
$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  say("", false);
  speak();
});

// --- looking

async function look() {
  try {
    if (!menu.length) menu = await (await fetch("sim/faults")).json();
    state = await (await fetch("sim/state")).json();
    if ($("message").textContent === words.lost) say("", false);
    draw();
  } catch {
    say(words.lost, true);
  }
  setTimeout(look, EVERY_MS);
}

speak();
look();
