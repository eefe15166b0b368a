// The operator's controls (场控): suspend and resume, always with a reason that the public will read.

import { Order, problemWords } from "./orders.js";

export class Controls {
  constructor(element, { words }) {
    this.element = element;
    this.words = words;
    this.isBusy = false;
    this.form = element.querySelector("form");
    this.answer = element.querySelector('[data-part="order-answer"]');
    this.form.addEventListener("submit", (event) => this.submit(event));
  }

  draw(state) {
    const allowed = { suspend: state.status === "open", resume: state.status === "suspended" };
    for (const button of this.form.querySelectorAll("button[data-path]")) {
      button.hidden = !allowed[button.value];
      button.disabled = this.isBusy;
    }
  }

  async submit(event) {
    event.preventDefault();
    const reason = this.form.elements.reason.value.trim();
    const path = event.submitter?.dataset.path;
    if (!path) return;
    if (reason === "") return this.show("stop", this.words("answer:reason_missing"));
    this.isBusy = true;
    this.show("", this.words("answer:sending"));
    const { status, answer } = await new Order(path, { reason }).send();
    this.isBusy = false;
    if (status >= 200 && status < 300) {
      this.form.reset();
      this.show("good", this.words("answer:ordered"));
    } else if (status === 0) this.show("stop", this.words("answer:outcome_unknown"));
    else this.show("stop", problemWords(this.words, answer));
  }

  show(tone, content) {
    this.answer.className = `notice answer ${tone}`;
    this.answer.hidden = false;
    this.answer.replaceChildren(content);
  }
}
