// The venue's clock, as well as this page can know it. A message takes time to arrive, so every one of them shows the
// server's clock late; the one that arrived fastest is nearest the truth.

const KEPT = 40;

export class ServerClock {
  constructor(serverMs) {
    this.offsets = [serverMs - Date.now()];
  }

  /** Take note of a server's time that has just arrived. */
  hear(serverMs) {
    this.offsets.push(serverMs - Date.now());
    if (this.offsets.length > KEPT) this.offsets.shift();
  }

  /** The server's time now, in milliseconds since 1970. */
  now() {
    return Date.now() + Math.max(...this.offsets);
  }
}

const chinese = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit",
});

function parts(ms) {
  return Object.fromEntries(chinese.formatToParts(ms).map((part) => [part.type, part.value]));
}

/** "09:05:03.120" in the time of the venue. */
export function timeOfDay(ms) {
  const at = parts(ms);
  return `${at.hour}:${at.minute}:${at.second}.${String(ms % 1000).padStart(3, "0")}`;
}

/** "2026-11-02 09:05:03" in the time of the venue. */
export function moment(ms) {
  const at = parts(ms);
  return `${at.year}-${at.month}-${at.day} ${at.hour}:${at.minute}:${at.second}`;
}

/** "1天 02:03:04", counted up to the next whole second, so that it says 00:00 only when the time is up. */
export function countdown(ms) {
  const left = Math.max(0, Math.ceil(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const clock = `${two(Math.floor(left / 3600) % 24)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
  return left >= 86400 ? `${Math.floor(left / 86400)}天 ${clock}` : clock;
}
