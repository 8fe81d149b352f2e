// News in the open page: asks every few seconds whether anything it shows has changed, and says when no answer comes. Only while
// the page is in sight; the server says when to ask again. Reads from #week: data-changes (where to ask), data-poll (seconds).
import { week, refresh, isRefreshing } from "./calendar.js";

const LONGEST = 64; // seconds between two tries while nothing answers
const PATIENCE = 10000; // milliseconds until no answer is none
const region = document.getElementById("live");
let timer = 0;
let asking = false;
let wait = 0; // seconds, as of the last answer
let moved = Date.now(); // when a hand or a calendar last did
let asOf = Date.now(); // when what is shown was last known to be true
let failures = 0;
let state = ""; // what the line says: nothing, "silent" or "ended"

/* ---- the line under the toolbar ---- */
function clock(moment) {
  const zone = { timeZone: region.dataset.zone };
  const day = (time) => new Date(time).toLocaleDateString("en", zone);
  const weekday = day(moment) === day(Date.now()) ? {} : { weekday: "long" };
  return new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...weekday, ...zone }).format(moment);
}
function tell(next) {
  if (state === next) return;
  state = next;
  region.replaceChildren();
  if (!next) return;
  const line = document.getElementById(`live-${next}`).content.cloneNode(true);
  line.querySelector("time").textContent = clock(asOf);
  region.append(line);
}

/* ---- asking ---- */
/* "news", "same", "ended" or "silent", and after how many seconds to ask again. */
async function ask(grid) {
  const quiet = Math.floor((Date.now() - moved) / 1000);
  try {
    const answer = await fetch(`${grid.dataset.changes}&quiet=${quiet}`, {
      headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) return { said: "ended" };
    if (!answer.ok) return { said: "silent" };
    return { said: answer.status === 200 ? "news" : "same", pace: Number(answer.headers.get("X-Meridian-Poll")) };
  } catch {
    return { said: "silent" };
  }
}
async function poll() {
  clearTimeout(timer);
  const grid = week();
  const usual = Number(grid?.dataset.poll);
  if (!usual || !grid.dataset.changes || asking) return;
  let seconds = usual;
  if (!document.hidden && !isRefreshing()) {
    asking = true;
    const began = Date.now();
    let { said, pace } = await ask(grid);
    if (said === "news") {
      moved = Date.now();
      if (!(await refresh())) said = "silent";
    }
    asking = false;
    seconds = await follow(said, pace || usual, began);
  }
  wait = seconds;
  timer = setTimeout(poll, wait * 1000);
}
async function follow(said, pace, began) {
  if (said === "silent" || said === "ended") {
    failures += 1;
    if (said === "ended" || failures > 1) tell(said); // one lost answer is no news
    return Math.min(2 ** failures, LONGEST);
  }
  if (state === "ended") await takeKeys();
  failures = 0;
  asOf = began;
  tell("");
  return pace;
}
/* Signed in again elsewhere: the forms of this page get the new session's key, so that what was typed can be sent. */
async function takeKeys() {
  try {
    const page = new DOMParser().parseFromString(await (await fetch(week().dataset.url)).text(), "text/html");
    const keys = page.body.getAttribute("hx-headers");
    if (!keys) return;
    document.body.setAttribute("hx-headers", keys);
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = JSON.parse(keys)["X-CSRFToken"];
  } catch {
    // the next answer finds it out
  }
}

/* ---- what makes it ask at once ---- */
/* A hand on a page that had gone quiet. */
function wake() {
  moved = Date.now();
  if (failures || document.hidden || wait <= Number(week()?.dataset.poll)) return;
  wait = 0;
  poll();
}
for (const name of ["pointermove", "pointerdown", "keydown", "wheel"]) {
  document.addEventListener(name, wake, { capture: true, passive: true });
}
/* Back in sight, back on the network, or asked to. */
function now() {
  if (document.hidden) return;
  moved = Date.now();
  poll();
}
document.addEventListener("visibilitychange", now);
addEventListener("online", now);
region?.addEventListener("click", (event) => event.target.closest("[data-again]") && now());
document.addEventListener("week:refreshed", () => state || (asOf = Date.now()));

if (week()) timer = setTimeout(poll, (Number(week().dataset.poll) || 4) * 1000);
