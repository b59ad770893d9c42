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

// Show which registries a config.json has an account for; the server reads every other kind of file.
const said = { set textContent(text) { const line = $("import-said"); if (line) line.textContent = text; } };
function accountsIn(text) {
  try {
    const auths = JSON.parse(text).auths ?? {};
    return Object.entries(auths).filter(([key, entry]) =>
      (entry?.auth || entry?.password) && !/\/v1\/(access|refresh)-token$/.test(key)).map(([key, entry]) => {
      const [host, ...path] = key.replace(/^[A-Za-z][\w+.-]*:\/\//, "").split("/");
      const name = entry.username || atob(entry.auth ?? "").split(":")[0];
      const above = path.join("/").replace(/(^|\/)v[12]\/?$/, "").replace(/\/$/, "");
      return { host: host === "index.docker.io" ? "docker.io" : host.split("@").pop(), above, name };
    });
  } catch {
    return [];
  }
}
function take(account) {
  for (const [id, value] of [["id_host", account.host], ["id_organization", account.above], ["id_username", account.name]]) {
    if (!value || !$(id)) continue;
    $(id).value = value;
    $(id).dispatchEvent(new Event("input", { bubbles: true }));
  }
  said.textContent = `The credentials for ${account.host} are read from the file when you save.`;
}
function offer(accounts) {
  const box = $("import-choices"), set = $("id_import_host");
  for (const old of set.querySelectorAll("label")) old.remove();
  box.hidden = accounts.length < 2;
  if (accounts.length === 1) take(accounts[0]);
  if (accounts.length === 0) said.textContent = "The file is read when you save.";
  if (accounts.length < 2) return;
  said.textContent = `The file has ${accounts.length} accounts. Choose one.`;
  for (const account of accounts) {
    const label = Object.assign(document.createElement("label"), { className: "choice" });
    const value = account.above ? `${account.host}/${account.above}` : account.host;
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "import_host", value });
    radio.addEventListener("change", () => take(account));
    label.append(radio, ` ${value}`);
    set.append(label);
  }
}
document.addEventListener("input", (event) => { if (event.target.id === "id_import_text") offer(accountsIn(event.target.value)); });
document.addEventListener("change", async (event) => {
  const file = event.target.id === "id_import_file" && event.target.files[0];
  if (file) offer(file.size < 300000 ? accountsIn(await file.text()) : []);
});
