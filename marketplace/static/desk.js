// The bidder's desk: a bid, a hidden maximum, and what became of each.

import { fenFrom, money, yuan } from "./money.js";
import { Order } from "./orders.js";
import { Sender } from "./sender.js";

// A raise of more than so many steps, or more than a tenth above the minimum, is asked about once more.
const STEPS_UNASKED = 10n;

export class Desk extends Sender {
  constructor(element, { words, ownPaddle, state, onDecided }) {
    super(element, { words, onDecided });
    this.ownPaddle = ownPaddle;
    this.state = state;
    this.bid = element.querySelector('[data-form="bid"]');
    this.proxy = element.querySelector('[data-form="proxy"]');
    this.dialog = element.querySelector("dialog");
    this.isTyped = false;
    this.bid.elements.amount.addEventListener("input", () => { this.isTyped = true; });
    for (const button of this.bid.querySelectorAll("[data-steps]")) {
      button.addEventListener("click", () => this.raise(Number(button.dataset.steps)));
    }
    this.bid.addEventListener("submit", (event) => this.submitBid(event));
    this.proxy?.addEventListener("submit", (event) => this.submitProxy(event));
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
}
