"""Takes the pictures of the README: screenshots.py PATH_TO_BREAKWATER_BINARY [FOLDER]

A demo runs until an alert has fired and its charts have something to show; then one picture a theme."""

import sys
from pathlib import Path

from playwright.sync_api import expect

from browser import Browser
from product import Product

FIRING_MILLISECONDS = 120_000
CHART_SECONDS = 150
IMAGES = Path(__file__).parents[2] / "docs" / "images"


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    product = Product(sys.argv[1], incident="reject-storm")
    try:
        browser = Browser()
        try:
            pages = {
                scheme: browser.person(product, link, scheme=scheme)
                for scheme, link in zip(("dark", "light"), product.links)
            }
            for scheme, page in pages.items():
                expect(page.locator("#alerts li.fire").first).to_be_visible(timeout=FIRING_MILLISECONDS)
                page.wait_for_function(
                    "(seconds) => import('/store.js').then(({ state, serverNow }) =>"
                    " serverNow() - Date.parse(state.status.startedAt) > seconds * 1000)",
                    arg=CHART_SECONDS,
                    timeout=CHART_SECONDS * 1000,
                    polling=1000,
                )
                expect(page.locator("#alerts li.fire").first).to_be_visible(timeout=FIRING_MILLISECONDS)
                path = folder / f"console-{scheme}.png"
                page.screenshot(path=path)
                print(f"{path}: {path.stat().st_size // 1024} KiB")
        finally:
            browser.close()
    finally:
        product.close()


if __name__ == "__main__":
    main()
