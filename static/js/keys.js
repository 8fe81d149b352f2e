// Single-key shortcuts. An element names the keys that press it: `data-key="t"`, `data-key="k ArrowLeft"`; `data-key-g="c"` is
// the sequence G, then C. They rest inside fields, while a dialog is open, and when the profile says so (`body[data-keys=off]`).
const FIELDS = "input:not([type=checkbox]), select, textarea, [contenteditable], [role=textbox]";
let afterG = 0;

function visible(attribute, key) {
  const found = document.querySelectorAll(`[${attribute}~="${CSS.escape(key)}"]`);
  return [...found].find((element) => element.checkVisibility?.() ?? element.offsetParent !== null);
}

document.addEventListener("keydown", (event) => {
  if (document.body.dataset.keys === "off" || event.defaultPrevented || event.isComposing) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest(FIELDS) || document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const sequence = Date.now() - afterG < 1500;
  afterG = 0;
  if (key === "g" && !sequence) {
    afterG = Date.now();
    return;
  }
  const target = visible(sequence ? "data-key-g" : "data-key", key);
  if (!target) return;
  event.preventDefault();
  if (target.matches(FIELDS)) target.focus();
  else target.click();
});
