"use strict";
// Warns before the session expires, with a button to extend it. The server decides; this only counts down.
(() => {
  const box = document.getElementById("session");
  const [stay, again] = [box.querySelector("button"), box.querySelector("a")];
  const said = document.getElementById("session-said");
  const tabs = new BroadcastChannel("edrportal-session");
  const WARN = 120;
  const SECRETS = "input[type=password], input[type=file], #id_import_text, #id_value";
  let idleEnd, wholeEnd, warned = "", out = false, refused = false;

  function set({ idle, whole, token }) {
    const now = Date.now();
    [idleEnd, wholeEnd] = [now + idle * 1000, now + whole * 1000];
    if (token) for (const one of document.getElementsByName("csrfmiddlewaretoken")) one.value = token;
  }
  const left = () => Math.round((Math.min(idleEnd, wholeEnd) - Date.now()) / 1000);
  const inWords = (seconds) => seconds > 90 ? `${Math.round(seconds / 60)} minutes` : "about a minute";

  function state() {
    if (out) return "out";
    if (refused || left() <= 0) return "over";
    if (left() > Math.min(WARN, warnAt)) return "";
    return wholeEnd <= idleEnd ? "whole" : "idle";
  }
  function show() {
    const now = state();
    if (now === warned) return;
    warned = now;
    if (now === "out") for (const one of document.querySelectorAll(SECRETS)) one.value = ""; // someone else may sit here now
    box.hidden = !now;
    stay.hidden = now !== "idle";
    again.hidden = now === "idle";
    said.textContent = {
      "": "",
      idle: `Your session expires in ${inWords(left())} because of inactivity.`,
      whole: `Your session expires in ${inWords(left())}. Save your input, or sign in again.`,
      over: "You are signed out. Your input is still here: sign in in a new tab, then save.",
      out: "You are signed out. Your input is still here, but passwords and files were cleared: sign in in a new tab, give them again, and save.",
    }[now];
    const focused = document.activeElement; // what has the focus is not left behind the box
    if (now && focused !== document.body && !box.contains(focused)) focused.scrollIntoView({ block: "nearest" });
  }
  async function ask() {
    const answer = await fetch(box.dataset.stay, { headers: { Accept: "application/json" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    const told = await answer.json();
    set(told);
    tabs.postMessage(told);
    show();
  }
  stay.addEventListener("click", async () => {
    stay.disabled = true;
    try {
      await ask();
      document.getElementById("main").focus();
    } catch {
      said.textContent = "The portal did not answer. Try again, or sign in in a new tab.";
      again.hidden = false;
    }
    stay.disabled = false;
  });

  const first = { idle: Number(box.dataset.idle), whole: Number(box.dataset.whole) };
  const warnAt = first.idle / 2;
  set(first);
  tabs.postMessage(first);
  tabs.addEventListener("message", (event) => { // after a sign-in elsewhere the forms here need its token
    const wasOver = warned === "over" || warned === "out";
    [out, refused] = [Boolean(event.data.out), false];
    if (out) { show(); return; }
    set(event.data);
    show();
    if (wasOver) ask().catch(() => {});
  });
  document.addEventListener("edrportal:signed-out", () => { refused = true; show(); });
  setInterval(show, 1000);
  document.addEventListener("visibilitychange", show);
  show();
})();
