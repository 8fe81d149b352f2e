// A deletion that can still be undone: the event leaves the page at once, its provider is told when the toast has gone.
// Waiting, and not making the event anew, is the choice that loses nothing: guests get no cancellation and no second invitation,
// answers, meeting link, series and tasks stay. Leaving the page in between deletes at once; a page that dies deletes nothing.
import { post, toast } from "./grid.js";

const pending = new Map(); // id of the block -> what deletes it
const words = () => document.getElementById("toasts").dataset;

/* Every part of it that is shown: an event of several days stands on each of them. */
function parts(id) {
  const links = document.querySelectorAll(`#week a[href$="/${CSS.escape(id.replace("ev-", ""))}"]`);
  return [...links].map((link) => link.closest("li, .ad"));
}
function hide() {
  for (const id of pending.keys()) for (const part of parts(id)) part.hidden = true;
}
function back(id) {
  pending.delete(id);
  for (const part of parts(id)) part.hidden = false;
}

/* What is deleted: of a series it may be more than the one event. */
function said(form) {
  const scope = form.querySelector("[name=scope]:checked")?.value;
  return { following: form.dataset.saidFollowing, all: form.dataset.saidAll }[scope] || form.dataset.said;
}

async function reason(answer) {
  if (answer.status !== 422) return words()[answer.status === 404 ? "gone" : "failed"];
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector(".error-summary li")?.textContent.trim() || words().failed;
}
async function carryOut(id, { leaving = false } = {}) {
  const wanted = pending.get(id);
  if (!wanted || wanted.sent) return;
  wanted.sent = true;
  let problem = "";
  try {
    const answer = await post(wanted.url, wanted.values, { leaving });
    if (answer.type === "opaqueredirect" || answer.headers.get("HX-Redirect")) return location.reload();
    if (!answer.ok) problem = await reason(answer);
  } catch {
    problem = words().offline;
  }
  if (problem) {
    back(id);
    toast({ message: problem, level: "error" });
    return;
  }
  document.addEventListener("week:refreshed", () => pending.delete(id), { once: true });
  document.dispatchEvent(new CustomEvent("events:changed"));
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target.closest?.("dialog form[data-later]");
    const id = form?.dataset.later;
    if (!id || !document.getElementById("week")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pending.set(id, { url: form.action, values: new FormData(form, event.submitter), sent: false });
    document.dispatchEvent(new CustomEvent("dialog:close"));
    hide();
    toast({ message: said(form), undo: () => back(id), gone: () => carryOut(id) });
    document.getElementById("week").focus({ preventScroll: true });
  },
  true,
);
document.addEventListener("week:refreshed", hide);
addEventListener("pagehide", () => {
  for (const id of pending.keys()) carryOut(id, { leaving: true });
});
