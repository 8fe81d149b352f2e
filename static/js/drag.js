// Dragging in the week, the day and the month: over empty time it makes an event, on an event it moves it, on its lower edge it
// stretches it; in a month and in the all-day row it goes by days. A mouse drags at once, a finger after a long press, so that a
// swipe still scrolls. Escape puts everything back.
import { QUARTER, DAY, week, columns, minutesOf, wallOf, dayOf, eventOf, timeAt, draw, clear, hold, move } from "./grid.js";
import { dayAt, drawDays, inDays, isEmpty } from "./days.js";

const SLOP = 5; // pixels before a press becomes a drag
const LONG = 420; // milliseconds of a long press
const EDGE = 7; // the lower edge of a block, in pixels
let press = null; // what was pressed, and where
let drag = null; // what is being dragged, and where to
let point = null;
let quiet = false; // the click that ends a drag opens nothing

/* ---- what a press could become ---- */
function readPress(event) {
  const cell = event.target.closest("#week a.cell");
  if (cell) return { kind: "new", column: cell.closest(".day"), from: timeAt(event.clientX, event.clientY) };
  if (isEmpty(event.target)) return { kind: "days-new", from: dayAt(event.clientX, event.clientY) };
  const found = eventOf(event.target);
  if (!found?.mayMove || found.block.matches(".is-moving")) return null;
  if (inDays(found)) return { kind: "days", event: found, from: dayAt(event.clientX, event.clientY) };
  const box = found.block.getBoundingClientRect();
  const isLast = dayOf(found.end - 1) === found.block.closest(".day").dataset.day;
  const edge = Math.min(event.pointerType === "touch" ? EDGE * 2 : EDGE, box.height / 3);
  const kind = isLast && event.clientY > box.bottom - edge ? "stretch" : "move";
  return { kind, event: found, from: timeAt(event.clientX, event.clientY) };
}

document.addEventListener("pointerdown", (event) => {
  quiet = false;
  if (!event.isPrimary || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !columns().length) return;
  if (!event.target.closest?.("#week")) return;
  const found = readPress(event);
  if (!found) return;
  press = { ...found, x: event.clientX, y: event.clientY, id: event.pointerId, isTouch: event.pointerType === "touch" };
  if (press.isTouch) press.timer = setTimeout(lift, LONG);
});

/* ---- while it goes ---- */
function lift() {
  if (!press) return;
  drag = press;
  point = { x: press.x, y: press.y };
  hold(true);
  document.documentElement.classList.add("is-dragging", `drag-${drag.kind}`);
  if (drag.isTouch) navigator.vibrate?.(12);
  drag.event?.block.classList.add("is-lifted");
  follow();
  requestAnimationFrame(scroll);
}

function follow() {
  const { kind, event, from } = drag;
  if (kind.startsWith("days")) {
    const day = dayAt(point.x, point.y);
    const isNew = kind === "days-new";
    drag.to = isNew ? { start: Math.min(from, day), end: Math.max(from, day) + DAY } : { start: event.start + day - from, end: event.end + day - from };
    drawDays(drag.to.start, drag.to.end, event?.block);
    return;
  }
  const at = kind === "new" ? timeAt(middle(drag.column), point.y) : timeAt(point.x, point.y);
  if (kind === "new") drag.to = { start: Math.min(from, at), end: Math.max(from, at) + QUARTER };
  else if (kind === "move") drag.to = { start: event.start + at - from, end: event.end + at - from };
  else drag.to = { start: event.start, end: Math.max(event.start + QUARTER, event.end + timeAt(middle(event.block), point.y) - from) };
  draw(drag.to.start, drag.to.end, event?.block);
}
function middle(element) {
  const box = element.getBoundingClientRect();
  return (box.left + box.right) / 2;
}

/* Near the edges the week scrolls along. */
function scroll() {
  if (!drag || drag.kind.startsWith("days")) return;
  const grid = week();
  const box = grid.getBoundingClientRect();
  const head = grid.querySelector(".wk-top").offsetHeight;
  const up = box.top + head + 28 - point.y;
  const down = point.y - (box.bottom - 28);
  if (up > 0 || down > 0) {
    grid.scrollTop += up > 0 ? -Math.min(up / 3, 14) : Math.min(down / 3, 14);
    follow();
  }
  requestAnimationFrame(scroll);
}

document.addEventListener("pointermove", (event) => {
  if (!press || event.pointerId !== press.id) return;
  if (!drag) {
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > SLOP;
    if (far && press.isTouch) return drop(); // a swipe: the page scrolls
    if (!far) return;
    lift();
  }
  point = { x: event.clientX, y: event.clientY };
  follow();
});
// A finger that drags does not scroll; one that swipes does.
document.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
document.addEventListener("contextmenu", (event) => (drag || press?.isTouch) && event.preventDefault());
document.addEventListener("dragstart", (event) => event.target.closest?.("#week") && event.preventDefault());

/* ---- how it ends ---- */
function drop() {
  clearTimeout(press?.timer);
  const was = drag;
  press = drag = null;
  if (!was) return null;
  document.documentElement.classList.remove("is-dragging", `drag-${was.kind}`);
  was.event?.block.classList.remove("is-lifted");
  quiet = true;
  setTimeout(() => (quiet = false), 60);
  return was;
}
function putBack() {
  if (!drop()) return;
  clear();
  hold(false);
}

document.addEventListener("pointerup", (event) => {
  if (!press || event.pointerId !== press.id) return;
  const was = drop();
  if (!was) return;
  if (was.kind === "new") return create(was.to.start, was.to.end, week());
  if (was.kind === "days-new") return create(was.to.start, was.to.end, week(), { isWhole: true });
  const { start, end } = was.to;
  if (start === was.event.start && end === was.event.end) {
    clear();
    return hold(false);
  }
  if (was.event.isWhole) return move(was.event, { start: dayOf(start), end: dayOf(end) });
  move(was.event, was.kind === "stretch" ? { end: wallOf(end) } : { start: wallOf(start) });
});
document.addEventListener("pointercancel", putBack);
addEventListener("blur", putBack);
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !drag) return;
    event.preventDefault();
    event.stopPropagation();
    putBack();
  },
  true,
);
addEventListener(
  "click",
  (event) => {
    if (!quiet) return;
    quiet = false;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

/* The dialog with that time; what was drawn stays until it closes. */
export function create(start, end, opener, { isWhole = false } = {}) {
  hold(false);
  const url = new URL(week().dataset.new, location.origin);
  url.searchParams.set("start", isWhole ? dayOf(start) : wallOf(start));
  if (isWhole) url.searchParams.set("end", dayOf(end));
  else if (end) url.searchParams.set("end", wallOf(Math.min(end, minutesOf(dayOf(start)) + DAY)));
  document.dispatchEvent(new CustomEvent("dialog:open", { detail: { url: url.href, opener } }));
  document.getElementById("dialog").addEventListener("close", clear, { once: true });
}
