// Follows a stream of server-sent events. Reads it by fetch, not EventSource, because only so can it
// see the server's comments: 5 s without any byte means that the connection is lost, whatever TCP says.

const SILENT_MS = 5000;
const AGAIN_MS = 1000;
const GONE = [401, 404]; // not for this page any more, or not there
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function data(block) {
  const lines = block.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length ? JSON.parse(lines.map((line) => line.slice(5).trimStart()).join("\n")) : null;
}

async function read(url, stop, onValue, onHeard) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENT_MS);
  stop.addEventListener("abort", () => silent.abort(), { once: true });
  try {
    const response = await fetch(url, { signal: silent.signal, cache: "no-store" });
    if (!response.ok) return response.status;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return 0;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENT_MS);
      onHeard();
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      blocks.map(data).filter((found) => found !== null).forEach((found) => onValue(found));
    }
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) return 0; // aborted, or no network
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

// Call onValue with each value of `url`, onLost(true|false) as the connection goes and comes,
// onGone() once when the server says that there is no such thing, or that it is not for this page. Returns a function that stops it.
export function follow(url, onValue, onLost, onGone = () => {}) {
  const stop = new AbortController();
  const address = `${url}${url.includes("?") ? "&" : "?"}beat=2`;
  (async () => {
    while (!stop.signal.aborted) {
      const status = await read(address, stop.signal, onValue, () => onLost(false));
      if (stop.signal.aborted) return;
      if (GONE.includes(status)) return onGone();
      onLost(true);
      await wait(AGAIN_MS);
    }
  })();
  return () => stop.abort();
}

const band = document.getElementById("lost");
const lost = new Set();

// One notice for all streams of the page: shown while any of them is lost.
export const lostBand = (name) => (isLost) => {
  if (isLost) lost.add(name);
  else lost.delete(name);
  band.hidden = lost.size === 0;
};
