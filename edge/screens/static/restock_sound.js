// Two short tones: something counted, something wrong. They say nothing that the page does not show.

import { remember, remembered } from "/static/text.js";

const TONES = { ok: [[880, 0, 0.09], [1320, 0.1, 0.12]], warn: [[330, 0, 0.18], [247, 0.22, 0.3]] };
const LOUD = 0.25;

let context = null;
let muted = remembered("muted") === "yes";

export const isMuted = () => muted;

export function mute(off) {
  muted = off;
  remember("muted", off ? "yes" : "no");
}

// A browser lets a page sound only after the first tap or key on it.
function wake() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
}
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake);

export function play(name) {
  document.dispatchEvent(new CustomEvent("tone", { detail: name }));
  if (muted || context?.state !== "running") return;
  for (const [hertz, after, length] of TONES[name]) {
    const [tone, loudness] = [context.createOscillator(), context.createGain()];
    const at = context.currentTime + after;
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(LOUD, at);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + length);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + length);
  }
}
