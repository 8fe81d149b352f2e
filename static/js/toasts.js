// Toasts: something that just happened. Six seconds, longer while hovered or focused; failures stay until dismissed.
// Fed by the server (`HX-Trigger: {"toast": {"message": …, "level": …, "undo_url": …}}`), by a `toast` event, or by the page.
const LIFE = 6000;
const region = document.getElementById("toasts");

function arm(toast) {
  if (toast.dataset.level === "error") return;
  let timer = 0;
  const start = () => (timer = setTimeout(() => leave(toast), LIFE));
  const stop = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
  start();
}

/* Gone for good: whoever waited for it goes on. */
function leave(toast) {
  if (!toast.isConnected) return;
  toast.remove();
  toast.dispatchEvent(new CustomEvent("gone"));
}

/* `undo` is what a script does for Undo, `undo_url` an address to post to; `gone` is called when it leaves without an Undo.
   `anyway` is what it does for "Move anyway" instead, `open_url` the address of a dialog. */
function toast({ message, level = "success", undo_url: url, undo = null, anyway = null, open_url: opens, gone = null }) {
  if (!message) return;
  const failed = level === "error" || level === "warning";
  const made = document.getElementById("toast-piece").content.firstElementChild.cloneNode(true);
  made.dataset.level = level;
  if (failed) made.setAttribute("role", "alert");
  made.querySelector(`[data-icon=${failed ? "ok" : "failed"}]`).remove();
  made.querySelector("[data-text]").textContent = message;
  const back = made.querySelector("[data-undo]");
  if (gone) made.addEventListener("gone", gone);
  const act = undo || anyway;
  if (act || url) {
    back.textContent = anyway ? region.dataset.anywayLabel : region.dataset.undoLabel;
    back.addEventListener("click", () => {
      made.remove();
      if (act) act();
      else htmx.ajax("POST", url, { swap: "none", source: document.body });
    });
  } else {
    back.remove();
  }
  const link = made.querySelector("[data-open]");
  if (opens) {
    link.href = opens;
    link.textContent = region.dataset.openLabel;
    link.dataset.dialog = "";
    link.addEventListener("click", () => setTimeout(() => made.remove()));
  } else {
    link.remove();
  }
  const dismiss = made.querySelector("[data-dismiss]");
  dismiss.setAttribute("aria-label", region.dataset.closeLabel);
  dismiss.addEventListener("click", () => leave(made));
  region.append(made);
  arm(made);
}

document.addEventListener("toast", (event) => toast(event.detail || {}));
for (const given of [...region.querySelectorAll("[data-toast]")]) {
  // One that came with the page gets the same buttons; said again, it is announced too.
  given.remove();
  toast({ message: given.textContent.trim(), level: given.dataset.level });
}
