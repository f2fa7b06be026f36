// Asking the counter for something, in one shape for every outcome: {ok, status, code, body}.

const TIMEOUT_MS = 8000;

export async function ask(path, body, key) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  const request = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, { ...request, signal: stop.signal, cache: "no-store" });
    const found = await response.json();
    return { ok: response.ok, status: response.status, code: found.code ?? "", body: found };
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError || error instanceof SyntaxError) {
      return { ok: false, status: 0, code: "NO_NETWORK", body: null };
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
