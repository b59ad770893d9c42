"use strict";
// Follows changes in the cluster: the server names what changed, and the page fetches it.
{
  const body = document.body;
  const sign = document.getElementById("live");
  const said = document.getElementById("live-said");
  const headers = { "Edrportal-Live": "1" };
  const POLL = 15000, AGAIN = 60000, LOST = 1500, SILENT = 10000, EACH = 15;
  const GONE = "Connection lost, reconnecting…", ASKS = `Refreshes every ${POLL / 1000} seconds`;
  let stream = null, timer = 0, lost = 0, silent = 0, refreshing = 0, pages = 1, since = body.dataset.moment;
  const names = new Set(), waiting = new Map();

  const show = (state, text) => { sign.hidden = false; sign.dataset.state = state; if (sign.textContent !== text && state !== "on") said.textContent = text; sign.textContent = text; };
  const row = (name) => document.querySelector(`#table tr[data-name="${CSS.escape(name)}"]`);
  const isBusy = (element) => element.contains(document.activeElement) && document.activeElement !== body;

  const version = (page) => page.querySelector("main [name=resource_version]")?.value;
  const warn = () => document.getElementById("changed-meanwhile")?.removeAttribute("hidden");
  const hush = () => document.getElementById("table")?.setAttribute("aria-live", "off"); // changes are announced briefly instead

  // Leave an element alone while it has the focus.
  function swap(key, element, put) {
    if (!isBusy(element)) { waiting.delete(key); put(element); return; }
    if (!waiting.has(key)) element.addEventListener("focusout", () => setTimeout(() => waiting.get(key)?.(), 50), { once: true });
    waiting.set(key, () => { waiting.delete(key); swap(key, element, put); });
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
    return answer.ok ? answer.text() : answer.status === 404 ? null : "";
  }
  async function updateRow(name) {
    const text = await get(`${body.dataset.home}destinations/${encodeURIComponent(name)}/row`).catch(() => "");
    if (!text) { refreshSoon(); return; } // busy, or removed in the meantime
    const holder = document.createElement("template");
    holder.innerHTML = text;
    const fresh = holder.content.querySelector("tr"), old = row(name);
    if (!fresh || !old) return;
    said.textContent = `${name} changed: ${fresh.querySelector(".badge")?.textContent ?? ""}`;
    swap(name, old, (element) => putRow(element, fresh));
  }

  // Refresh the whole page in its parts: the table row by row, and everything marked as a part.
  async function refresh() {
    const here = location.href;
    refreshing = 0;
    const text = await get(here).catch(() => "");
    if (text === "" && stream) setTimeout(refreshSoon, 2000 + Math.random() * 2000); // busy
    const page = new DOMParser().parseFromString(text ?? "", "text/html");
    if (body.dataset.form && text !== "" && version(page) !== version(document)) warn();
    if (!text || body.dataset.form) return text !== "";
    if (location.href !== here) { refreshSoon(); return true; } // someone searched in the meantime
    for (const fresh of page.querySelectorAll("[data-live-part]")) {
      const old = document.getElementById(fresh.id);
      if (!old || old.isEqualNode(fresh) || old.querySelector(".htmx-request")) continue;
      if (old.tagName !== fresh.tagName) { if (!isBusy(document.querySelector("main"))) location.reload(); return true; }
      const open = [...old.querySelectorAll("details")].map((one) => one.open);
      const chosen = new Set([...old.querySelectorAll("input:checked")].map((one) => one.value.split(" ")[0]));
      swap(fresh.id, old, (element) => {
        fresh.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? one.open; });
        for (const one of fresh.querySelectorAll("input[type=checkbox]")) one.checked = chosen.has(one.value.split(" ")[0]);
        for (const one of fresh.querySelectorAll("[data-copy]")) one.hidden = !navigator.clipboard;
        element.replaceWith(fresh);
        window.htmx?.process(fresh);
        hush();
      });
    }
    return true;
  }
  function refreshSoon() { // not every page at once
    if (!refreshing) refreshing = setTimeout(refresh, 50 + Math.random() * pages * EACH);
  }

  function changed(name) {
    if (body.dataset.form === name) warn();
    if (body.dataset.page === name) { said.textContent = `${name} changed.`; refreshSoon(); }
    seen(name);
  }
  function seen(name) {
    if (!document.getElementById("table")) return;
    if (!row(name)) { refreshSoon(); return; }
    if (!names.size) setTimeout(updateRows, 50);
    names.add(name);
  }
  function updateRows() { names.size > 10 ? refreshSoon() : names.forEach(updateRow); names.clear(); }
  function gone(name) {
    said.textContent = `${name} was removed.`;
    const old = row(name);
    if (old) swap(name, old, (element) => { element.remove(); refreshSoon(); });
    changed(name);
  }

  function opened() { clearTimeout(lost); clearTimeout(timer); show("on", "Live"); }
  function failed() {
    if (document.hidden) return;
    if (stream.readyState === EventSource.CLOSED) { fall(); return; }
    clearTimeout(lost); // it tries again by itself
    lost = setTimeout(() => show("lost", GONE), LOST);
  }
  function fall() { close(); show("poll", ASKS); poll(Date.now() + AGAIN); }
  function alive() { // a connection can die without a word
    clearTimeout(silent);
    silent = setTimeout(() => { close(); show("lost", GONE); open(); }, SILENT);
  }
  function poll(until) {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (Date.now() > until) { open(); return; }
      poll(until);
      const answered = await refresh();
      if (!stream) show(answered ? "poll" : "lost", answered ? ASKS : GONE);
    }, POLL);
  }
  function open() {
    if (stream || document.hidden) return;
    stream = new EventSource(`${body.dataset.live}?since=${encodeURIComponent(since)}`);
    stream.addEventListener("open", opened);
    stream.addEventListener("error", failed);
    const on = (kind, act) => stream.addEventListener(kind, (event) => { since = event.lastEventId || since; alive(); act(event.data); });
    on("alive", (open) => { pages = Number(open) || 1; });
    on("changed", changed);
    on("checked", (name) => { if (body.dataset.page === name) refreshSoon(); seen(name); });
    on("gone", gone);
    on("everything", refreshSoon);
    on("behind", fall);
    on("end", () => { close(); show("lost", "Signed out: reload to sign in again"); document.dispatchEvent(new CustomEvent("edrportal:signed-out")); });
    alive();
  }
  function close() {
    stream?.close();
    stream = null;
    for (const one of [lost, timer, silent]) clearTimeout(one);
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "table") said.textContent = `${event.target.querySelectorAll("tbody tr").length} rows shown`;
  });
  document.addEventListener("submit", close); // its own save is no change by others
  window.addEventListener("pagehide", close);
  hush();
  open();
}
