"use strict";
// Follows what happens in the cluster: the server names what changed, the page fetches it. Without it a reload does.
{
  const body = document.body;
  const sign = document.getElementById("live");
  const said = document.getElementById("live-said");
  const headers = { "Edrportal-Live": "1" };
  const POLL = 15000, AGAIN = 60000, LOST = 1500;
  let stream = null, timer = 0, lost = 0, refreshing = 0, due = 0, wasOpen = false;
  const names = new Set(), waiting = new Map();

  const show = (state, text) => { sign.hidden = false; sign.dataset.state = state; if (sign.textContent !== text && state !== "on") said.textContent = text; sign.textContent = text; };
  const row = (name) => document.querySelector(`#table tr[data-name="${CSS.escape(name)}"]`);
  const isBusy = (element) => element.contains(document.activeElement) && document.activeElement !== body;

  // What somebody works on is left alone until they leave it.
  function swap(key, element, put) {
    if (!isBusy(element)) { waiting.delete(key); put(element); return; }
    if (!waiting.has(key)) element.addEventListener("focusout", () => setTimeout(() => free(key), 50), { once: true });
    waiting.set(key, () => swap(key, element, put));
  }
  function free(key) {
    const again = waiting.get(key);
    waiting.delete(key);
    again?.();
  }
  function putRow(old, fresh) {
    const box = old.querySelector("input[type=checkbox]"), now = fresh.querySelector("input[type=checkbox]");
    if (box && now) now.checked = box.checked;
    const status = (one) => one.querySelector(".badge")?.textContent;
    if (status(old) !== status(fresh)) refreshSoon();
    old.replaceWith(fresh);
    fresh.classList.add("is-fresh");
  }
  async function get(path) {
    const answer = await fetch(path, { headers, credentials: "same-origin" });
    return answer.ok ? answer.text() : "";
  }
  async function updateRow(name) {
    const text = await get(`${body.dataset.home}destinations/${encodeURIComponent(name)}/row`).catch(() => "");
    if (!text) { refreshSoon(); return; } // busy, or gone meanwhile
    const holder = document.createElement("template");
    holder.innerHTML = text;
    const fresh = holder.content.querySelector("tr"), old = row(name);
    if (!fresh || !old) return;
    said.textContent = `${name} changed: ${fresh.querySelector(".badge")?.textContent ?? ""}`;
    swap(name, old, (element) => putRow(element, fresh));
  }

  // The whole page anew, in its parts: the table row by row, everything else that is marked as a part.
  async function refresh() {
    refreshing = 0;
    const text = await get(location.href).catch(() => "");
    if (!text) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const fresh of page.querySelectorAll("[data-live-part]")) {
      const old = document.getElementById(fresh.id);
      if (!old || old.isEqualNode(fresh) || old.querySelector(".htmx-request")) continue;
      if (old.tagName !== fresh.tagName) { if (!isBusy(document.querySelector("main"))) location.reload(); return; }
      const open = [...old.querySelectorAll("details")].map((one) => one.open);
      const chosen = new Set([...old.querySelectorAll("input:checked")].map((one) => one.value.split(" ")[0]));
      swap(fresh.id, old, (element) => {
        fresh.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? one.open; });
        for (const one of fresh.querySelectorAll("input[type=checkbox]")) one.checked = chosen.has(one.value.split(" ")[0]);
        for (const one of fresh.querySelectorAll("[data-copy]")) one.hidden = !navigator.clipboard;
        element.replaceWith(fresh);
        window.htmx?.process(fresh);
      });
    }
  }
  function refreshSoon(most = 2000) {
    const at = Date.now() + 100 + Math.random() * most;
    if (refreshing && at >= due) return;
    clearTimeout(refreshing);
    due = at;
    refreshing = setTimeout(refresh, at - Date.now());
  }

  function changed(name) {
    if (body.dataset.form === name) document.getElementById("changed-meanwhile").hidden = false;
    if (body.dataset.page === name) { said.textContent = `${name} changed.`; refreshSoon(100); }
    seen(name);
  }
  function seen(name) {
    if (!document.getElementById("table")) return;
    if (!row(name)) { refreshSoon(); return; }
    if (!names.size) setTimeout(() => { const all = [...names]; names.clear(); all.length > 10 ? refreshSoon() : all.forEach(updateRow); }, 50);
    names.add(name);
  }
  function gone(name) {
    said.textContent = `${name} is gone.`;
    const old = row(name);
    if (old) swap(name, old, (element) => { element.remove(); refreshSoon(); });
    changed(name);
  }

  function opened() {
    clearTimeout(lost);
    clearTimeout(timer);
    show("on", "Live");
    if (wasOpen) refreshSoon(500); // what happened meanwhile
    wasOpen = true;
  }
  function failed() {
    if (document.hidden) return;
    if (stream.readyState !== EventSource.CLOSED) { // it tries again by itself
      clearTimeout(lost);
      lost = setTimeout(() => show("lost", "Connection lost, trying again…"), LOST);
      return;
    }
    close();
    wasOpen = true;
    show("poll", `Asks every ${POLL / 1000} seconds`);
    poll(Date.now() + AGAIN);
  }
  function poll(until) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (Date.now() > until) { open(); return; }
      if (!body.dataset.form) refresh();
      poll(until);
    }, POLL);
  }
  function open() {
    if (stream || document.hidden) return;
    stream = new EventSource(body.dataset.live);
    stream.addEventListener("open", opened);
    stream.addEventListener("error", failed);
    stream.addEventListener("changed", (event) => changed(event.data));
    stream.addEventListener("checked", (event) => { if (body.dataset.page === event.data) refreshSoon(100); seen(event.data); });
    stream.addEventListener("gone", (event) => gone(event.data));
    stream.addEventListener("everything", () => refreshSoon());
    stream.addEventListener("end", () => { close(); show("lost", "Signed out: reload to sign in again"); });
  }
  function close() {
    stream?.close();
    stream = null;
    clearTimeout(lost);
    clearTimeout(timer);
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  document.addEventListener("submit", close); // its own save is nobody else's change
  window.addEventListener("pagehide", close);
  open();
}
