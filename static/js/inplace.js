"use strict";
// Optional: sends a form without leaving the page, so that a password stays in its field when something is wrong.
// The answer is the page that a browser without JavaScript gets; fields that the server never fills keep what they hold.
{
  const kept = "input[type=password], input[type=file], #id_import_text";
  let busy = false;

  function keepTyped(old, fresh) {
    for (const field of old.querySelectorAll(kept)) {
      const place = fresh.querySelector(`#${CSS.escape(field.id)}`);
      if (!place || !field.value) continue;
      for (const name of ["aria-invalid", "aria-describedby", "aria-errormessage"]) {
        place.hasAttribute(name) ? field.setAttribute(name, place.getAttribute(name)) : field.removeAttribute(name);
      }
      place.replaceWith(field);
    }
  }
  // What may pass when it is sent again: too large, too many, or a cluster that is silent. The form stays as it is.
  const passes = (status) => status === 413 || status === 429 || status >= 500;
  function say(words) {
    document.getElementById("refused")?.remove();
    const notice = document.createElement("p");
    Object.assign(notice, { id: "refused", className: "notice notice--danger", role: "alert", tabIndex: -1, textContent: words });
    document.querySelector("form[data-in-place]").before(notice);
    notice.focus();
    return true;
  }
  function put(text, status) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const main = document.getElementById("main"), fresh = page.getElementById("main");
    if (passes(status) && !fresh?.querySelector("form[data-in-place]")) {
      const fault = [...page.querySelectorAll(".fault h1, .fault h1 + p")].map((one) => one.textContent).join(" ");
      if (fault || !fresh) return say(`${fault || text.trim()} Your input is still here.`);
    }
    if (!fresh) return false;
    keepTyped(main, fresh);
    const past = document.createElement("div"); // a preview of before that still comes has no place any more
    past.addEventListener("htmx:beforeSwap", (event) => event.preventDefault());
    past.append(...main.childNodes);
    main.append(...fresh.childNodes);
    document.title = page.title;
    for (const one of main.querySelectorAll("[data-plain]")) one.hidden = true;
    window.htmx?.process(main);
    document.dispatchEvent(new CustomEvent("edrportal:form"));
    const target = document.getElementById("problems") ?? main.querySelector("[role=alert]") ?? main;
    target.tabIndex = -1;
    target.focus();
    return true;
  }
  async function send(form, body) {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "Edrportal-Form": "1" }, credentials: "same-origin" });
    const to = answer.headers.get("Edrportal-Form-Location");
    if (to) { location.assign(to); return true; }
    if (answer.headers.get("Content-Disposition")?.startsWith("attachment")) return hand(answer);
    return put(await answer.text(), answer.status);
  }
  async function hand(answer) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] ?? "destination.yaml";
    link.click();
    URL.revokeObjectURL(link.href);
    return true;
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-in-place]") || ["show", "suggest"].includes(button?.name)) return;
    event.preventDefault();
    if (busy) return; // sent twice is written once, whatever a double click does
    busy = true;
    const body = new FormData(form, button);
    form.setAttribute("aria-busy", "true");
    try {
      if (!await send(form, body)) throw new Error("no page");
    } catch {
      form.removeAttribute("data-in-place"); // then the browser does it
      busy = false;
      form.requestSubmit(button);
    }
    form.removeAttribute("aria-busy");
    busy = false;
  });
}
