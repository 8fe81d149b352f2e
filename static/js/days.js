// Whole days: the month, and the all-day row of the week. Which day is under a point, and what is drawn over days that move.
import { DAY, week, columns, minutesOf, clear, keep, drawAgain, place, bare } from "./grid.js";

export const isMonth = () => Boolean(week()?.matches(".monthview"));
/* Whether it moves by days: all of a month does, and what stands in the all-day row. */
export const inDays = (event) => isMonth() || event.block.matches(".ad");

/* Midnight of the day under a point; beside them all the nearest one counts. */
export function dayAt(x, y) {
  const far = (box) => Math.hypot(Math.max(box.left - x, x - box.right, 0), isMonth() ? Math.max(box.top - y, y - box.bottom, 0) : 0);
  const all = columns().map((column) => [far(column.getBoundingClientRect()), column.dataset.day]);
  return minutesOf(all.reduce((best, one) => (one[0] < best[0] ? one : best))[1]);
}
/* Whether a press there is on time that nothing stands on. */
export function isEmpty(target) {
  if (!week().dataset.new || target.closest("a, button, .ad, .lbl")) return false;
  return Boolean(target.closest(isMonth() ? "#week td[data-day]" : "#week .wk-allday"));
}

/* What a timed event of less than a day takes is the day it begins on. */
function daysOf(start, end, model) {
  const first = Math.floor(start / DAY) * DAY;
  const isShort = model?.dataset.s.length > 10 && end - start < DAY;
  return [first, isShort ? first + DAY : Math.max(first + DAY, Math.ceil(end / DAY) * DAY)];
}
/* From `start` to `end`, looking like `model` or like a draft; the first piece of it. */
export function drawDays(start, end, model) {
  clear();
  drawAgain(() => drawDays(start, end, model));
  const [first, after] = daysOf(start, end, model);
  const rows = isMonth() ? [...week().querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td[data-day]")]) : [columns()];
  let drawn = null;
  for (const cells of rows) {
    const begins = minutesOf(cells[0].dataset.day);
    const [left, right] = [Math.max(0, (first - begins) / DAY), Math.min(cells.length, (after - begins) / DAY)];
    if (right <= left) continue;
    const piece = isMonth() ? monthPiece(cells[left], model) : barPiece(model);
    place(piece, { c: left, d: right - left });
    keep(piece);
    drawn ||= piece;
  }
  return drawn;
}
function barPiece(model) {
  const piece = model ? bare(model, /\b(?:[cd]\d+|from-before|is-lifted|can-move)\b/g) : document.createElement("div");
  piece.className = model ? `${piece.className} is-moving` : "ad is-draft";
  if (!model) piece.setAttribute("aria-hidden", "true");
  week().querySelector(".wk-allday").append(piece);
  return piece;
}
function monthPiece(cell, model) {
  const piece = document.createElement("div");
  const hue = model?.className.match(/\bhue-\w+/)?.[0] || "";
  piece.className = `moving ${model ? hue : "is-draft"}`;
  piece.setAttribute("aria-hidden", "true");
  const words = [model?.querySelector("time")?.textContent, model?.querySelector("a > span:not(.swatch, .bars)")?.textContent];
  piece.textContent = words.filter(Boolean).join(" ");
  cell.append(piece);
  return piece;
}
