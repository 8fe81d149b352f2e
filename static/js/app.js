// Staff pages: light or dark without a reload, what to say when a request fails, buttons that work, menus that close.
const root = document.documentElement;

/* Theme: at once here, kept by the server. */
function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  root.dataset.theme = isDark() ? "light" : "dark";
  const body = new FormData(form);
  body.set("theme", root.dataset.theme);
  fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
});

/* A form on its way: its button says so and cannot be pressed twice. */
let saying = 0;
document.addEventListener("submit", (event) => {
  const isEnter = event.submitter?.matches("[data-default]"); // pressed for the one that is seen
  const button = isEnter ? event.target.querySelector("[data-busy]") : event.submitter;
  if (!button?.dataset.busy) return;
  if (button.getAttribute("aria-disabled") === "true") return event.preventDefault();
  saying = setTimeout(() => {
    // after the browser has read the form, so that the button's own name and value are sent
    button.style.minInlineSize = `${button.offsetWidth}px`;
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  });
});
function rest() {
  clearTimeout(saying); // an answer, or that there is none, may come before the word
  for (const button of document.querySelectorAll("[data-label][aria-disabled]")) {
    button.textContent = button.dataset.label;
    button.removeAttribute("aria-disabled");
    delete button.dataset.label;
  }
}
addEventListener("pageshow", rest);
document.addEventListener("htmx:afterRequest", rest);

/* A failed request of htmx outside the dialog (the dialog speaks for itself). */
function say(name) {
  const message = document.getElementById("toasts").dataset[name];
  document.dispatchEvent(new CustomEvent("toast", { detail: { message, level: "error" } }));
}
const ours = (event) => !document.getElementById("dialog").contains(event.detail.elt) && !event.detail.elt.hasAttribute?.("data-quiet");
document.addEventListener("htmx:responseError", (event) => {
  if (ours(event)) say(event.detail.xhr.status === 404 ? "gone" : "failed");
});
document.addEventListener("htmx:sendError", (event) => {
  if (ours(event)) say("offline");
});

/* Filters and boxes send themselves; without scripts they have a button. */
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-auto]")) form.requestSubmit();
});

/* Copy: `<button data-copy="text" data-copied="Copied">`. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  document.dispatchEvent(new CustomEvent("toast", { detail: { message: button.dataset.copied } }));
});

/* Menus: a press elsewhere or Escape closes them. */
document.addEventListener("pointerdown", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

/* Hours that are not saved: leaving the page asks, once. Sending the form, or Undo, is no leaving. */
let asked = false;
const trust = (form) => form?.matches("[data-guard]") && delete form.dataset.unsaved;
document.addEventListener("input", ({ target }) => {
  if (target.form?.matches("[data-guard]")) target.form.dataset.unsaved = "";
});
document.addEventListener("submit", (event) => trust(event.target));
document.addEventListener("click", (event) => trust(event.target.closest("[data-discard-changes]")?.closest("form")));
addEventListener("beforeunload", (event) => {
  if (asked || !document.querySelector("form[data-unsaved]")) return;
  asked = true;
  event.preventDefault();
});

/* A form that came back refused: its summary takes the focus, on a page of its own too. */
document.querySelector("main [data-autofocus]")?.focus();
