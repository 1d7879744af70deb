"use strict";
/* The search over runs, kept in the address. */
(() => {
  const form = document.querySelector(".filters");
  if (!form) return;
  const rows = [...document.querySelectorAll("#runs tbody tr")];
  const field = form.elements.q;
  const words = rows.map((row) => row.textContent.toLowerCase());
  function apply() {
    const text = location.hash.slice(1);
    const wanted = new URLSearchParams(text.includes("=") ? text : "").get("q") || "";
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !wanted.toLowerCase().trim().split(/\s+/).every((word) => words[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    form.querySelector(".count").textContent = shown === rows.length ? `${rows.length} runs` : `${shown} of ${rows.length} runs`;
    if (field.value !== wanted) field.value = wanted;
  }
  form.addEventListener("input", () => {
    const params = new URLSearchParams(field.value ? { q: field.value } : {});
    history.replaceState(null, "", field.value ? `#${params}` : location.pathname + location.search);
    apply();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", apply);
  document.querySelectorAll(".js").forEach((each) => { each.hidden = false; });
  apply();
})();
