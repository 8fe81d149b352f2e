// The description as it will look: an editor in place of the textarea it stands on, which keeps the words alone. What is
// written goes as HTML into the hidden field beside it once something changed; the server takes out all but a few tags.
const LINK = /^(https?:\/\/|mailto:)/i;

function enhance(field) {
  const plain = field.querySelector("textarea");
  const kept = field.querySelector("[name=notes_html]");
  const part = (name) => field.querySelector(`template[data-${name}]`).content.cloneNode(true);
  const box = document.createElement("div");
  const bar = part("tools").firstElementChild;
  const address = bar.querySelector("input");
  let range = null;

  Object.assign(box, { className: "textarea prose prose-edit", contentEditable: "true", role: "textbox", ariaMultiLine: "true" });
  box.setAttribute("aria-labelledby", "notes-h");
  for (const name of ["aria-describedby", "aria-invalid"]) if (plain.hasAttribute(name)) box.setAttribute(name, plain.getAttribute(name));
  box.append(part("text"));
  plain.hidden = true;
  plain.before(bar, box);
  field.querySelector("[data-plain]")?.remove();
  const id = plain.id;
  plain.removeAttribute("id");
  box.id = id; // the error summary and the label lead here

  const changed = () => (kept.value = box.innerHTML.trim() || "<br>");
  const run = (name, value) => {
    box.focus();
    document.execCommand("defaultParagraphSeparator", false, "p");
    document.execCommand(name, false, value);
    show();
  };
  const inLink = () => getSelection().anchorNode?.parentElement?.closest(".prose-edit a");
  function show() {
    for (const button of bar.querySelectorAll("[data-do]")) {
      const name = button.dataset.do;
      button.setAttribute("aria-pressed", String(name === "link" ? Boolean(inLink()) : document.queryCommandState(name)));
    }
  }
  function link() {
    const old = inLink();
    if (old) getSelection().selectAllChildren(old);
    if (old) return run("unlink");
    const chosen = getSelection();
    range = chosen.rangeCount && box.contains(chosen.anchorNode) ? chosen.getRangeAt(0) : null;
    address.hidden = false;
    address.value = "";
    address.focus();
  }
  function take(isWanted) {
    const text = address.value.trim();
    const url = LINK.test(text) ? text : `https://${text}`;
    address.hidden = true;
    box.focus();
    if (range) getSelection().removeAllRanges();
    if (range) getSelection().addRange(range);
    if (!isWanted || !text || !URL.canParse(url)) return;
    if (range && !range.collapsed) return run("createLink", url);
    const made = Object.assign(document.createElement("a"), { href: url, textContent: text });
    range ? range.insertNode(made) : box.append(made);
    getSelection().collapse(made, 1);
    changed();
  }

  box.addEventListener("input", changed);
  box.addEventListener("paste", (event) => {
    event.preventDefault();
    run("insertText", event.clipboardData.getData("text/plain"));
  });
  box.addEventListener("drop", (event) => event.preventDefault());
  box.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const name = { b: "bold", i: "italic", u: "underline", k: "link" }[event.key.toLowerCase()];
    if (!name) return;
    event.preventDefault();
    name === "link" ? link() : run(name);
  });
  for (const name of ["keyup", "pointerup", "focus"]) box.addEventListener(name, show);
  bar.addEventListener("pointerdown", (event) => event.target.closest("button") && event.preventDefault());
  bar.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name) name === "link" ? link() : run(name);
  });
  address.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    take(event.key === "Enter");
  });
  address.addEventListener("blur", () => !address.hidden && take(true));
}

function look(root) {
  for (const field of root.querySelectorAll("[data-prose]:not([data-ready])")) {
    field.dataset.ready = "";
    enhance(field);
  }
}
look(document);
document.addEventListener("htmx:load", (event) => look(event.detail.elt.parentElement || document));
