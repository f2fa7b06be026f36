// The counter's screen aloud: one sound for what happens, each once. A new one ends the one before; nothing queues.

import { isChinese, t } from "/static/text.js";

const site = document.documentElement.dataset; // voice: off | on | speech; volume: 0 to 1
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
  Object.assign(words, { voice: by, lang: by.lang, volume: Number(site.volume) });
  speechSynthesis.speak(words);
}

// Say `key` now, whatever is being said; false: this site has no voice. A browser that wants a tap first says nothing.
export function say(key) {
  if ((site.voice ?? "off") === "off") return false;
  document.dispatchEvent(new CustomEvent("voice", { detail: key }));
  silence();
  const by = site.voice === "speech" ? localVoice() : null;
  if (by) {
    speak(key, by);
    return true;
  }
  const sound = new Audio(`/voice/${isChinese() ? "zh" : "en"}/${key}`);
  sound.volume = Number(site.volume);
  playing = sound;
  sound.play().catch((error) => {
    if (!["NotAllowedError", "AbortError", "NotSupportedError"].includes(error.name)) throw error;
  });
  return true;
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
