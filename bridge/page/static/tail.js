// SPDX-License-Identifier: Apache-2.0
// Adds events to the table as they come in.
"use strict";

(() => {
  const MOST = 200;
  const table = document.querySelector("[data-tail]");
  const pause = document.querySelector("[data-pause]");
  const state = document.querySelector("[data-state]");
  if (table === null || pause === null) return;

  const text = (value, length) => {
    const whole = value === null || value === undefined ? "" : String(value);
    return whole.length > length ? `${whole.slice(0, length - 1)}…` : whole;
  };

  const cell = (row, value, href) => {
    const made = row.insertCell();
    if (href === undefined) {
      made.textContent = value;
    } else {
      const link = document.createElement("a");
      link.href = href;
      link.textContent = value;
      made.append(link);
    }
    return made;
  };

  const add = (event) => {
    const data = event.data.data;
    const task = data.task || {};
    const execution = data.execution || {};
    const row = table.tBodies[0].insertRow(0);
    row.className = "fresh";
    cell(row, new Date().toISOString().slice(0, 19).replace("T", " "));
    cell(row, event.type, `/events/${encodeURIComponent(event.id)}`);
    cell(row, text(data.workbook, 24));
    cell(row, text(data.workflow, 24));
    cell(row, text(task.name || task.id, 24));
    if (execution.id) {
      cell(row, text(execution.id, 24), `/executions/${encodeURIComponent(execution.id)}`);
    } else {
      cell(row, "–");
    }
    cell(row, text(task.error || execution.error, 60)).className = "reason";
    while (table.tBodies[0].rows.length > MOST) table.tBodies[0].deleteRow(-1);
    const empty = document.querySelector("[data-empty]");
    if (empty !== null) empty.remove();
  };

  const isPaused = () => pause.getAttribute("aria-pressed") === "true";
  pause.hidden = false;
  pause.addEventListener("click", () => {
    pause.setAttribute("aria-pressed", String(!isPaused()));
    state.textContent = isPaused() ? "paused" : "live";
    state.classList.toggle("paused", isPaused());
  });

  const binding = encodeURIComponent(table.dataset.tail);
  const stream = new EventSource(`/stream/events?binding=${binding}`);
  stream.onopen = () => {
    state.hidden = false; // from now on nothing is missed
  };
  stream.onmessage = (message) => {
    if (!isPaused()) add(JSON.parse(message.data));
  };
  addEventListener("pagehide", () => stream.close());
})();
