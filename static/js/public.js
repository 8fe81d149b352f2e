// Booking pages, made quicker: days, lengths, weeks and zone change in place; every one of them is a link or a form already.
// A page names its changing parts with ids and data-part; links with data-in-place are fetched, their parts exchanged, the
// address kept in the history. No cookie is read or set.
let latest = 0;

/* What only scripts can serve is shown once there are some. */
const ready = () => document.querySelectorAll("[data-filter]").forEach((field) => (field.hidden = false));
ready();

async function go(url, { push = true, focus = "" } = {}) {
  const turn = ++latest;
  document.documentElement.toggleAttribute("data-loading", true);
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (turn !== latest) return;
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const parts = [...document.querySelectorAll("[data-part]")];
    const fresh = parts.map((part) => page.getElementById(part.id));
    if (turn !== latest) return;
    if (!parts.length || fresh.includes(null)) throw new Error("other page");
    parts.forEach((part, index) => part.replaceWith(document.importNode(fresh[index], true)));
    ready();
    document.title = page.title;
    if (push) history.pushState({ part: true }, "", url);
    else history.replaceState({ part: true }, "", url);
    const target = focus && document.getElementById(focus);
    if (target) {
      if (target.tabIndex < 0) target.tabIndex = -1;
      target.focus({ preventScroll: true });
      if (target.getBoundingClientRect().top > innerHeight * 0.8) target.scrollIntoView({ block: "start" });
    }
  } catch {
    if (turn === latest) location.assign(url); // the plain way always works, and shows what went wrong
  } finally {
    document.documentElement.removeAttribute("data-loading");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-in-place]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.href, { focus: link.dataset.inPlace || link.id });
});

function formUrl(form) {
  const url = new URL(form.action || location.href);
  url.search = new URLSearchParams(new FormData(form)).toString();
  return url.href;
}
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-auto]")) go(formUrl(form), { focus: event.target.id });
});
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.method === "get" || !button?.dataset.busy) return;
  if (button.getAttribute("aria-disabled") === "true") return event.preventDefault();
  setTimeout(() => {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-label][aria-disabled]")) {
    button.textContent = button.dataset.label;
    button.removeAttribute("aria-disabled");
  }
});
/* Arrows go from open day to open day: along the weeks, or to the nearest one above or below. */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
document.addEventListener("keydown", (event) => {
  const here = event.target.closest?.(".month a");
  const step = STEPS[event.key];
  if (!here || !step || event.metaKey || event.ctrlKey || event.altKey) return;
  event.preventDefault();
  const days = [...here.closest("table").querySelectorAll("td")];
  for (let at = days.indexOf(here.parentElement) + step; days[at]; at += step) {
    const link = days[at].querySelector("a");
    if (link) return link.focus();
  }
  if (Math.abs(step) === 1) document.getElementById(step > 0 ? "later" : "earlier")?.focus();
});

/* Zones by name: the list shows what fits the words; Enter takes the first. */
const plain = (words) => words.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[_/]/g, " ").toLowerCase();
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-filter]");
  if (!field) return;
  const list = document.getElementById(field.dataset.filter);
  list.whole ??= [...list.children];
  list.names ??= [...list.options];
  const words = plain(field.value.trim());
  const found = list.names.filter((one) => plain(`${one.text} ${one.value}`).includes(words));
  list.replaceChildren(...(words ? found.map((one) => one.cloneNode(true)) : list.whole));
  list.size = words ? Math.min(Math.max(found.length, 2), 6) : 1;
  if (words) list.selectedIndex = -1;
  field.nextElementSibling.textContent = found.length ? "" : field.dataset.none;
});
document.addEventListener("keydown", (event) => {
  const list = event.key === "Enter" && document.getElementById(event.target.dataset?.filter);
  if (!list) return;
  event.preventDefault();
  if (!event.target.value.trim() || !list.options.length) return;
  list.selectedIndex = 0;
  list.dispatchEvent(new Event("change", { bubbles: true }));
});
addEventListener("popstate", () => go(location.href, { push: false }));

/* The visitor's own zone: times are shown in it unless the address already names one; a form that asks for it is told. */
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
const shown = document.querySelector("[data-part][data-zone]")?.dataset.zone;
const here = new URL(location.href);
if (mine && shown !== undefined && mine !== shown && !here.searchParams.has("tz")) {
  here.searchParams.set("tz", mine);
  go(here.href, { push: false });
}
for (const field of document.querySelectorAll("input[data-zone-of-browser]")) field.value = mine || "";

/* What is still being made is looked for again, for three minutes. */
let looks = 45;
const again = () => looks-- > 0 && document.querySelector("[data-again]") && setTimeout(look, 4000);
async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-again]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.hasAttribute("data-again")) continue;
      part.removeAttribute("data-again");
      part.replaceChildren(...document.importNode(fresh, true).childNodes);
    }
  } catch {} // the next look, or the mail, brings it
  again();
}
again();

document.querySelector("[data-autofocus]")?.focus();
