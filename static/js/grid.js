// The week's grid as drag.js and gridkeys.js know it: which time is where, what is drawn while something moves, and the one
// request that moves an event. Times are minutes of a wall clock that never changes; the server knows about clock changes.
// Of the month it knows the days; days.js draws there.

export const QUARTER = 15;
export const DAY = 24 * 60;
export const week = () => document.getElementById("week");
export const hasHours = () => Boolean(week()?.querySelector(".wk-body"));
/* The days shown: columns of the week, cells of the month. */
export const columns = () => [...(week()?.querySelectorAll(".day[data-day], td[data-day]") || [])];

/* "2026-11-19T14:30" or "2026-11-19" as minutes, and back. */
export const minutesOf = (wall) => Date.parse(wall.length > 10 ? `${wall}Z` : `${wall}T00:00Z`) / 60000;
export const wallOf = (minutes) => new Date(minutes * 60000).toISOString().slice(0, 16);
export const dayOf = (minutes) => wallOf(minutes).slice(0, 10);
const clock = (minutes) => wallOf(minutes).slice(11);
export const range = (start, end) => `${clock(start)}–${clock(end)}`;
/* "Thursday 19 November", as the column is called. */
export const dayName = (minutes) => {
  const column = columns().find((one) => one.dataset.day === dayOf(minutes));
  // A day of the month says how many events it has, too.
  const name = column?.getAttribute("aria-label") || column?.querySelector(".num")?.getAttribute("aria-label").split(",")[0];
  return name || dayOf(minutes);
};

/* An event of the page: the element that carries its times, and what they are. */
export function eventOf(element) {
  const block = element?.closest?.("#week [data-s]");
  const link = block?.querySelector("a[href]");
  if (!link) return null;
  const isWhole = block.dataset.s.length === 10;
  return {
    block, link, isWhole, mayMove: block.classList.contains("can-move"), repeats: block.classList.contains("repeats"), id: link.id, url: new URL(link.href).pathname,
    start: minutesOf(block.dataset.s), end: minutesOf(block.dataset.e), was: block.dataset.s,
  };
}

/* The time under a point: minutes, to the quarter above. Outside the columns the nearest one counts. */
export function timeAt(x, y) {
  const all = columns();
  const boxes = all.map((column) => column.getBoundingClientRect());
  const distance = (box) => Math.max(box.left - x, x - box.right, 0);
  const nearest = boxes.reduce((best, box, at) => (distance(box) < distance(boxes[best]) ? at : best), 0);
  const part = (y - boxes[nearest].top) / boxes[nearest].height;
  const quarter = Math.max(0, Math.min(95, Math.floor(part * 96)));
  return minutesOf(all[nearest].dataset.day) + quarter * QUARTER;
}

/* ---- what is drawn while it moves: never an inline style in markup, only properties set here ---- */
let drawn = [];
let again = null;
export function clear() {
  for (const piece of drawn) piece.remove();
  drawn = [];
  again = null;
}
/* How to draw it once more: the week may be drawn anew under a draft. */
export const drawAgain = (how) => (again = how);
document.addEventListener("week:refreshed", () => again?.());
export const keep = (piece) => drawn.push(piece);
export function place(piece, values) {
  for (const [name, value] of Object.entries(values)) piece.style.setProperty(`--${name}`, value);
}
/* A copy of an event that is one to look at only, without these of its classes. */
export function bare(model, classes) {
  const piece = model.cloneNode(true);
  piece.className = model.className.replace(classes, "");
  piece.removeAttribute("data-s");
  piece.setAttribute("aria-hidden", "true");
  for (const named of piece.querySelectorAll("[id]")) named.removeAttribute("id");
  return piece;
}
/* From `start` to `end`, on each day that is shown; looks like `model`, or like a draft. */
export function draw(start, end, model) {
  clear();
  drawAgain(() => draw(start, end, model));
  for (const column of columns()) {
    const begins = minutesOf(column.dataset.day);
    const [top, foot] = [Math.max(start, begins), Math.min(end, begins + DAY)];
    if (foot <= top) continue;
    const piece = model ? bare(model, /\b(?:[snmlw]\d+|of\d+|over|is-past|is-lifted|can-move)\b/g) : document.createElement("li");
    piece.className = model ? `${piece.className} is-moving` : "ev is-draft";
    piece.setAttribute("aria-hidden", "true");
    const label = piece.querySelector(".h") || piece.appendChild(document.createElement("span"));
    label.className = "h";
    label.textContent = range(start, end);
    const minute = top - begins;
    place(piece, { s: Math.floor(minute / QUARTER), m: minute % QUARTER, n: Math.max(1, Math.ceil((foot - top) / QUARTER)), l: 0, of: 1, w: 1, over: 0 });
    column.querySelector("ol").append(piece);
    drawn.push(piece);
  }
  return drawn[0];
}
export const settle = () => drawn.forEach((piece) => piece.classList.add("is-saving"));

/* While something moves the week is not refreshed under it. */
export const hold = (on) => document.dispatchEvent(new CustomEvent("week:hold", { detail: on }));
export const toast = (detail) => document.dispatchEvent(new CustomEvent("toast", { detail }));
const words = () => document.getElementById("toasts").dataset;

/* Said once, politely. */
let voice = null;
export function say(text) {
  if (!voice) {
    voice = document.createElement("div");
    voice.className = "sr-only";
    voice.setAttribute("role", "status");
    document.body.append(voice);
  }
  voice.textContent = text;
}

export function post(url, values, { leaving = false } = {}) {
  const body = new FormData();
  for (const [name, value] of values instanceof FormData ? values.entries() : Object.entries(values)) body.append(name, value);
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers") || "{}"), "HX-Request": "true" };
  return fetch(url, { method: "POST", body, headers, redirect: "manual", keepalive: leaving });
}

async function send(url, values) {
  try {
    const answer = await post(url, values);
    if (answer.type === "opaqueredirect" || answer.headers.get("HX-Redirect")) {
      location.reload(); // signed out: the page says so
      return { ok: false };
    }
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
    return isOurs ? await answer.json() : { ok: false, message: words()[answer.status === 404 ? "gone" : "failed"] };
  } catch {
    return { ok: false, message: words().offline };
  }
}

/* How much of a series is meant. The question is fetched with the first that is moved; without it nothing is sent. */
async function scopeOf(event, values) {
  try {
    const { askScope } = await import("./scope.js");
    return await askScope(event, values);
  } catch {
    // The script of a page that was opened before an update is gone with the update.
    toast({ message: words()[navigator.onLine ? "gone" : "offline"], level: "error" });
    return null;
  }
}

/* Move an event there; of a series, as much of it as is chosen. Refused, it goes back to where it was, with the reason; done, the
   toast can undo it. Moved by somebody else meanwhile, it goes to where it really is. */
export async function move(event, values) {
  const asked = { ...values, was: event.was };
  event.block.classList.add("is-lifted");
  if (event.repeats) {
    asked.scope = await scopeOf(event, asked);
    if (!asked.scope) return putBack(event);
  }
  settle();
  await moved(await send(`${event.url}/move`, asked));
  event.block.classList.remove("is-lifted");
}
/* Nothing was sent: it is where it was. */
export function putBack(event) {
  event.block.classList.remove("is-lifted");
  clear();
  hold(false);
  say(document.querySelector("#keys-back")?.textContent || "");
  event.link.focus({ preventScroll: true });
}
async function moved(done) {
  hold(false);
  const refreshed = new Promise((resolve) => document.addEventListener("week:refreshed", resolve, { once: true }));
  document.dispatchEvent(new CustomEvent("events:changed"));
  await Promise.race([refreshed, new Promise((resolve) => setTimeout(resolve, 4000))]);
  clear();
  const again = (url) => url && (async () => moved(await send(url, {})));
  if (done.ok) return toast({ message: done.message, undo: again(done.undo_url) });
  if (done.message) toast({ message: done.message, level: "error", anyway: again(done.anyway_url), open_url: done.open_url });
}
