"""Takes the pictures of the README: screenshots.py PATH_TO_BREAKWATER_BINARY [FOLDER]

A demo runs until an alert has fired for two minutes, so that the charts show before and after; then one picture a theme."""

import re
import sys
from pathlib import Path

from playwright.sync_api import expect

from browser import Browser
from product import Product

FIRING_MILLISECONDS = 300_000
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
                row = page.locator("#alerts li.fire").first
                expect(row).to_contain_text(re.compile(r"for [2-9] min"), timeout=FIRING_MILLISECONDS)
                path = folder / f"console-{scheme}.png"
                page.screenshot(path=path)
                print(f"{path}: {path.stat().st_size // 1024} KiB")
        finally:
            browser.close()
    finally:
        product.close()


if __name__ == "__main__":
    main()
