// The week and the month by keyboard. In the week's grid the arrows move a cursor by a quarter and a day, with Shift they stretch
// it, Enter makes an event there. On an event Enter opens it, E edits, Delete asks, M lets the arrows carry it (with Shift its end), Enter drops it,
// Escape puts it back. They work only while the grid or an event has the focus, so they may stay on where single keys are off.
import { QUARTER, DAY, week, hasHours, columns, minutesOf, wallOf, dayOf, range, dayName, eventOf, draw, clear, hold, move, putBack as back, say } from "./grid.js";
import { drawDays, inDays, isMonth } from "./days.js";
import { create } from "./drag.js";

const ARROWS = { ArrowUp: -QUARTER, ArrowDown: QUARTER, ArrowLeft: -DAY, ArrowRight: DAY };
const WEEKS = { ArrowUp: -7 * DAY, ArrowDown: 7 * DAY }; // in a month
let cursor = null; // { start, end, stretched }
let carried = null; // { event, start, end }

const shownFrom = () => minutesOf(columns()[0].dataset.day);
const shownUntil = () => minutesOf(columns().at(-1).dataset.day) + DAY;
const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
const isRtl = () => getComputedStyle(document.documentElement).direction === "rtl";
function step(key) {
  if (key === "ArrowLeft" || key === "ArrowRight") return isRtl() ? -ARROWS[key] : ARROWS[key];
  return (isMonth() ? WEEKS : ARROWS)[key];
}

/* ---- the cursor ---- */
function firstPlace() {
  const now = week().dataset.now;
  if (now && columns().some((column) => column.dataset.day === now.slice(0, 10))) {
    return Math.floor(minutesOf(now) / QUARTER) * QUARTER;
  }
  return shownFrom() + 9 * 60;
}
function show() {
  draw(cursor.start, cursor.end)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  say(`${dayName(cursor.start)}, ${range(cursor.start, cursor.end)}`);
}
function moveCursor(by, stretch) {
  if (!cursor) {
    const start = firstPlace();
    cursor = { start, end: start + QUARTER, stretched: false };
  } else if (stretch) {
    const midnight = minutesOf(dayOf(cursor.start)) + DAY;
    if (Math.abs(by) === DAY) return;
    cursor.end = clamp(cursor.end + by, cursor.start + QUARTER, midnight);
    cursor.stretched = true;
  } else {
    const length = cursor.end - cursor.start;
    const start = clamp(cursor.start + by, shownFrom(), shownUntil() - QUARTER);
    cursor = { ...cursor, start, end: Math.min(start + length, minutesOf(dayOf(start)) + DAY) };
  }
  show();
}
function leave() {
  cursor = null;
  clear();
}

/* ---- an event that is carried ---- */
function pickUp(event) {
  cursor = null;
  carried = { event, start: event.start, end: event.end };
  hold(true);
  event.block.classList.add("is-lifted");
  paint();
  say(document.querySelector("#keys-carry")?.textContent || "");
}
function paint() {
  const { event, start, end } = carried;
  const piece = (inDays(event) ? drawDays : draw)(start, end, event.block);
  piece?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
function carry(by, stretch) {
  const { event, start, end } = carried;
  const byDays = by % DAY === 0;
  if (inDays(event) && (!byDays || (stretch && !event.isWhole))) return;
  if (stretch) carried.end = Math.max(end + by, start + (event.isWhole ? DAY : QUARTER));
  else {
    const least = Math.min(start, shownFrom());
    // By whole days it keeps its hour: there is no place beyond the last one shown.
    if (byDays && (start + by < least || start + by >= shownUntil())) return;
    const moved = clamp(start + by, least, shownUntil() - QUARTER);
    carried = { event, start: moved, end: moved + end - start };
  }
  paint();
  say(whereTo());
}
function whereTo() {
  const { event, start, end } = carried;
  if (event.isWhole) return end - start > DAY ? `${dayName(start)} \u2013 ${dayName(end - DAY)}` : dayName(start);
  return `${dayName(start)}, ${range(start, end)}`;
}
function letGo() {
  const was = carried;
  carried = null;
  was.event.block.classList.remove("is-lifted");
  return was;
}
function putBack() {
  back(letGo().event);
}
function dropIt() {
  const { event, start, end } = letGo();
  if (start === event.start && end === event.end) {
    clear();
    return hold(false);
  }
  const text = event.isWhole ? dayOf : wallOf;
  const values = start === event.start ? { end: text(end) } : { start: text(start) };
  if (end - start !== event.end - event.start) Object.assign(values, { start: text(start), end: text(end) });
  move(event, values);
}

/* ---- the keys ---- */
function onCarried(event) {
  if (event.key in ARROWS) carry(step(event.key), event.shiftKey);
  else if (event.key === "Enter" || event.key === " ") dropIt();
  else if (event.key === "Escape" || event.key === "Tab") putBack();
  else return false;
  return event.key !== "Tab";
}
function onEvent(event, found) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const open = (url) => document.dispatchEvent(new CustomEvent("dialog:open", { detail: { url, opener: found.link } }));
  if (key === "e" && found.mayMove) open(`${found.url}/edit`);
  else if ((key === "Delete" || key === "Backspace") && found.mayMove) open(`${found.url}/delete`);
  else if (key === "m" && found.mayMove) pickUp(found);
  else if (key in ARROWS && hasHours() && !inDays(found)) {
    cursor = { start: found.start, end: Math.min(found.end, minutesOf(dayOf(found.start)) + DAY), stretched: true };
    week().focus({ preventScroll: true });
    moveCursor(step(key), event.shiftKey);
  } else return false;
  return true;
}
function onGrid(event) {
  if (event.key in ARROWS) moveCursor(step(event.key), event.shiftKey);
  else if (event.key === "Enter" && cursor && week().dataset.new) {
    const { start, end, stretched } = cursor;
    cursor = null;
    create(start, stretched ? end : 0, week());
  } else if (event.key === "Escape" && cursor) leave();
  else return false;
  return true;
}
document.addEventListener(
  "keydown",
  (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!week() || document.querySelector("dialog[open]")) return;
    let taken = false;
    if (carried) taken = onCarried(event);
    else if (event.target === week()) taken = hasHours() && onGrid(event);
    else if (week().contains(event.target)) {
      const found = eventOf(event.target);
      taken = Boolean(found) && onEvent(event, found);
    }
    if (!taken) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
document.addEventListener("focusin", (event) => {
  if (cursor && event.target !== week() && !document.querySelector("dialog[open]")) leave();
});
document.addEventListener("pointerdown", () => {
  if (carried) putBack();
  if (cursor) leave();
}, true);
