// Guests of an event as chips: completes names and addresses, takes several at once, and keeps the field's own text,
// which is what the form sends. A press on a suggested time fills in the times. Without it both are plain fields.
const PAUSE = 200;
const FEWEST = 2;
const ADDRESS = /^[^\s@<>,;"']+@[^\s@<>,;"']+\.[^\s@<>,;"'.]+$/;
let counter = 0;

function enhance(root) {
  for (const field of root.querySelectorAll?.("[data-guests]:not([data-ready])") ?? []) new Guests(field);
}

class Guests {
  constructor(field) {
    this.field = field;
    this.words = field.dataset;
    this.source = field.querySelector("textarea");
    this.guests = []; // { email, name }
    this.options = [];
    this.active = -1;
    field.dataset.ready = "";
    this.build();
    this.add(split(this.source.value), { quiet: true });
  }

  build() {
    const { source, field } = this;
    const id = `guests-list-${(counter += 1)}`;
    this.chips = element("ul", { role: "list" });
    this.input = element("input", {
      id: source.id, type: "text", role: "combobox", autocomplete: "off", autocapitalize: "none", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
    });
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (source.hasAttribute(name)) this.input.setAttribute(name, source.getAttribute(name));
    }
    this.list = element("ul", { id, role: "listbox", class: "pop guest-list", "aria-label": this.words.wordList, hidden: "" });
    this.status = element("span", { class: "sr-only", role: "status" });
    const box = element("div", { class: "chips-field" });
    box.append(this.chips, this.input);
    source.id = `${source.id}_value`;
    source.hidden = true;
    source.after(box, this.list, this.status);
    box.addEventListener("click", (event) => event.target === box && this.input.focus());
    this.chips.addEventListener("click", (event) => this.press(event));
    this.chips.addEventListener("keydown", (event) => this.chipKey(event));
    this.input.addEventListener("input", () => this.typing());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("paste", (event) => this.paste(event));
    this.input.addEventListener("blur", () => this.take());
    // The field keeps the focus while an option is pressed.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
  }

  /* --- Who is invited --- */

  add(people, { quiet = false } = {}) {
    let added = null;
    for (const one of people) {
      if (this.guests.some((known) => known.email.toLowerCase() === one.email.toLowerCase())) continue;
      this.guests.push(one);
      this.chips.append(this.chip(one));
      added = one;
    }
    if (added && !quiet) {
      this.tell();
      this.say(this.words.wordAdded.replace("{name}", added.name));
    }
  }

  chip(one) {
    const chip = this.field.querySelector("[data-piece=chip]").content.firstElementChild.cloneNode(true);
    const isWrong = !ADDRESS.test(one.email);
    chip.classList.toggle("is-wrong", isWrong);
    chip.querySelector("[data-text]").textContent = one.name;
    chip.title = isWrong ? this.words.wordWrong : one.email;
    if (isWrong) chip.querySelector("[data-text]").append(element("span", { class: "sr-only" }, `, ${this.words.wordWrong}`));
    chip.querySelector("button").setAttribute("aria-label", this.words.wordRemove.replace("{name}", one.name));
    return chip;
  }

  remove(place) {
    const [gone] = this.guests.splice(place, 1);
    const chip = this.chips.children[place];
    const held = chip.contains(document.activeElement);
    chip.remove();
    if (held) (this.chips.children[Math.min(place, this.guests.length - 1)]?.querySelector("button") ?? this.input).focus();
    this.tell();
    this.say(this.words.wordRemoved.replace("{name}", gone.name));
  }

  /* What the form sends, and those who follow it, hear of the change. */
  tell() {
    this.source.value = this.guests.map((one) => one.email).join(", ");
    this.source.dispatchEvent(new Event("input", { bubbles: true }));
    this.source.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /* Whatever stands in the input becomes a guest. */
  take() {
    const people = split(this.input.value);
    this.input.value = "";
    this.close();
    this.add(people);
  }

  press(event) {
    const chip = event.target.closest("button")?.parentElement;
    if (chip) this.remove([...this.chips.children].indexOf(chip));
  }

  chipKey(event) {
    const place = [...this.chips.children].indexOf(event.target.parentElement);
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1 }[event.key];
    if (event.key === "Backspace" || event.key === "Delete") {
      event.preventDefault();
      this.remove(place);
    } else if (to !== undefined) {
      event.preventDefault();
      if (to >= 0) (this.chips.children[to]?.querySelector("button") ?? this.input).focus();
    }
  }

  /* --- Typing --- */

  key(event) {
    const isOpen = !this.list.hidden;
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!isOpen) return;
      event.preventDefault();
      this.mark(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault(); // only the list closes, not the dialog
      event.stopPropagation();
      this.close();
    } else if (event.key === "Enter" && isOpen && (this.active >= 0 || !ADDRESS.test(this.input.value.trim()))) {
      event.preventDefault();
      this.choose(this.options[Math.max(this.active, 0)]); // a name means the best of those it found
    } else if (["Enter", ",", ";"].includes(event.key) && this.input.value.trim()) {
      event.preventDefault();
      this.take();
    } else if (event.key === " " && ADDRESS.test(this.input.value.trim())) {
      event.preventDefault();
      this.take();
    } else if (event.key === "Tab" && isOpen && this.active >= 0) {
      this.choose(this.options[this.active]);
    } else if ((event.key === "Backspace" || event.key === "ArrowLeft") && this.input.value === "" && this.guests.length) {
      event.preventDefault();
      if (event.key === "Backspace") this.remove(this.guests.length - 1);
      else this.chips.lastElementChild.querySelector("button").focus();
    }
  }

  paste(event) {
    const text = event.clipboardData.getData("text");
    if (!/[\s,;<]/.test(text.trim()) || !text.includes("@")) return;
    event.preventDefault();
    this.input.value = "";
    this.close();
    this.add(split(text));
  }

  typing() {
    clearTimeout(this.waiting);
    this.asked?.abort();
    const typed = this.input.value.trim();
    if (typed.length < FEWEST) return this.close();
    this.waiting = setTimeout(() => this.ask(typed), PAUSE);
  }

  async ask(typed) {
    const { signal } = (this.asked = new AbortController());
    const address = `${this.words.guests}?${new URLSearchParams({ q: typed })}`;
    let markup = "";
    try {
      const answer = await fetch(address, { signal, headers: { "X-Requested-With": "fetch" }, redirect: "error" });
      if (answer.ok) markup = await answer.text();
    } catch {
      // nobody there: an address can still be typed
    }
    if (signal.aborted) return; // a newer question is on its way, and this one has no say
    if (markup) this.show(markup);
    else this.close();
  }

  show(markup) {
    if (document.activeElement !== this.input) return;
    this.list.innerHTML = markup;
    const chosen = new Set(this.guests.map((one) => one.email.toLowerCase()));
    this.options = [...this.list.children].filter((one) => !chosen.has(one.dataset.email.toLowerCase()) || one.remove());
    if (!this.options.length) {
      this.close();
      return this.say(this.words.wordNobody);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(-1);
    this.list.scrollIntoView({ block: "nearest" });
    this.say(this.words.wordFound.replace("{count}", this.options.length));
  }

  mark(place) {
    const count = this.options.length;
    this.active = place < -1 ? count - 1 : place >= count ? -1 : place;
    this.options.forEach((one, number) => one.setAttribute("aria-selected", String(number === this.active)));
    const one = this.options[this.active];
    if (one) this.input.setAttribute("aria-activedescendant", one.id);
    else this.input.removeAttribute("aria-activedescendant");
    one?.scrollIntoView({ block: "nearest" });
  }

  choose(option) {
    if (!option) return;
    this.input.value = "";
    this.close();
    this.add([{ email: option.dataset.email, name: option.dataset.name }]);
  }

  close() {
    clearTimeout(this.waiting);
    this.asked?.abort();
    this.list.hidden = true;
    this.list.replaceChildren();
    this.options = [];
    this.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  }

  say(words) {
    this.status.textContent = words;
  }
}

function element(tag, attributes, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

/* People in a text: `Kim Lowe <kim@x>; jo@y, sam@z`. What is no address is kept, to be put right. */
function split(text) {
  const found = [];
  for (const part of text.split(/[,;\n]+/)) {
    const named = part.match(/^\s*"?([^"<]*?)"?\s*<([^<>\s]+)>\s*$/);
    if (named) found.push({ email: named[2], name: named[1].trim() || named[2] });
    else if (part.includes("@")) found.push(...part.split(/\s+/).filter(Boolean).map(plain));
    else if (part.trim()) found.push(plain(part.trim()));
  }
  return found;
}

function plain(text) {
  const email = text.replace(/^[<"']+|[>"'.]+$/g, "") || text;
  return { email, name: email };
}

/* A suggested time fills in the form, in place. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("#ev-times [name=update]");
  if (!button) return;
  event.preventDefault();
  const [start, end] = button.value.slice("time:".length).split("/");
  const { form } = button;
  const set = (name, value) => (form.elements[name].value = value);
  const changed = (name) => {
    for (const kind of ["input", "change"]) form.elements[name].dispatchEvent(new Event(kind, { bubbles: true }));
  };
  form.elements.all_day.checked = false;
  set("day", start.slice(0, 10));
  changed("day"); // the last day goes along with it, so it is set after
  set("start", start.slice(11, 16));
  set("end", end.slice(11, 16));
  set("last_day", end.slice(0, 10));
  changed("last_day");
});

/* Without guests nobody's time is asked for; the last answer may be there yet, to be taken back. */
document.addEventListener("htmx:beforeRequest", (event) => {
  const section = event.detail.elt;
  if (section.id === "ev-times" && !section.querySelector("p") && !section.closest("form").elements.guests.value.trim()) event.preventDefault();
});

/* A meeting link chosen by hand stays. Until then the server chooses, by whether there are guests, and a hint says what;
   without this script a choice of its own says so. */
const leave = (root) => root.querySelectorAll?.("[name=link_left]").forEach((field) => (field.disabled = false));
document.addEventListener("change", (event) => {
  const left = event.target.name === "conference" && event.target.form.querySelector("[name=link_left]");
  if (!left) return;
  event.target.closest("fieldset").querySelector(".hint")?.remove();
  left.remove();
});

for (const ready of [enhance, leave]) {
  document.addEventListener("htmx:load", (event) => ready(event.detail.elt));
  ready(document);
}
