// A note of the browser some minutes before an event of the day or week that is open. Asked for with a button, kept in this
// browser only, fed by what the page shows: no service pushes anything, and a closed page stays silent.
const KEPT = "meridian:notify";
const TOLD = "meridian:told";
const AHEAD = 10; // minutes
const button = document.querySelector("[data-notify]");
const minutesOf = (wall) => Date.parse(`${wall}Z`) / 60000;
const isOn = () => localStorage.getItem(KEPT) === "on" && Notification.permission === "granted";
const toast = (message, level) => document.dispatchEvent(new CustomEvent("toast", { detail: { message, level } }));
let offset = null; // the zone's wall clock minus this machine's, in minutes

function readNow() {
  const wall = document.getElementById("week")?.dataset.now;
  offset = wall ? minutesOf(wall) - Math.floor(Date.now() / 60000) : null;
}
function tell() {
  if (offset === null || !isOn()) return;
  const now = Date.now() / 60000 + offset;
  const told = new Set(JSON.parse(sessionStorage.getItem(TOLD) || "[]"));
  for (const block of document.querySelectorAll("#week .ev[data-s]:not(.is-declined)")) {
    const link = block.querySelector("a[id]");
    const wait = minutesOf(block.dataset.s) - now;
    const key = `${link?.id} ${block.dataset.s}`;
    if (!link || wait <= 0 || wait > AHEAD || told.has(key)) continue;
    told.add(key);
    const place = link.querySelector(".x")?.textContent.trim();
    const note = new Notification(link.querySelector(".t").textContent, {
      body: [`${block.dataset.s.slice(11)}–${block.dataset.e.slice(11)}`, place].filter(Boolean).join(", "), tag: key,
    });
    note.addEventListener("click", () => {
      focus();
      document.dispatchEvent(new CustomEvent("dialog:open", { detail: { url: link.href, opener: link } }));
    });
  }
  sessionStorage.setItem(TOLD, JSON.stringify([...told]));
}
function show() {
  button.setAttribute("aria-pressed", String(isOn()));
  button.querySelector("[data-text]").textContent = isOn() ? button.dataset.on : button.dataset.off;
}

if (button && "Notification" in window && document.querySelector("#week .wk-body")) {
  button.hidden = false;
  show();
  button.addEventListener("click", async () => {
    if (isOn()) localStorage.removeItem(KEPT);
    else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(KEPT, "on");
      toast(button.dataset.said);
    } else toast(button.dataset.refused, "error");
    show();
    tell();
  });
  readNow();
  tell();
  setInterval(tell, 20000);
  document.addEventListener("week:refreshed", () => {
    readNow();
    tell();
  });
}
