// What only dialogs need: guests, formatted notes, and deleting later. Fetched with the first hand on the page, and there before
// a dialog is, so that its fields are whole when it opens. A form that is a page of its own brings the scripts it needs.
let fetched = null;

/* Never fails: where they cannot be had, fields are plain ones, and the next dialog asks again. */
export function forForms() {
  const wanted = [() => import("./guests.js"), () => import("./prose.js")];
  if (document.getElementById("week")) wanted.push(() => import("./later.js"));
  fetched ??= Promise.all(wanted.map((one) => one())).catch(() => (fetched = null));
  return fetched;
}
for (const name of ["pointerdown", "keydown"]) addEventListener(name, forForms, { capture: true, once: true, passive: true });
