// The bidder's desk: a bid, a hidden maximum, and what became of each.

import { fenFrom, money, yuan } from "./money.js";
import { Order, problemWords } from "./orders.js";

// A raise of more than so many steps, or more than a tenth above the minimum, is asked about once more.
const STEPS_UNASKED = 10n;

export class Desk {
  constructor(element, { words, ownPaddle, state, onDecided }) {
    this.element = element;
    this.words = words;
    this.ownPaddle = ownPaddle;
    this.state = state;
    this.onDecided = onDecided;
    this.isBusy = false;
    this.unknown = null;
    this.bid = element.querySelector('[data-form="bid"]');
    this.proxy = element.querySelector('[data-form="proxy"]');
    this.answer = element.querySelector('[data-part="answer"]');
    this.again = element.querySelector('[data-part="ask-again"]');
    this.dialog = element.querySelector("dialog");
    this.isTyped = false;
    this.bid.elements.amount.addEventListener("input", () => { this.isTyped = true; });
    for (const button of this.bid.querySelectorAll("[data-steps]")) {
      button.addEventListener("click", () => this.raise(Number(button.dataset.steps)));
    }
    this.bid.addEventListener("submit", (event) => this.submitBid(event));
    this.proxy?.addEventListener("submit", (event) => this.submitProxy(event));
    this.again.addEventListener("click", () => this.unknown && this.send(this.unknown.order, this.unknown.then));
  }

  draw(state) {
    const isOpen = state.status === "open";
    const isOver = state.final || state.status === "closed" || state.status === "cancelled";
    this.bid.hidden = isOver;
    const maximum = this.element.querySelector('[data-part="maximum"]');
    if (maximum !== null) maximum.hidden = isOver;
    for (const button of this.element.querySelectorAll("form button")) {
      if (button.closest("dialog") === null) button.disabled = this.isBusy || this.unknown !== null || !isOpen;
    }
    const input = this.bid.elements.amount;
    if (!this.isTyped && document.activeElement !== input && state.minimum_fen !== null) {
      input.value = yuan(state.minimum_fen);
    }
    this.drawStanding(state);
  }

  drawStanding(state) {
    const standing = this.element.querySelector('[data-part="standing"]');
    let key = "standing:none";
    if (state.leader === this.ownPaddle) key = state.outcome === "sold" ? "standing:won" : "standing:leads";
    else if (this.element.dataset.hasBid === "yes") key = "standing:outbid";
    if (standing.dataset.key === key) return;
    standing.dataset.key = key;
    standing.replaceChildren(this.words(key));
    const own = this.element.querySelector(".own");
    own.classList.toggle("leads", key === "standing:leads" || key === "standing:won");
    own.classList.toggle("outbid", key === "standing:outbid");
  }

  /** This paddle has bid, from here or from anywhere: from now on it leads or is outbid. */
  noteBid() {
    this.element.dataset.hasBid = "yes";
  }

  raise(steps) {
    const { minimum_fen: minimum, step_fen: step } = this.state;
    if (minimum === null) return;
    this.bid.elements.amount.value = yuan(BigInt(minimum) + BigInt(step ?? 0) * BigInt(steps));
    this.isTyped = true;
    this.bid.elements.amount.focus();
  }

  isLarge(amount) {
    const { minimum_fen: minimum, step_fen: step } = this.state;
    if (minimum === null) return false;
    const above = BigInt(amount) - BigInt(minimum);
    return above * 10n > BigInt(minimum) || (step !== null && above > BigInt(step) * STEPS_UNASKED);
  }

  /** Ask in the page's own dialog; resolves to whether the amount is meant. */
  confirm(amount) {
    this.dialog.querySelector('[data-part="amount"]').textContent = money(amount);
    this.dialog.returnValue = "";
    this.dialog.showModal();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => resolve(this.dialog.returnValue === "yes"), { once: true });
    });
  }

  async submitBid(event) {
    event.preventDefault();
    const amount = fenFrom(this.bid.elements.amount.value);
    if (amount === null) return this.say("stop", "answer:amount_unreadable");
    if (this.isLarge(amount) && !(await this.confirm(amount))) return;
    const order = new Order(this.bid.dataset.path, { amount_fen: amount });
    await this.send(order, (decision) => {
      this.isTyped = false;
      this.noteBid();
      this.say("good", "answer:accepted", money(amount), decision);
    });
  }

  async submitProxy(event) {
    event.preventDefault();
    const input = this.proxy.elements.maximum;
    const maximum = fenFrom(input.value);
    if (maximum === null) return this.say("stop", "answer:amount_unreadable");
    const order = new Order(this.proxy.dataset.path, { max_fen: maximum });
    await this.send(order, (decision) => {
      input.value = "";
      this.noteBid();
      this.element.querySelector('[data-part="proxy-set"]').hidden = false;
      this.say("good", "answer:proxy_set", "", decision);
    });
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
