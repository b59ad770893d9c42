"use strict";
// Optional in forms: every form works without it, and the server's rules decide.
const $ = (id) => document.getElementById(id);

// Hide the buttons that only help without JavaScript.
for (const one of document.querySelectorAll("[data-plain]")) one.hidden = true;

// New certificates replace the old ones; a suggestion goes into its field.
function replaceCertificates(event) {
  if (!event.target.matches("#id_bundle_text, #id_bundle_file") || !event.target.value.trim()) return;
  const [keep, replace] = ["keep", "replace"].map((value) => document.querySelector(`[name=bundle_choice][value=${value}]`));
  if (keep?.checked && replace) replace.checked = true;
}
document.addEventListener("input", replaceCertificates);
document.addEventListener("change", replaceCertificates);
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[name=suggest]");
  const field = button && $(button.dataset.field);
  if (!field) return;
  event.preventDefault();
  field.value = button.dataset.value;
  field.removeAttribute("aria-invalid");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  button.remove();
});

// What a preview cannot show, such as a file that is too large, is said in its place.
document.addEventListener("htmx:responseError", ({ detail: { target, xhr } }) => {
  if (!target.matches(".preview") || xhr.status === 401 || !xhr.getResponseHeader("Content-Type")?.startsWith("text/plain")) return;
  target.replaceChildren(Object.assign(document.createElement("p"), { className: "notice notice--danger", textContent: xhr.responseText }));
});

// Open the guide if there is room beside the form, and fill empty fields with values that are the same for everyone.
const wide = matchMedia("(min-width: 80rem)");
function settleGuide(isNew) {
  const guide = document.querySelector("#guide details");
  if (!guide) return;
  guide.open = wide.matches;
  if (!isNew) return;
  for (const one of document.querySelectorAll("[data-fill]")) {
    const field = $(one.dataset.fill);
    if (field && !field.value && field !== document.activeElement) {
      field.value = one.textContent;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}
settleGuide(false);
wide.addEventListener("change", () => settleGuide(false));
document.addEventListener("change", (event) => { if (event.target.id === "id_preset") event.target.dataset.chosen = "1"; });
document.body.addEventListener("htmx:oobAfterSwap", () => {
  settleGuide($("id_preset")?.dataset.chosen === "1");
  delete $("id_preset")?.dataset.chosen;
});

// Files may be dropped on their field. Several certificates dropped at once go into the text, one after the other.
function makeDropZones() {
  for (const input of document.querySelectorAll("input[type=file]")) {
    const text = input.closest("form").querySelector(`#${input.id.replace("_file", "_text")}`);
    for (const zone of [input.closest(".field"), text?.closest(".field")]) zone && makeDropZone(zone, input, text);
  }
}
makeDropZones();
document.addEventListener("edrportal:form", () => { makeDropZones(); settleGuide(false); }); // the server sent the form again
function makeDropZone(zone, input, text) {
  const mark = (on) => zone.classList.toggle("field--drop", on);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); mark(true); });
  zone.addEventListener("dragleave", () => mark(false));
  zone.addEventListener("drop", async (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    mark(false);
    const files = [...event.dataTransfer.files];
    if (files.length > 1 && text) {
      const read = await Promise.all(files.map((file) => file.text())); // all of them: the server refuses too much
      text.value = [text.value, ...read].filter(Boolean).join("\n");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    } else {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}

// What the server found in an imported file goes into the fields.
function take(found) {
  for (const name of ["host", "organization", "username", "expires_on"]) {
    const field = $(`id_${name}`), value = found.dataset[name];
    if (!field || !value) continue;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "import-found") return;
  for (const one of event.target.querySelectorAll("[data-plain]")) one.hidden = true;
  const found = event.target.querySelector("dl[data-take]");
  if (found) take(found);
});
document.addEventListener("change", (event) => { if (event.target.matches("input[data-take]")) take(event.target); });
