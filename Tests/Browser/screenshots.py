"""Looks at the page in a real Chromium and fails on any console error, page error or Content-Security-Policy violation.

    python3 Tests/Browser/screenshots.py http://127.0.0.1:8888 out/ [--session NAME] [--light]

Needs Playwright (`pip install playwright`) and a Chromium: $CHROMIUM, else `chromium` or `chromium-browser` in PATH.
Writes live.png, waterfall.png, replay.png, narrow.png, and filter.png where requests have several models or variants; each after checking in the page that what it shows is there.
Exit status: 0 fine, 1 the page is at fault, 2 wrong usage or no browser.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 400, "height": 800}


class Check:
    """One browser page per picture; collects what went wrong under the picture's name."""

    def __init__(self, browser, base, out, query):
        self.browser, self.base, self.out, self.query = browser, base.rstrip("/"), out, query
        self.faults = []

    def page(self, name, fragment, viewport):
        page = self.browser.new_page(viewport=viewport)
        page.on("console", lambda m: m.type == "error" and self.faults.append(f"{name}: console: {m.text}"))
        page.on("pageerror", lambda e: self.faults.append(f"{name}: {e}"))
        # a violation is an event of the document, whatever the console makes of it
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " e => console.error('CSP', e.violatedDirective, e.blockedURI, e.sourceFile, e.lineNumber))"
        )
        page.goto(f"{self.base}/{self.query}#{fragment}")
        return page

    def expect(self, name, truth, sentence):
        if not truth:
            self.faults.append(f"{name}: {sentence}")

    def keep(self, page, name):
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        self.expect(name, wide <= 0, f"the page is {wide} px wider than the window")
        page.screenshot(path=str(self.out / f"{name}.png"))
        page.close()


def live(check, session):
    page = check.page("live", f"view=overview{session}", WIDE)
    page.locator(".card .value").first.wait_for(timeout=15000)
    page.locator(".strips canvas[role=img]").first.wait_for(timeout=15000)
    page.wait_for_timeout(2500)
    check.expect("live", page.locator(".edge button").inner_text() in ("LIVE", "END"), "the scrubber does not stand at its right end")
    check.expect("live", page.locator(".words").inner_text().strip() != "", "the words are missing")
    first = page.locator(".edge .num").inner_text()
    page.wait_for_timeout(1600)
    if page.locator(".edge button").inner_text() == "LIVE":
        check.expect("live", page.locator(".edge .num").inner_text() != first, "time does not move")
    check.keep(page, "live")


def waterfall(check, session):
    page = check.page("waterfall", f"view=requests{session}", WIDE)
    rows = page.locator("tr.opens", has_text="finished")
    rows.first.wait_for(timeout=15000)
    rows.nth(min(2, rows.count() - 1)).click()
    page.locator(".wf-bar .small", has_text="spans").wait_for(timeout=15000)
    check.expect("waterfall", "view=waterfall" in page.url and "trace=" in page.url, "the address does not name the trace")
    page.keyboard.press("/")
    page.keyboard.type("stage decode")
    for _ in range(4):
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.locator(".wf-plot").focus()
    for key in ("u", "f"):
        page.keyboard.press(key)
    page.keyboard.press("/")
    page.keyboard.type("send decode")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_timeout(600)
    check.expect("waterfall", page.locator(".detail-title .name").count() == 1, "no span is selected after a search")
    check.expect("waterfall", page.locator(".wf-drawer tbody tr").count() > 0, "the table of the visible range is empty")
    check.keep(page, "waterfall")


def replay(check, session):
    page = check.page("replay", f"view=overview&window=1m{session}", WIDE)
    page.locator(".card .value").first.wait_for(timeout=15000)
    page.wait_for_timeout(1500)
    box = page.locator(".track").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 16)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 16, steps=8)
    page.mouse.up()
    page.wait_for_timeout(1500)
    check.expect("replay", page.locator(".edge button").inner_text() == "REPLAY", "a drag did not start a replay")
    check.expect("replay", "at=" in page.url, "the address does not carry the instant")
    before = page.locator(".edge .num").inner_text()
    page.keyboard.press("Space")
    page.wait_for_timeout(1800)
    page.keyboard.press("k")
    page.wait_for_timeout(300)
    check.expect("replay", page.locator(".edge .num").inner_text() != before, "playing does not move time")
    check.keep(page, "replay")


def filters(check, session):
    page = check.page("filter", f"view=requests{session}", WIDE)
    page.locator("tr.opens").first.wait_for(timeout=15000)
    page.wait_for_timeout(500)
    choices = page.locator(".header .filter:visible")
    if choices.count() == 0:
        return page.close()
    total = page.locator(".filters .small").inner_text()
    value = choices.last.locator("option").nth(1).get_attribute("value")
    choices.last.select_option(value)
    page.wait_for_timeout(1500)
    check.expect("filter", f"={value}" in page.url, "the address does not carry the choice")
    check.expect("filter", page.locator(".filters .small").inner_text() != total, "the list shows all requests still")
    page.reload()
    page.locator("tr.opens").first.wait_for(timeout=15000)
    check.expect("filter", choices.last.input_value() == value, "the choice is lost when the page is loaded again")
    for key in ("1", "2", "1"):
        page.keyboard.press(key)
        page.wait_for_timeout(700)
    check.expect("filter", page.locator(".notice.error").count() == 0, "a view refuses the choice")
    check.keep(page, "filter")


def narrow(check, session):
    page = check.page("narrow", f"view=overview{session}", NARROW)
    page.locator(".card .value").first.wait_for(timeout=15000)
    page.wait_for_timeout(1500)
    check.expect("narrow", page.locator(".track").is_visible(), "the scrubber is gone")
    check.expect("narrow", page.locator(".nav a").first.is_visible(), "the navigation is gone")
    check.keep(page, "narrow")


def main():
    parser = argparse.ArgumentParser(description="Screenshots of the page, with checks.")
    parser.add_argument("base", help="where the viewer listens, http://127.0.0.1:8888")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--session", help="id or name; without it the newest live one, else the opened one")
    parser.add_argument("--light", action="store_true", help="the light theme instead of the dark one")
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        print("Playwright is missing: pip install playwright", file=sys.stderr)
        return 2
    if not chromium:
        print("No Chromium found: apt-get install chromium, or set CHROMIUM", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    session = f"&s={options.session}" if options.session else ""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        check = Check(browser, options.base, options.out, f"?theme={'light' if options.light else 'dark'}")
        for part in (live, waterfall, replay, filters, narrow):
            try:
                part(check, session)
            except Error as error:
                check.faults.append(f"{part.__name__}: {str(error).splitlines()[0]}")
        browser.close()
    for fault in check.faults:
        print(fault, file=sys.stderr)
    print(f"{len(check.faults)} faults; pictures in {options.out}")
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
