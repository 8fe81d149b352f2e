// The week: opens at the hours that matter, stays where it is while it refreshes, and lets a press on empty time start an event.
// Reads from #week: data-url (this week's own address), data-now (wall time "2026-11-18T14:20" of the zone shown, only when the
// present is in the span). When to refresh is told by live.js, by the server (`events:changed`), or by the clock.
const QUARTER = 15 * 60 * 1000;
const KEPT = "meridian:week-scroll";
const PATIENCE = 15000; // milliseconds until a refresh that hangs is given up
export const week = () => document.getElementById("week");
export const isRefreshing = () => busy;
let held = false; // a press is under way: no refresh under the finger
let carried = false; // an event is being moved: no refresh under it
let due = false;
let busy = false;

/* ---- where it opens ---- */
function topOf(element) {
  return element.getBoundingClientRect().top - week().getBoundingClientRect().top + week().scrollTop;
}
function openAt() {
  const grid = week();
  if (grid?.matches(".agenda")) return openAgenda(grid);
  const body = grid?.querySelector(".wk-body");
  if (!body) return;
  const head = grid.querySelector(".wk-top")?.offsetHeight || 0;
  const kept = Number(sessionStorage.getItem(KEPT));
  sessionStorage.removeItem(KEPT);
  if (kept) {
    grid.scrollTop = kept;
  } else {
    const seven = topOf(body) - head + (body.offsetHeight * 6.75) / 24;
    const now = grid.querySelector(".day > .now");
    const line = now ? topOf(now) : 0;
    const room = grid.clientHeight - head;
    grid.scrollTop = line > seven + head + room - 40 ? line - head - room * 0.6 : seven;
  }
  const today = grid.querySelector(".wk-day.is-today");
  if (today && grid.scrollWidth > grid.clientWidth) {
    const gutter = grid.querySelector(".wk-hours")?.offsetWidth || 0;
    grid.scrollLeft = today.offsetLeft - gutter;
  }
}
/* The list opens at the day of its address, else at today. */
function openAgenda(list) {
  if (location.hash) return;
  const day = new URLSearchParams(location.search).get("date");
  const section = (day && document.getElementById(`d${day}`)) || list.querySelector(".is-today");
  const strip = list.querySelector(".strip")?.offsetHeight || 0;
  if (section) list.scrollTop = section.offsetTop - list.offsetTop - strip;
}
/* The next and the last week open at the hour this one shows. */
document.addEventListener("click", (event) => {
  if (event.target.closest("a[data-week-link]") && week()) sessionStorage.setItem(KEPT, String(week().scrollTop || 1));
});

/* ---- now ---- */
let offset = null; // wall clock of the zone shown, minus this machine's
function readNow() {
  const wall = week()?.dataset.now;
  offset = wall ? Date.parse(`${wall}Z`) - Date.now() : null;
}
function moveNow() {
  if (offset === null) return;
  const wall = new Date(Date.now() + offset);
  if (wall.toISOString().slice(0, 10) !== week().dataset.now.slice(0, 10)) return refresh();
  const minutes = wall.getUTCHours() * 60 + wall.getUTCMinutes();
  for (const mark of week().querySelectorAll(".now")) {
    mark.style.setProperty("--s", Math.floor(minutes / 15));
    mark.style.setProperty("--m", minutes % 15);
    const flag = mark.querySelector("[data-clock]");
    if (flag) flag.textContent = wall.toISOString().slice(11, 16);
  }
}
setInterval(moveNow, 20000);
document.addEventListener("visibilitychange", () => document.hidden || moveNow());

/* ---- refresh in place: false when no fresh week came, and the old one stays ---- */
async function fetchWeek(grid) {
  let came = false;
  const { scrollTop, scrollLeft } = grid;
  const swapped = (event) => {
    if (event.detail.target?.id === "week" || event.detail.elt?.id === "week") stay(scrollTop, scrollLeft);
  };
  const answered = (event) => {
    if (event.detail.elt === grid) came = event.detail.xhr.status === 200;
  };
  document.addEventListener("htmx:afterSwap", swapped);
  document.addEventListener("htmx:beforeOnLoad", answered);
  grid.dataset.quiet = ""; // live.js says what fails, once
  try {
    const answer = htmx.ajax("GET", grid.dataset.url || location.href, {
      source: grid, target: "#week", select: "#week", swap: "outerHTML settle:0ms",
    });
    await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  } catch {
    came = false;
  } finally {
    document.removeEventListener("htmx:afterSwap", swapped);
    document.removeEventListener("htmx:beforeOnLoad", answered);
  }
  stay(scrollTop, scrollLeft);
  return came;
}
function stay(scrollTop, scrollLeft) {
  if (!week()) return;
  week().scrollTop = scrollTop;
  week().scrollLeft = scrollLeft;
}
export async function refresh() {
  const grid = week();
  if (!grid) return true;
  if (busy || held || carried) {
    due = true; // what changed since that one began is not in it
    return true;
  }
  busy = true;
  due = false;
  const focused = grid.contains(document.activeElement) ? document.activeElement.id : "";
  const came = await fetchWeek(grid);
  busy = false;
  document.dispatchEvent(new CustomEvent("week:refreshed"));
  if (focused && document.activeElement === document.body) {
    (document.getElementById(focused) || week()).focus({ preventScroll: true });
  }
  readNow();
  if (came && due && !held && !carried) refresh();
  return came;
}
// Signed out meanwhile: a page that only brings itself up to date does not leave under somebody's hands.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.elt === week() && event.detail.xhr.getResponseHeader("HX-Redirect")) event.preventDefault();
});
/* A task that is being typed is not swept away by news from elsewhere. */
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const typing = document.activeElement;
  if (event.detail.target?.id === "tasks" && event.detail.target.contains(typing) && typing.value && typing.type === "text") event.preventDefault();
});
document.addEventListener("events:changed", async (event) => {
  await refresh();
  const made = event.detail?.focus && document.getElementById(event.detail.focus);
  if (made && !document.querySelector("dialog[open]")) made.focus({ preventScroll: true });
});

addEventListener("pageshow", (event) => {
  if (event.persisted) refresh();
});
document.addEventListener("week:hold", (event) => {
  carried = event.detail;
  if (!carried && due) refresh();
});
document.addEventListener("pointerdown", (event) => (held = Boolean(event.target.closest?.("#week"))));
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    held = false;
    if (due) setTimeout(refresh, 250);
  });
}

/* ---- a press on empty time: the hour's link, made exact to the quarter ---- */
document.addEventListener(
  "click",
  (event) => {
    const cell = event.target.closest?.("a.cell");
    if (!cell || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(cell.href);
    const start = url.searchParams.get("start");
    if (!start) return;
    event.preventDefault();
    const box = cell.getBoundingClientRect();
    const quarter = Math.max(0, Math.min(3, Math.floor(((event.clientY - box.top) / box.height) * 4)));
    const exact = new Date(Date.parse(`${start.slice(0, 16)}Z`) + quarter * QUARTER).toISOString().slice(0, 16);
    url.searchParams.set("start", exact);
    document.dispatchEvent(new CustomEvent("dialog:open", { detail: { url: url.href, opener: week() } }));
  },
  true,
);

/* ---- the form: another start keeps the length ---- */
const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
const two = (number) => String(number).padStart(2, "0");
document.addEventListener(
  "change",
  (event) => {
    const start = event.target;
    const end = start.name === "start" && start.form?.elements.end;
    if (!end || !start.value || !end.value) return;
    const length = minutes(end.value) - minutes(start.dataset.was || start.defaultValue || start.value);
    const until = minutes(start.value) + length;
    if (length > 0 && until < 24 * 60) end.value = `${two(Math.floor(until / 60))}:${two(until % 60)}`;
    start.dataset.was = start.value;
  },
  true, // before the overlap is asked for
);

openAt();
readNow();
moveNow();
