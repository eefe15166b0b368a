// Hands in a sealed bid (密封报价) that the bidder's own client made. The page never learns the amount: what is not an
// envelope, an amount typed by mistake above all, is not sent.

import { Order } from "./orders.js";
import { Sender } from "./sender.js";

const ENVELOPE = /^lsb1\.[a-z0-9-]{1,32}\.[\w-]{22}\.[\w-]{43}\.[\w-]{300,8000}$/;
const FILE_MAX = 16_384;

/** The envelope in what the client printed (`{"envelope": "..."}`) or in the bare text; null if there is none. */
export function envelopeIn(text) {
  let found = text.trim();
  if (found.startsWith("{")) {
    try {
      found = String(JSON.parse(found).envelope ?? "").trim();
    } catch {
      return null;
    }
  }
  return ENVELOPE.test(found) ? found : null;
}

export class SealDesk extends Sender {
  constructor(element, { words, onDecided }) {
    super(element, { words, onDecided });
    this.form = element.querySelector('[data-form="seal"]');
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.form.elements.file.addEventListener("change", () => this.read());
  }

  draw(state) {
    const isOver = state.final || state.status === "closed" || state.status === "cancelled";
    this.form.hidden = isOver;
    const isShut = this.isBusy || this.unknown !== null || state.status !== "open";
    this.form.querySelector("button").disabled = isShut;
  }

  async read() {
    const [file] = this.form.elements.file.files;
    if (file === undefined) return;
    this.form.elements.envelope.value = file.size > FILE_MAX ? "" : await file.text();
  }

  noteBid() {}

  async submit(event) {
    event.preventDefault();
    const envelope = envelopeIn(this.form.elements.envelope.value);
    if (envelope === null) return this.say("stop", "answer:envelope_unreadable");
    await this.send(new Order(this.form.dataset.path, { envelope }), (decision) => {
      this.form.reset();
      this.say("good", "answer:sealed", "", decision);
    });
  }
}
