// Keeps the page current: the server renders, this script only puts the new picture in place.

const parts = document.getElementById("parts");
const lost = document.getElementById("lost");
let newest = newestShown();
let running = false;
let again = false;
const REST = 9; // times as long as an answer took the page rests: many open pages over many counters stay cheap
const LONGEST_REST_MS = 3_000;

function newestShown() {
  return Math.max(0, ...[...parts.querySelectorAll("[data-sale]")].map((each) => Number(each.dataset.sale)));
}

async function refresh() {
  if (parts.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) {
    return; // somebody writes there: what he writes is not taken from him
  }
  if (running) {
    again = true;
    return;
  }
  running = true;
  const asked = performance.now();
  try {
    const answer = await fetch(parts.dataset.url);
    if (answer.status === 401) {
      location.reload(); // the login has ended: the page leads to a new one
    } else if (answer.ok) {
      parts.innerHTML = await answer.text();
      for (const each of parts.querySelectorAll("[data-sale]")) {
        each.classList.toggle("new", Number(each.dataset.sale) > newest);
      }
      newest = newestShown();
    }
  } catch {
    lost.hidden = false; // the stream's own error may come later than a failed fetch
  } finally {
    setTimeout(rested, Math.min(REST * (performance.now() - asked), LONGEST_REST_MS));
  }
}

function rested() {
  running = false;
  if (again) {
    again = false;
    refresh();
  }
}

const live = new EventSource(parts.dataset.live);
live.addEventListener("open", () => {
  lost.hidden = true;
  refresh();
});
live.addEventListener("error", () => {
  lost.hidden = false;
});
live.addEventListener("sale", refresh);
live.addEventListener("changed", refresh);
setInterval(refresh, 60_000); // the cut-off time and the change of day
