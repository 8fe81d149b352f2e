// The one <dialog>: opens on `a[data-dialog]` or a `dialog:open` event, posts its forms in place, has its own address,
// asks once before typed words are lost, and leaves the page behind it exactly as it was.
// Everything it does is a shortcut of a link or a form that works without it.
import { forForms } from "./forms.js";

const dialog = document.getElementById("dialog");
const piece = (id) => document.getElementById(id).content.cloneNode(true);
const isOpen = () => dialog.open;
let opener = null; // what opened it: an id, or the element and its address where it has none
let typed = false;
let pushed = false; // whether this dialog put its address in the history
let leaving = null; // while one goes and the browser steps back in the history, which takes it a moment: a promise
let slow = 0;

function fill(nodes, url) {
  dialog.replaceChildren(nodes);
  dialog.dataset.url = url || "";
  settle();
}

function show() {
  if (!isOpen()) {
    typed = false;
    dialog.showModal();
  }
}

/* After its inside changed: the right shape, the right focus. */
function settle() {
  clearTimeout(slow);
  const beside = Boolean(dialog.querySelector("[data-beside]"));
  dialog.classList.toggle("beside", beside);
  show();
  mark(beside);
  const first =
    dialog.querySelector("[data-autofocus]") ||
    dialog.querySelector("[autofocus]") ||
    dialog.querySelector(".body :is(input:not([type=hidden]), select, textarea):not([disabled])") ||
    dialog.querySelector("#dialog-h");
  if (!first) return;
  if (!first.matches("input, select, textarea, a[href], button, [tabindex]")) first.tabIndex = -1;
  first.focus();
}

/* The event whose details stand beside the week is drawn solid. */
function mark(on) {
  for (const block of document.querySelectorAll(".is-open")) block.classList.remove("is-open");
  const href = on && from()?.getAttribute("href");
  if (!href) return;
  for (const link of document.querySelectorAll(`a[href="${CSS.escape(href)}"]`)) link.closest(".ev, .ad")?.classList.add("is-open");
}

function opened(element) {
  opener = element.id || { element, href: element.getAttribute("href") };
}
/* What opened it, drawn anew meanwhile or not; else the calendar, which is where the hand was. */
function from() {
  const { element, href } = typeof opener === "string" ? { element: document.getElementById(opener) } : opener || {};
  if (element?.isConnected) return element;
  return (href && document.querySelector(`a[href="${CSS.escape(href)}"]`)) || document.getElementById("week");
}

/* What follows waits for that event, a second at most. */
function wait(target, name) {
  const one = new Promise((resolve) => {
    target.addEventListener(name, resolve, { once: true });
    setTimeout(resolve, 1000);
  });
  const all = Promise.all([leaving, one]).then(() => {
    if (leaving === all) leaving = null;
  });
  leaving = all;
}
/* An address added meanwhile would be stepped over, and the step would leave the page. */
function stepBack() {
  wait(window, "popstate");
  history.back();
}
/* The browser tells of it a frame later, when another one could be open. */
function shut() {
  wait(dialog, "close");
  dialog.close();
}

async function open(url, source, { history: write = true } = {}) {
  if (source) opened(source);
  while (leaving) await leaving;
  clearTimeout(slow); // of one that was asked for before
  slow = setTimeout(() => fill(piece("dialog-loading"), url), 300);
  if (write && !pushed) {
    history.pushState({ dialog: url }, "", url);
    pushed = true;
  } else if (write) {
    history.replaceState({ dialog: url }, "", url);
  }
  dialog.dataset.url = url;
  await forForms();
  await htmx.ajax("GET", url, { target: dialog, swap: "innerHTML", source: dialog }).catch(() => {}); // said by fail()
}

/* Close without a question; the address goes back to the page's own. */
function close() {
  clearTimeout(slow);
  typed = false;
  if (pushed) {
    pushed = false;
    stepBack();
  }
  if (isOpen()) shut();
}

function leave() {
  if (!typed) return close();
  if (dialog.querySelector(".ask")) return;
  dialog.append(piece("dialog-ask"));
  dialog.querySelector("[data-keep]").focus();
}

dialog.addEventListener("close", () => {
  if (pushed) close(); // closed by the browser itself
  const target = from();
  mark(false);
  dialog.replaceChildren();
  dialog.classList.remove("beside");
  target?.focus({ preventScroll: true });
});
dialog.addEventListener("cancel", (event) => {
  if (event.target !== dialog) return;
  if (!typed || dialog.querySelector(".ask")) return wait(dialog, "close");
  event.preventDefault();
  leave();
});
// What is typed into a question (a GET form) is not lost by leaving.
dialog.addEventListener("input", ({ target }) => (typed ||= target.form?.method !== "get"));
/* An event moved to another day ends on another day: the last one goes along. */
document.addEventListener("change", ({ target }) => {
  const last = target.name === "day" && target.form?.elements.last_day;
  if (!last?.value || !target.value || !target.defaultValue) return;
  const went = Date.parse(target.value) - Date.parse(target.dataset.was || target.defaultValue);
  target.dataset.was = target.value;
  last.value = new Date(Date.parse(last.value) + went).toISOString().slice(0, 10);
}, true);
dialog.addEventListener("pointerdown", (event) => {
  if (event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const inside =
    event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) leave();
});
dialog.addEventListener("click", (event) => {
  if (event.target.closest("[data-discard]")) return close();
  if (event.target.closest("[data-keep]")) return event.target.closest(".ask").remove();
  if (event.target.closest("[data-close]")) {
    event.preventDefault();
    leave();
  }
  // A link to a field of the form moves the focus, not the address: the address is the dialog's.
  const field = event.target.closest('a[href^="#"]');
  if (field) {
    event.preventDefault();
    document.getElementById(field.hash.slice(1))?.focus();
  }
});

function plainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.defaultPrevented || !plainClick(event)) return;
  event.preventDefault();
  const inside = dialog.contains(link);
  open(link.href, inside ? null : link);
});
document.addEventListener("dialog:open", (event) => open(event.detail.url, event.detail.opener));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (!button) return;
  opened(button);
  fill(piece(button.dataset.show));
});

/* Forms inside it are sent in place; a form may opt out with data-leave, or bring its own hx-*. */
dialog.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-leave], [hx-post], [hx-get], [method=dialog]")) return;
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  const verb = (form.getAttribute("method") || "get").toUpperCase();
  const url = event.submitter?.getAttribute("formaction") || form.getAttribute("action") || dialog.dataset.url;
  htmx
    .ajax(verb, url, { source: event.submitter || form, target: dialog, swap: "innerHTML" })
    .catch(() => {}) // said by fail()
    .finally(() => form.removeAttribute("aria-busy"));
});

document.addEventListener("htmx:beforeRequest", () => dialog.querySelector(":scope > .banner, .body > [data-failure]")?.remove());
// Once htmx has done its part, which ends with the focus on an [autofocus]: nothing takes it away from a hand later.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === dialog) settle();
});
/* A meeting link that is chosen while the choices are on their way anew stays chosen, where it is still offered. */
const CHOICES = "ev-choices";
let chosen = "";
document.addEventListener("change", (event) => {
  if (event.target.type === "radio" && event.target.closest(`#${CHOICES}`)) chosen = event.target.value;
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id === CHOICES) chosen = "";
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== CHOICES || !chosen) return;
  document.querySelector(`#${CHOICES} input[value="${CSS.escape(chosen)}"]:enabled:not(:checked)`)?.click();
});
// The week was drawn anew behind it.
document.addEventListener("week:refreshed", () => mark(isOpen() && Boolean(dialog.querySelector("[data-beside]"))));
/* Signed out meanwhile: to leave for the sign-in page would lose what was typed. */
dialog.addEventListener("htmx:beforeOnLoad", (event) => {
  const to = event.detail.xhr.getResponseHeader("HX-Redirect");
  const ended = document.getElementById("dialog-ended").content.querySelector("a").getAttribute("href");
  if (!to?.startsWith(ended.split("?")[0]) || !isOpen() || !typed) return;
  event.preventDefault();
  event.detail.isEnded = true;
  complain(piece("dialog-ended"));
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (!dialog.contains(event.detail.elt) || event.detail.isEnded) return;
  const { status } = event.detail.xhr;
  if (event.detail.xhr.getResponseHeader("HX-Redirect")) pushed = false; // on its way to another page: going back would stop it
  if (status === 204 && event.detail.requestConfig.verb !== "get") close();
  else if (status >= 400 && status !== 422) fail(status);
  else if (status === 0) fail(0);
});

/* A request of the dialog failed: said inside it, what was typed stays. Nothing loaded yet: closed again. */
function fail(status) {
  clearTimeout(slow);
  const words = document.getElementById("toasts").dataset;
  const text = status === 0 ? words.offline : status === 404 || status === 410 ? words.gone : words.failed;
  const banner = piece("dialog-failed");
  banner.querySelector("[data-text]").textContent = text;
  if (complain(banner)) return;
  close();
  document.dispatchEvent(new CustomEvent("toast", { detail: { message: text, level: "error" } }));
}
function complain(banner) {
  const body = isOpen() && !dialog.querySelector("[aria-busy=true].body") && dialog.querySelector(".body");
  if (!body) return false;
  body.querySelector(":scope > [data-failure]")?.remove();
  banner.firstElementChild.dataset.failure = "";
  body.prepend(banner);
  body.scrollTop = 0;
  return true;
}
document.addEventListener("dialog:close", close);

addEventListener("popstate", (event) => {
  const url = event.state?.dialog;
  if (url) {
    pushed = true;
    open(url, null, { history: false });
  } else if (isOpen()) {
    pushed = false;
    typed = false;
    shut();
  }
});

/* A page that arrives with its dialog filled (reload of a dialog's own address) shows it at once. */
if (dialog.querySelector(".head")) settle();
