// Sends what moves something. Each order has a key of its own, and is sent again under the same key for as long as
// nobody knows what became of it, so that it counts once however often it is sent.

const TRIES = 5;
const TIMEOUT_MS = 8_000;
const PAUSE_MS = [400, 800, 1600, 3200];
const UNDECIDED = new Set([502, 503, 504]);

/** A new key: 128 random bits. `crypto.randomUUID` is missing on pages that are not served securely. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Order {
  constructor(path, body) {
    this.path = path;
    this.body = JSON.stringify(body);
    this.key = newKey();
  }

  /** Send until it is decided. `{status, answer}`; `{status: 0, answer: null}` when the outcome stays unknown. */
  async send(onRetry = () => {}) {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const done = await this.once();
      if (done !== null && !this.isUndecided(done)) return done;
      if (attempt === TRIES - 1) return done ?? { status: 0, answer: null };
      onRetry(done);
      await new Promise((resume) => setTimeout(resume, PAUSE_MS[Math.min(attempt, PAUSE_MS.length - 1)]));
    }
    return { status: 0, answer: null };
  }

  isUndecided({ status, answer }) {
    return UNDECIDED.has(status) || answer?.code === "outcome_unknown" || answer?.code === "idempotency_in_progress";
  }

  async once() {
    try {
      const response = await fetch(this.path, {
        method: "POST",
        credentials: "same-origin",
        redirect: "error",
        headers: { "content-type": "application/json", accept: "application/json", "idempotency-key": this.key },
        body: this.body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: response.status, answer: await response.json() };
    } catch {
      return null; // no answer, or not a whole one: it may have been decided
    }
  }
}

/** Why something was refused, in both languages: the venue's own words for the code, or the answer's. */
export function problemWords(words, answer) {
  for (const kind of ["refusal", "answer"]) {
    const known = words(`${kind}:${answer?.code}`);
    if (known.childElementCount > 0) return known;
  }
  const fragment = document.createDocumentFragment();
  const english = document.createElement("span");
  english.className = "en";
  english.lang = "en";
  english.textContent = answer?.detail ?? "";
  fragment.append(answer?.detail_zh ?? answer?.code ?? "", " ", english);
  return fragment;
}
