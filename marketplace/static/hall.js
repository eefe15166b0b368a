// The live hall (竞价大厅). Events only change `state`; the page is drawn at most once a frame from what is newest, so a
// burst of bids costs one drawing. Text enters the page as text and as nothing else.

import { ServerClock, countdown, moment, timeOfDay } from "./clock.js";
import { money } from "./money.js";
import { Feed } from "./stream.js";
import { Desk } from "./desk.js";
import { Controls } from "./controls.js";
import { SealDesk } from "./seals.js";

const ROWS_MAX = 200;
const EXTENSION_SHOWN_MS = 12_000;
const LAST_MINUTE_MS = 60_000;
const BIDS = new Set(["bid", "proxy"]);

const hall = document.getElementById("hall");
const whole = (text) => (text === "" || text === undefined ? null : Number(text));
const part = (name) => hall.querySelector(`[data-part="${name}"]`);

const state = {
  status: hall.dataset.status,
  price_fen: whole(hall.dataset.priceFen),
  leader: whole(hall.dataset.leader),
  ends_at_ms: whole(hall.dataset.endsAtMs),
  opens_at_ms: whole(hall.dataset.opensAtMs),
  minimum_fen: whole(hall.dataset.minimumFen),
  step_fen: whole(hall.dataset.stepFen),
  extensions: whole(hall.dataset.extensions) ?? 0,
  bidders: whole(hall.dataset.bidders) ?? 0,
  seq: whole(hall.dataset.seq) ?? 0,
  outcome: hall.dataset.outcome || null,
  final: hall.dataset.final === "yes",
};
const ownPaddle = whole(hall.dataset.paddle);
const clock = new ServerClock(Number(hall.dataset.serverMs));
const waiting = []; // entries of the record that are not drawn yet
const drawn = new Set(Array.from(hall.querySelectorAll("[data-entry]"), (row) => row.dataset.entry));
let isScheduled = false;
let extendedUntil = 0;
let connection = "opening";

/** The words of the venue for a key such as "refusal:below_minimum", as a fragment in both languages. */
export function words(key) {
  const found = document.querySelector(`#words [data-words="${CSS.escape(key)}"]`);
  const fragment = document.createDocumentFragment();
  if (found === null) fragment.append(key.slice(key.indexOf(":") + 1));
  else fragment.append(...found.cloneNode(true).childNodes);
  return fragment;
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    draw();
  });
}

function write(element, text) {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function draw() {
  const price = part("price");
  const text = money(state.price_fen);
  if (price.textContent !== text) {
    price.textContent = text;
    price.classList.remove("moved");
    void price.offsetWidth; // restart the animation
    price.classList.add("moved");
  }
  write(part("leader"), state.leader === null ? "—" : String(state.leader));
  write(part("minimum"), money(state.status === "closed" || state.status === "cancelled" ? null : state.minimum_fen));
  write(part("bidders"), String(state.bidders));
  write(part("extensions"), String(state.extensions));
  part("extended").hidden = clock.now() > extendedUntil;
  drawStatus();
  drawTime();
  drawRecord();
  desk?.draw(state);
  seals?.draw(state);
  controls?.draw(state);
}

function drawStatus() {
  const badge = part("status");
  if (badge.dataset.state !== state.status) {
    badge.dataset.state = state.status;
    badge.className = `state state-${state.status}`;
    badge.replaceChildren(words(`status:${state.status}`));
  }
  const light = part("connection");
  if (light.dataset.connection !== connection) {
    light.dataset.connection = connection;
    light.replaceChildren(words(`connection:${connection}`));
  }
  const priceLabel = part("price-label");
  if (state.outcome === "sold" && priceLabel.dataset.outcome !== "sold") {
    priceLabel.dataset.outcome = "sold";
    priceLabel.replaceChildren(words("label:sold-at"));
  }
  const result = part("result");
  result.hidden = state.outcome === null || state.outcome === "open";
  if (!result.hidden && result.dataset.outcome !== state.outcome) {
    result.dataset.outcome = state.outcome;
    result.replaceChildren(words(`outcome:${state.outcome}`));
  }
}

function drawTime() {
  const left = part("left");
  const label = part("left-label");
  const isBefore = state.status === "scheduled";
  const target = isBefore ? state.opens_at_ms : state.ends_at_ms;
  const isRunning = target !== null && (isBefore || state.status === "open");
  const key = isBefore ? "label:opens-in" : "label:ends-in";
  if (label.dataset.key !== key) {
    label.dataset.key = key;
    label.replaceChildren(words(key));
  }
  if (!isRunning) {
    write(left, "—");
    write(part("until"), state.status === "open" || target === null ? "" : moment(target));
    left.classList.remove("last-minute");
    return;
  }
  const ms = target - clock.now();
  const isDue = ms <= 0 && !isBefore;
  if (isDue) {
    if (left.dataset.due !== "yes") left.replaceChildren(words("label:closing"));
    left.dataset.due = "yes";
  } else {
    left.dataset.due = "no";
    write(left, countdown(ms));
  }
  left.classList.toggle("last-minute", !isBefore && ms < LAST_MINUTE_MS);
  write(part("until"), moment(target));
}

function drawRecord() {
  if (waiting.length === 0) return;
  const body = part("record");
  const rows = waiting.splice(0).slice(-ROWS_MAX).map(rowFor);
  rows.reverse();
  body.prepend(...rows);
  while (body.rows.length > ROWS_MAX) body.deleteRow(-1);
  part("record-empty").hidden = body.rows.length > 0;
}

function rowFor(entry) {
  const row = document.getElementById("record-row").content.firstElementChild.cloneNode(true);
  const cell = (name) => row.querySelector(`[data-cell="${name}"]`);
  row.dataset.entry = entry.id;
  row.classList.toggle("refused", !entry.accepted);
  row.classList.toggle("act", entry.accepted && entry.paddle === null);
  row.classList.toggle("own-row", ownPaddle !== null && entry.paddle === ownPaddle);
  cell("at").textContent = timeOfDay(entry.at_ms);
  cell("paddle").textContent = entry.paddle === null ? "—" : String(entry.paddle);
  cell("what").replaceChildren(words(`action:${entry.action}`));
  cell("amount").textContent = money(entry.amount_fen);
  if (!entry.accepted) cell("verdict").replaceChildren(words(`refusal:${entry.reason}`));
  else if (entry.price_fen === null || entry.paddle === null) cell("verdict").replaceChildren(words("verdict:accepted"));
  else cell("verdict").replaceChildren(words("verdict:price"), ` ${money(entry.price_fen)}`);
  return row;
}

function takeState(next) {
  if (next.server_ms) clock.hear(next.server_ms);
  if (next.seq !== undefined && next.seq !== null && next.seq < state.seq) return;
  if (state.status === "open" && next.status === "open" && next.extensions > state.extensions) {
    extendedUntil = clock.now() + EXTENSION_SHOWN_MS;
  }
  for (const name of Object.keys(state)) if (next[name] !== undefined) state[name] = next[name];
}

function takeEntries(entries) {
  for (const entry of entries) {
    if (drawn.has(entry.id)) continue;
    drawn.add(entry.id);
    waiting.push(entry);
    if (entry.accepted && entry.paddle === ownPaddle && BIDS.has(entry.action)) desk?.noteBid();
  }
  if (drawn.size > 10 * ROWS_MAX) {
    for (const id of Array.from(drawn).slice(0, drawn.size - 5 * ROWS_MAX)) drawn.delete(id);
  }
}

const desk = document.getElementById("desk") === null ? null
  : new Desk(document.getElementById("desk"), { words, ownPaddle, state, onDecided: schedule });
const seals = document.getElementById("seals") === null ? null
  : new SealDesk(document.getElementById("seals"), { words, onDecided: schedule });
const controls = document.getElementById("controls") === null ? null
  : new Controls(document.getElementById("controls"), { words });

const feed = state.final ? null : new Feed(hall.dataset.events, ["state", "record", "clock"], {
  position: hall.dataset.position,
  onEvent(name, data) {
    if (name === "state") {
      takeState(data);
      if (state.final) end();
    } else if (name === "record") takeEntries(data.entries);
    else clock.hear(data.server_ms);
    schedule();
  },
  onConnection(next) {
    connection = state.final ? "ended" : next;
    schedule();
  },
});

/** Nothing more will come: a final state never changes. */
function end() {
  connection = "ended";
  feed.close();
}

if (state.final) connection = "ended";
else {
  addEventListener("pagehide", () => feed.close());
  addEventListener("pageshow", (event) => { if (event.persisted) feed.open(); });
}
setInterval(schedule, 250);
schedule();
