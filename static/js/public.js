// Booking pages, made quicker: days, lengths, weeks and zone change in place; every one of them is a link or a form already.
// A page names its changing parts with ids and data-part; links with data-in-place are fetched, their parts exchanged, the
// address kept in the history. No cookie is read or set.
let latest = 0;

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
