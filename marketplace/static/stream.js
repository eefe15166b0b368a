// The live feed of one auction. The browser resumes it by itself where it can; where it gives up (an error answer) or a
// feed falls silent, it is opened anew from the last position heard. A feed begins with the whole present state.

const SILENCE_MS = 20_000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

export class Feed {
  /** `onEvent(name, data)` for each event after `position`, `onConnection("live" | "lost")` when that changes. */
  constructor(url, names, { position, onEvent, onConnection }) {
    this.url = url;
    this.position = position;
    this.names = names;
    this.onEvent = onEvent;
    this.onConnection = onConnection;
    this.failures = 0;
    this.timer = null;
    this.open();
  }

  open() {
    this.close();
    this.source = new EventSource(`${this.url}?after=${this.position}`);
    this.source.addEventListener("open", () => this.heard());
    this.source.addEventListener("error", () => this.lost());
    for (const name of this.names) {
      this.source.addEventListener(name, (event) => {
        this.heard();
        if (event.lastEventId !== "") this.position = event.lastEventId;
        this.onEvent(name, JSON.parse(event.data));
      });
    }
    this.watch();
  }

  heard() {
    this.failures = 0;
    this.onConnection("live");
    this.watch();
  }

  lost() {
    this.onConnection("lost");
    if (this.source.readyState === EventSource.CLOSED) this.again();
  }

  watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.onConnection("lost");
      this.again();
    }, SILENCE_MS);
  }

  again() {
    clearTimeout(this.timer);
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.open(), wait);
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
  }
}
