# SPDX-License-Identifier: Apache-2.0
"""Somebody who looks at the page, and notices whatever is wrong with it."""

from importlib.resources import files

from playwright.sync_api import expect

PATIENCE_MS = 15_000
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
GRAVE = {"serious", "critical"}

expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """Uses one tab.

    Attributes:
        tab: Playwright's page.
        complaints: What the browser said of scripts that failed or were not allowed.
    """

    def __init__(self, context, url):
        self.url = url
        self.tab = context.new_page()
        self.tab.set_default_timeout(PATIENCE_MS)
        self.complaints = []
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("dialog", self._alarm)
        self.tab.on("console", self._listen)

    def open(self, path):
        """Go to a page of the bridge."""
        self.tab.goto(f"{self.url}{path}", wait_until="load")

    def press(self, name):
        """Press a button."""
        self.tab.get_by_role("button", name=name, exact=True).click()

    def follow(self, name):
        """Follow a link in the page itself."""
        self.tab.get_by_role("main").get_by_role("link", name=name).first.click()

    def fill(self, label, text):
        """Write into a field."""
        self.tab.get_by_label(label, exact=True).fill(text)

    def sees(self, text):
        """Wait until a text is there."""
        expect(self.tab.get_by_role("main")).to_contain_text(text)

    def misses(self, text):
        """Wait until a text is gone."""
        expect(self.tab.get_by_role("main")).not_to_contain_text(text)

    def faults(self):
        """Return what axe-core finds that keeps people out."""
        self.tab.evaluate(AXE)
        found = self.tab.evaluate("axe.run().then((one) => one.violations)")
        return [
            f"{self.tab.url}: {one['id']}: {node['html']}"
            for one in found
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]

    def _alarm(self, dialog):
        self.complaints.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _listen(self, message):
        # a page that tells of an error, such as 422, is complained of too
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)
