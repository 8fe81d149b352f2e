// How much of a series is meant when one of its events is moved: asked in the dialog, before anything is sent.

/* "this", "following" or "all"; null when it is to stay where it is. What was drawn stays until then. */
export function askScope(event, values) {
  const dialog = document.getElementById("dialog");
  const url = new URL(`${event.url}/move`, location.origin);
  for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return new Promise((resolve) => {
    const done = (answer) => {
      document.removeEventListener("submit", chosen, true);
      document.removeEventListener("htmx:afterRequest", failed);
      dialog.removeEventListener("close", left);
      resolve(answer);
    };
    const chosen = (submitted) => {
      const form = submitted.target.closest?.("dialog form[data-move]");
      if (!form) return;
      submitted.preventDefault();
      submitted.stopImmediatePropagation();
      done(new FormData(form).get("scope"));
      document.dispatchEvent(new CustomEvent("dialog:close"));
    };
    const left = () => done(null);
    // A question that could not be loaded opens nothing, or says so and is closed by hand.
    const failed = ({ detail }) => {
      const isOurs = detail.pathInfo?.requestPath?.startsWith(url.pathname) || detail.pathInfo?.requestPath?.startsWith(url.href);
      if (isOurs && !detail.successful) setTimeout(() => dialog.open || done(null));
    };
    document.addEventListener("submit", chosen, true);
    document.addEventListener("htmx:afterRequest", failed);
    dialog.addEventListener("close", left);
    document.dispatchEvent(new CustomEvent("dialog:open", { detail: { url: url.href, opener: event.link } }));
  });
}
