"use strict";
// Optional on the overview: how many are selected, a box for the whole page, and "/" for the search.
{
  const bulk = document.getElementById("bulk"), count = document.getElementById("selected");
  const boxes = () => [...document.querySelectorAll("[name=chosen]:not(:disabled)")];
  const every = () => document.querySelector("[name=every]");

  function tell() {
    if (!bulk) return;
    const all = every()?.checked;
    const chosen = all ? Number(every().value) : boxes().filter((box) => box.checked).length;
    const words = `${chosen} selected`;
    if (count.textContent !== words) count.textContent = words; // the observer below sees this, too
    for (const button of bulk.querySelectorAll("button")) button.disabled = chosen === 0;
    bulk.classList.toggle("is-used", chosen > 0);
  }
  document.addEventListener("change", (event) => {
    if (event.target.name === "every") for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.name === "chosen" && !event.target.checked && every()) every().checked = false;
    if (["every", "chosen"].includes(event.target.name)) tell();
  });
  const table = document.getElementById("table")?.parentNode;
  if (table) new MutationObserver(tell).observe(table, { childList: true, subtree: true });
  addEventListener("pageshow", tell); // the browser may have restored what was selected
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    document.getElementById("q")?.focus();
  });
  tell();
}
