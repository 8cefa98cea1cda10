"""When the server hangs, restarts or is read by many tabs, and what the pages said all along."""

import re

from playwright.sync_api import expect

from suite import Suite

check = Suite()
FRESH = re.compile(r"^Up to date")


def subscribers(page):
    query = {"query": 'breakwater_stream_subscribers{namespace="admin"}'}
    answer = page.request.get("/prometheus/api/v1/query", params=query).json()
    return int(answer["data"]["result"][0]["value"][1])


@check("seven tabs of a browser share one stream and all stay fresh")
def tabs(world):
    with world.browser.guest(world.product, state=world.chen.context.storage_state()) as first:
        pages = [first] + [first.context.new_page() for _ in range(6)]
        for page in pages[1:]:
            page.goto("/")
        for page in pages:
            expect(page.locator("#conn")).to_have_text(FRESH)
        wait_until(first, lambda: subscribers(first) == 3)


@check("streams end with their pages")
def streams_end(world):
    wait_until(world.chen, lambda: subscribers(world.chen) == 2)


@check("a server that hangs makes the page say how old it is, and it recovers by itself")
def hangs(world):
    page = world.alvarez
    page.goto("/#ops")
    world.product.pause()
    try:
        expect(page.locator("#stale")).to_contain_text(re.compile(r"No data since \d\d:\d\d:\d\d"))
        expect(page.locator("#headline")).to_have_text("Last seen running")
        expect(page.locator("#conn")).to_have_text(re.compile(r"^Not updating, \d"))
        expect(page.locator("#live-urgent")).to_have_text("Data has stopped. Values shown are old.")
        expect(page.locator("#halt-button")).to_be_enabled()
        assert page.title().startswith("? "), page.title()
    finally:
        world.product.resume()
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.locator("#headline")).to_have_text("Trading is running")


@check("none of it made a page complain or load anything from elsewhere")
def silence(world):
    assert not world.browser.complaints, "\n".join(world.browser.complaints)
    assert not world.browser.foreign, "\n".join(world.browser.foreign)


@check("after a restart the stops are still there, and signing in again goes on")
def restart(world):
    page = world.browser.person(world.product, world.product.links[0], is_quiet=False)
    stops = page.locator("#stops .stop")
    expect(stops.first).to_be_visible()
    before = stops.count()
    world.product.restart()
    expect(page.locator("#signin")).to_contain_text("You are signed out.")
    page.get_by_label("Access token").fill(world.product.token("admin", "j.alvarez"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#conn")).to_have_text(FRESH)
    expect(stops).to_have_count(before)


def wait_until(page, is_true):
    """Asks again at every tick of the page's clock, for as many ticks as an expectation waits."""
    for _ in range(12):
        if is_true():
            return
        clock = page.locator("#clock")
        expect(clock).not_to_have_text(clock.text_content())
    raise AssertionError(f"not within 12 s; {subscribers(page)} streams are open")
