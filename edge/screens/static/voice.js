// The counter's screen aloud: one sound for what happens, each once. A new one ends the one before; nothing queues.

import { isChinese, t } from "/static/text.js";

const { voice = "off", volume = "0.8" } = document.documentElement.dataset;
const STATES = { UNLOCKING: "welcome", OPEN: "open", SETTLED: "settled", EMPTY: "empty", REVIEW: "review", CANCELLED: "cancelled" };
const NOTICES = { door_long: "close_door", door_alarm: "door_long", latch: "close_door", misplaced: "wrong_place", foreign: "foreign" };

let playing = null;
let heard = null; // what was last said of the visit under way: state, notice, whether it is asked

// A voice that is on this machine: others would send the words away. null: there is none.
function localVoice() {
  const wanted = isChinese() ? "zh" : "en";
  return globalThis.speechSynthesis?.getVoices().find((one) => one.localService && one.lang.toLowerCase().startsWith(wanted)) ?? null;
}

function silence() {
  playing?.pause();
  playing = null;
  globalThis.speechSynthesis?.cancel();
}

function speak(key, by) {
  const words = new SpeechSynthesisUtterance(t(`voice_${key}`));
  Object.assign(words, { voice: by, lang: by.lang, volume: Number(volume) });
  speechSynthesis.speak(words);
}

// Say `key` now, whatever is being said. A browser that wants a tap first says nothing.
export function say(key) {
  if (voice === "off") return;
  document.dispatchEvent(new CustomEvent("voice", { detail: key }));
  silence();
  const by = voice === "speech" ? localVoice() : null;
  if (by) return speak(key, by);
  const sound = new Audio(`/voice/${isChinese() ? "zh" : "en"}/${key}`);
  sound.volume = Number(volume);
  playing = sound;
  sound.play().catch((error) => {
    if (!["NotAllowedError", "AbortError", "NotSupportedError"].includes(error.name)) throw error;
  });
}

// What of a visit is worth a sound, given what was heard of it before; null: nothing new.
function news(before, now) {
  if (now.asked && !before?.asked) return "ask";
  if (now.notice && now.notice !== before?.notice && NOTICES[now.notice] && !["SETTLED", "EMPTY", "REVIEW", "CANCELLED"].includes(now.state)) return NOTICES[now.notice];
  return now.state !== before?.state ? STATES[now.state] ?? null : null;
}

// Hear each value of the visit at the door, null: there is none. The first one after loading is not news.
let first = true;
export function hear(basket) {
  const now = basket && basket.kind === "BUY" ? { state: basket.state, notice: basket.notice, asked: basket.question !== null } : null;
  const key = now && !first ? news(heard, now) : null;
  first = false;
  heard = now;
  if (key) say(key);
}
