// SPDX-License-Identifier: Apache-2.0
// A button that chooses all rows, or none.
"use strict";

(() => {
  const prepare = () => {
    const button = document.querySelector("[data-choose]");
    if (button === null) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const boxes = [...button.form.querySelectorAll("input[type=checkbox]")];
      const all = boxes.some((one) => !one.checked);
      for (const one of boxes) one.checked = all;
      button.textContent = all ? "Choose none" : "Choose all";
    });
  };
  prepare();
  document.addEventListener("looked", prepare);
})();
