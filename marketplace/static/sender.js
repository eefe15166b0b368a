// Sends an order of this visitor's and says what became of it: what the bidder's forms share.

import { money } from "./money.js";
import { problemWords } from "./orders.js";

export class Sender {
  constructor(element, { words, onDecided = () => {} }) {
    this.element = element;
    this.words = words;
    this.onDecided = onDecided;
    this.isBusy = false;
    this.unknown = null;
    this.answer = element.querySelector('[data-part="answer"]');
    this.again = element.querySelector('[data-part="ask-again"]');
    this.again.addEventListener("click", () => this.unknown && this.send(this.unknown.order, this.unknown.then));
  }

  async send(order, then) {
    this.isBusy = true;
    this.unknown = null;
    this.again.hidden = true;
    this.say("", "answer:sending");
    this.onDecided();
    const { status, answer } = await order.send(() => this.say("warn", "answer:retrying"));
    this.isBusy = false;
    if (status === 200 || status === 201) then(answer);
    else if (status === 0 || answer?.code === "outcome_unknown") {
      this.unknown = { order, then };
      this.again.hidden = false;
      this.say("stop", "answer:outcome_unknown");
    } else this.sayRefused(answer);
    this.onDecided();
  }

  sayRefused(answer) {
    const text = problemWords(this.words, answer);
    const content = [text];
    if (answer.minimum_fen) {
      const minimum = document.createElement("p");
      minimum.className = "inline";
      minimum.append(this.words("label:minimum"), ` ${money(answer.minimum_fen)}`);
      content.push(minimum);
    }
    this.show("stop", content);
  }

  say(tone, key, after = "", decision = null) {
    const link = decision?.receipt ? [" ", this.receiptLink(decision)] : [];
    this.show(tone, [this.words(key), after ? ` ${after}` : "", ...link]);
  }

  /** The receipt (出价凭证) as a file of this page's own making: nothing else is asked for it. */
  receiptLink(decision) {
    const link = document.createElement("a");
    const file = new Blob([JSON.stringify(decision.receipt, null, 2)], { type: "application/json" });
    link.href = URL.createObjectURL(file);
    link.download = `receipt-${this.element.dataset.lot}-${decision.seq}.json`;
    link.append(this.words("label:receipt"));
    return link;
  }

  show(tone, content) {
    this.answer.className = `notice answer ${tone}`;
    this.answer.hidden = false;
    this.answer.replaceChildren(...content);
  }
}
