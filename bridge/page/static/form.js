// SPDX-License-Identifier: Apache-2.0
// Shows the fields that matter, and tries the form on recent events while it is written.
"use strict";

(() => {
  const form = document.querySelector("form[data-check]");
  if (form === null) return;
  const WAIT_MS = 400;

  const fit = () => {
    for (const part of form.querySelectorAll("[data-of]")) {
      const [name, value] = part.dataset.of.split("=");
      part.hidden = form.elements[name].value !== value;
    }
  };

  const show = (found) => {
    const list = form.querySelector("[data-events]");
    list.replaceChildren(
      ...found.events.map((one) => {
        const item = document.createElement("li");
        const name = document.createElement("code");
        name.textContent = one.name;
        item.append(name, ` ${one.means || one.wrong}`);
        item.className = one.wrong ? "wrong" : "";
        return item;
      }),
    );
    form.querySelector("[data-when]").textContent = found.when ? `when: ${found.when}` : "";
    form.querySelector("[data-matched]").textContent = found.matched || "";
    form.querySelector("[data-note]").textContent = found.note || "";
  };

  let asked = 0;
  const check = async () => {
    const turn = ++asked;
    const answer = await fetch(form.dataset.check, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    if (answer.ok && turn === asked) show(await answer.json());
  };

  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => check().catch(() => {}), WAIT_MS);
  };

  form.addEventListener("input", (event) => {
    fit();
    if (/^(events|workbook|workflow|task|execution_id|when|project)$/.test(event.target.name)) soon();
  });
  fit();
  soon();
})();
