// SPDX-License-Identifier: Apache-2.0
// Looks again at what the page shows, whenever the bridge says that something changed.
"use strict";

(() => {
  const regions = () => [...document.querySelectorAll("[data-live]")];

  // Nobody likes what they are about to press, copy or read to be swapped away.
  const isInUse = (region) => {
    const selection = document.getSelection();
    return (
      region.contains(document.activeElement) ||
      region.querySelector("input:checked") !== null ||
      (selection !== null && !selection.isCollapsed && region.contains(selection.anchorNode))
    );
  };

  const keepOpen = (old, fresh) => {
    const drawn = fresh.querySelectorAll("details");
    old.querySelectorAll("details").forEach((one, at) => {
      if (drawn[at]) drawn[at].open = one.open;
    });
  };

  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const region of regions()) {
      const fresh = page.getElementById(region.id);
      if (fresh === null || isInUse(region) || fresh.innerHTML === region.innerHTML) continue;
      keepOpen(region, fresh);
      region.replaceWith(document.adoptNode(fresh));
      document.dispatchEvent(new Event("looked"));
    }
  };

  if (regions().length === 0) return;
  const stream = new EventSource("/stream/changes");
  stream.onmessage = () => look().catch(() => {});
  addEventListener("pagehide", () => stream.close());
})();
