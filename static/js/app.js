"use strict";
// Optional on every page: copy buttons, and the focus on the first problem.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.setAttribute("aria-live", "polite");
}
// The address after a write asks for a direct reading, once.
const here = new URL(location.href);
if (here.searchParams.has("after")) {
  here.searchParams.delete("after");
  history.replaceState(history.state, "", here);
}
// The sign-in page after a sign-out tells the other tabs, which hold forms.
if (document.querySelector("[data-signed-out]")) new BroadcastChannel("edrportal-session").postMessage({ out: true });
// An order is taken at once; without a script the button beside it does.
document.getElementById("sort")?.addEventListener("change", (event) => event.target.form.requestSubmit());
document.addEventListener("click", async (event) => { // the page may have been renewed in parts since
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.dataset.words ??= button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = button.dataset.words; }, 2000);
});
// A password field drops line breaks silently: report it, and keep a key of several lines out of it.
for (const field of document.querySelectorAll("input[type=password]")) {
  const note = Object.assign(document.createElement("p"), { className: "field__hint", role: "status" });
  field.after(note);
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    note.textContent = "";
    if (/[\r\n]/.test(text.replace(/[\r\n]+$/, ""))) {
      event.preventDefault();
      note.textContent = "This text has several lines, and a password field would drop the line breaks. Choose it as a file below.";
    } else if (/[\r\n]$/.test(text)) {
      note.textContent = "The line break at the end was removed.";
    }
  });
}
document.getElementById("problems")?.focus();

// Pages have times in UTC; show them in the viewer's own time zone, with UTC as the title.
const zone = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });
const named = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });
function tellTimes(root) {
  for (const one of root.querySelectorAll("time[datetime*=T]:not([title])")) {
    const moment = new Date(one.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const name = named.formatToParts(moment).find((part) => part.type === "timeZoneName").value;
    one.title = one.textContent;
    one.textContent = `${zone.format(moment)} ${name}`;
  }
}
tellTimes(document);
document.addEventListener("htmx:load", (event) => tellTimes(event.target));

// A page that the browser kept for its Back button may belong to someone who has signed out since.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
