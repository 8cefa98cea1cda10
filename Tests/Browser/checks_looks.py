"""What everyone can see, read and reach: both themes, phone and desktop, every view."""

import re
from pathlib import Path

from playwright.sync_api import expect

from browser import DESKTOP, PHONE
from suite import Suite

check = Suite()
ACCESSIBILITY = Path(__file__).with_name("accessibility.js").read_text()
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def overview(page):
    page.goto("/#ops")
    expect(page.locator("#requests tbody tr").first).to_be_visible()


def tenant(page):
    page.goto("/#tenant/maple")
    expect(page.locator("#detail tbody tr").first).to_be_visible()


def request(page):
    page.goto("/" + page.locator("#requests a.title").first.get_attribute("href"))
    expect(page.locator(".timeline li").first).to_be_visible()


def runbook(page):
    page.goto("/#runbook/OrderRejectRateHigh")
    expect(page.locator(".prose h5").first).to_be_visible()


def missing(page):
    page.goto("/#tenant/nobody")
    expect(page.locator("#detail .note")).to_be_visible()


def desk(name):
    def show(page):
        page.goto(f"/#desk/{name}")
        expect(page.locator(".desk .empty, .desk li").first).not_to_have_text("Reading")

    return show


def silencing(page):
    page.goto("/#desk/silences")
    page.get_by_role("button", name="Silence alerts").click()
    page.get_by_label("Alerts with").fill('severity="warning"')
    expect(page.get_by_role("dialog")).to_contain_text("Mutes")


def dialog(key, ready):
    def show(page):
        page.goto("/#ops")
        page.keyboard.press(key)
        expect(page.locator(ready).first).to_be_visible()

    return show


VIEWS = {
    "overview": overview,
    "tenant": tenant,
    "request": request,
    "runbook": runbook,
    "missing": missing,
    "silences": desk("silences"),
    "notifications": desk("notifications"),
    "alert history": desk("history"),
    "silence dialog": silencing,
    "stop dialog": dialog("h", "#halt .blast small"),
    "settings": dialog("?", "#settings .keys"),
    "jump": dialog("Control+k", "#jump-list li"),
}


def each_view(world, look, scheme, find, product=None, person=None):
    """Whatever `find` complains about, view by view; of the calm product when none is given."""
    wrong = []
    state = (person or world.alvarez).context.storage_state()
    with world.browser.guest(product or world.product, state=state, look=look, scheme=scheme) as page:
        for name, show in VIEWS.items():
            show(page)
            wrong += [f"{name}: {words}" for words in find(page)]
            page.keyboard.press("Escape")
    assert not wrong, "\n".join(wrong)


def unreadable(page):
    return page.evaluate(ACCESSIBILITY)


def sideways(page):
    width = page.evaluate(OVERFLOW)
    return [f"{width} pixels wider than the screen"] if width else []


@check("dark: text and shapes have contrast, everything has a name, targets can be hit")
def dark(world):
    each_view(world, DESKTOP, "dark", unreadable)


@check("light: text and shapes have contrast, everything has a name, targets can be hit")
def light(world):
    each_view(world, DESKTOP, "light", unreadable)


@check("phone: the same, and nothing scrolls sideways")
def phone(world):
    each_view(world, PHONE, "light", lambda page: sideways(page) + unreadable(page))


@check("nothing scrolls sideways at 320 pixels or on a small laptop")
def narrow(world):
    each_view(world, {"viewport": {"width": 320, "height": 640}}, "dark", sideways)
    each_view(world, {"viewport": {"width": 1200, "height": 700}}, "dark", sideways)


@check("sign-in has contrast and names too")
def sign_in(world):
    for scheme in ("dark", "light"):
        with world.browser.guest(world.product, scheme=scheme, look=PHONE, is_quiet=False) as page:
            page.goto("/")
            expect(page.get_by_label("Access token")).to_be_focused()
            wrong = sideways(page) + unreadable(page)
            assert not wrong, "\n".join(wrong)


@check("the first tab stop skips to the content, and focus is always drawn")
def focus(world):
    with world.browser.guest(world.product, state=world.alvarez.context.storage_state()) as page:
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        for _ in range(24):
            page.keyboard.press("Tab")
            drawn = page.evaluate(
                """() => { const style = getComputedStyle(document.activeElement);
                return document.activeElement === document.body || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; }"""
            )
            assert drawn, page.evaluate("() => document.activeElement.outerHTML.slice(0, 200)")


@check("on a phone the stop is under the thumb, and its dialog fits with the button in sight")
def phone_stop(world):
    state = world.alvarez.context.storage_state()
    with world.browser.guest(world.product, state=state, look=PHONE) as page:
        button = page.locator("#halt-button")
        expect(button).to_be_in_viewport(ratio=1)
        button.tap()
        expect(page.get_by_role("button", name="Halt everything")).to_be_in_viewport(ratio=1)
        expect(page.locator("#halt .blast small").first).to_be_visible()
        page.get_by_role("button", name="Cancel").tap()
        page.locator(".tabs a[href='#tenants']").tap()
        expect(page.locator("#tenants-h")).to_be_in_viewport()


@check("on a phone a profile can be disabled without scrolling sideways")
def phone_profile(world):
    with world.browser.guest(world.product, state=world.alvarez.context.storage_state(), look=PHONE) as page:
        tenant(page)
        button = page.get_by_role("button", name="Disable trend-1")
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box["x"] + box["width"] <= 390, box


@check("nothing moves while the page fills")
def still(world):
    with world.browser.guest(world.product) as page:
        page.add_init_script(
            """window.shift = 0; new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
            }).observe({ type: 'layout-shift', buffered: true });"""
        )
        page.context.add_cookies(world.alvarez.context.cookies())
        page.goto("/")
        expect(page.locator("#requests tbody tr").nth(4)).to_be_visible()
        expect(page.get_by_role("slider", name="Orders sent, cursor")).to_have_attribute("aria-valuetext", re.compile("UTC: sent"))
        shift = page.evaluate("() => window.shift")
        assert shift < 0.1, f"cumulative layout shift {shift:.3f}"
