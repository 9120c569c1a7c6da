"""Hands that count what they do, and how long a person would take for it."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

THINK, POINT, CLICK, KEY = 1.35, 1.1, 0.2, 0.28
"""Seconds, by the keystroke-level model of Card, Moran and Newell; whoever types does so slowly."""
FIRST_TIME = 4
"""What a first walk takes of a practised one: every label is read, some of them twice."""
MOST_TABS = 80


@dataclass
class Hands:
    """A mouse and a keyboard on a page: `clicks`, `keys`, and `steps` that needed a thought."""

    page: Page
    clicks: int = 0
    keys: int = 0
    steps: int = 0

    @property
    def seconds(self) -> float:
        """How long somebody would need who has done it before."""
        return self.steps * THINK + self.clicks * (POINT + CLICK) + self.keys * KEY

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks, self.steps = self.clicks + 1, self.steps + 1

    def choose(self, what: Locator, label: str) -> None:
        """From a list with the mouse: one click opens it, another takes the line."""
        what.select_option(label=label)
        self.clicks, self.steps = self.clicks + 2, self.steps + 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys, self.steps = self.keys + len(text), self.steps + 1

    def press(self, what: Locator, key: str = "Enter") -> None:
        """Go there with the tabulator and press it."""
        self.go(what)
        self.page.keyboard.press(key)
        self.keys, self.steps = self.keys + 1, self.steps + 1

    def go(self, what: Locator) -> None:
        expect(what).to_be_visible()
        for _ in range(MOST_TABS):
            if what.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            self.keys += 1
        raise AssertionError(f"the tabulator doesn't lead to {what}")
