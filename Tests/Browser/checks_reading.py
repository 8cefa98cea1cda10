"""Signing in, and reading what the product does."""

import re

from playwright.sync_api import expect

from suite import Suite

check = Suite()


@check("the page may load nothing but the product's own files")
def policy(world):
    answer = world.alvarez.request.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "require-trusted-types-for 'script'" in policy, policy
    assert "unsafe" not in policy, policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@check("a sign-in link signs in and does not stay in the address")
def link(world):
    assert "k=" not in world.alvarez.url, world.alvarez.url
    expect(world.alvarez.locator("#who")).to_contain_text("j.alvarez")
    expect(world.chen.locator("#who")).to_contain_text("r.chen")


@check("a token that is not valid signs nobody in and says why")
def bad_token(world):
    with world.browser.guest(world.product, is_quiet=False) as page:
        page.goto("/")
        page.get_by_label("Access token").fill("abc.def.ghi")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").first).to_contain_text("You are not signed in.")
        expect(page.locator("#app")).to_be_hidden()


@check("the support role reads everything and is offered no stop")
def support(world):
    with world.browser.guest(world.product, is_quiet=False) as page:
        page.goto("/")
        page.get_by_label("Access token").fill(world.product.token("support", "s.okafor"))
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#headline")).to_have_text("Trading is running")
        expect(page.locator(".readonly")).to_contain_text("Read only.")
        expect(page.locator("#halt-button")).to_have_count(0)
        page.keyboard.press("h")
        expect(page.locator("dialog")).to_have_count(0)


@check("the state bar says that trading runs, how fresh that is, and of how much")
def state_bar(world):
    page = world.alvarez
    expect(page.locator("#headline")).to_have_text("Trading is running")
    expect(page.locator("#conn")).to_have_text(re.compile(r"^Up to date, \d\.\d s old$"))
    expect(page.locator(".gates")).to_contain_text("14 of 14")
    expect(page.locator(".gates")).to_contain_text("61 of 61")
    expect(page.locator(".now")).to_contain_text(re.compile(r"Last order .* ago, [\d,]+ a minute"))


@check("ages and the clock move by themselves")
def ages(world):
    clock = world.alvarez.locator("#clock")
    before = clock.text_content()
    expect(clock).not_to_have_text(before)


@check("each link of the rail leads to its section and marks it")
def rail(world):
    page = world.alvarez
    for section in ("alerts", "stops", "signals", "requests", "tenants", "changes", "ops"):
        link = page.locator(f".rail a[href='#{section}']")
        link.click()
        expect(link).to_have_attribute("aria-current", "location")
        expect(page.locator(f"#{section}")).to_be_in_viewport()
    expect(page.locator(".rail a[aria-current]")).to_have_count(1)


@check("with nothing stopped, Stops says so")
def no_stops(world):
    page = world.alvarez
    page.locator(".rail a[href='#stops']").click()
    expect(page.locator("#stops-h")).to_have_text("No stop is in force")
    page.locator(".rail a[href='#ops']").click()
    expect(page.locator("#stops")).to_be_hidden()


@check("the signals can be read as tables")
def tables(world):
    page = world.alvarez
    page.get_by_role("button", name="Table", exact=True).click()
    orders = page.get_by_role("region", name="Orders sent, values")
    expect(orders.get_by_role("columnheader", name="filled")).to_be_visible()
    expect(orders.locator("tbody tr").nth(3)).to_be_visible()
    page.get_by_role("button", name="Table", exact=True).click()
    expect(orders).to_be_hidden()


@check("a chart's cursor moves by keys and says the values")
def chart_keys(world):
    chart = world.alvarez.get_by_role("slider", name="Orders sent, cursor")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(r"UTC: sent"))
    chart.focus()
    world.alvarez.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuenow", "0")
    world.alvarez.keyboard.press("Escape")


@check("all tenants can be listed, and one opened with its profiles")
def tenants(world):
    page = world.alvarez
    page.get_by_role("button", name="All 14").click()
    expect(page.locator("#tenants tbody tr")).to_have_count(14)
    page.locator("#tenants").get_by_role("link", name="orchid").click()
    expect(page.locator(".view-title")).to_have_text("orchid")
    expect(page.locator("#detail tbody tr")).to_have_count(5)
    expect(page.get_by_role("columnheader", name="Equity, USD")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Fewer").click()
    expect(page.locator("#tenants tbody tr")).to_have_count(5)


@check("a request opens its timeline, and back is back")
def timeline(world):
    page = world.alvarez
    row = page.locator("#requests a.title").first
    row.focus()  # a focused list keeps its rows
    path = row.text_content().strip()
    page.keyboard.press("Enter")
    expect(page.locator(".view-title")).to_have_text(path)
    expect(page.locator(".timeline li").first).to_contain_text("http.access")
    page.go_back()
    expect(page.locator("#overview")).to_be_visible()


@check("a request is found by the id of its answer")
def by_id(world):
    page = world.alvarez
    request_id = page.request.get("/admin/status").headers["x-request-id"]
    page.keyboard.press("Control+k")
    page.keyboard.type(request_id)
    page.keyboard.press("Enter")
    expect(page.locator(".view-title")).to_have_text("GET /admin/status")
    expect(page.locator(".ids code").first).to_have_text(request_id)
    page.get_by_role("link", name="Overview").click()


@check("ids, tenants and alerts that do not exist are said to, each on a page of its own")
def missing(world):
    with world.browser.guest(world.product, state=world.alvarez.context.storage_state(), is_quiet=False) as page:
        page.goto("/#request/01a2048f-0000-7000-8000-000000000000")
        expect(page.locator("#detail")).to_contain_text("is on record. The log goes back to")
        page.goto("/#request/short")
        expect(page.locator(".view-title")).to_have_text("Not a request id")
        page.goto("/#tenant/nobody")
        expect(page.locator("#detail")).to_contain_text("There is no such tenant here.")
        page.goto("/#alert/ffff")
        expect(page.locator(".view-title")).to_have_text("No such alert is active")


@check("requests can be narrowed to those that were refused")
def refused(world):
    page = world.alvarez
    page.get_by_role("button", name="4xx").click()
    answers = page.locator("#requests tbody td:nth-child(2)")
    expect(answers.filter(has_text=re.compile(r"^[^4]"))).to_have_count(0)
    expect(answers.filter(has_text="404 resource.unknown").first).to_be_visible()
    page.get_by_role("button", name="Traffic").click()


@check("the audit chain is verified from the page")
def chain(world):
    page = world.alvarez
    page.get_by_role("button", name="Verify").click()
    expect(page.locator(".chain")).to_contain_text("chain sound")


@check("keys move, explain themselves and can be turned off")
def keys(world):
    page = world.alvarez
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.locator("#tenants-h")).to_be_focused()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Session and settings")
    expect(sheet).to_contain_text("halt trading")
    sheet.get_by_role("checkbox", name="Single-key shortcuts").click()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.keyboard.press("h")
    expect(page.locator("dialog")).to_have_count(0)
    page.locator("#session-button").click()
    sheet.get_by_role("checkbox", name="Single-key shortcuts").click()
    page.keyboard.press("Escape")


@check("the theme can be chosen and is kept")
def theme(world):
    with world.browser.guest(world.product, state=world.alvarez.context.storage_state()) as page:
        background = "() => getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(background)
        page.locator("#session-button").click()
        page.get_by_role("radio", name="Light").check(force=True)
        light = page.evaluate(background)
        page.reload()
        expect(page.locator("#headline")).to_contain_text("Trading")
        assert page.evaluate(background) == light != dark, (dark, light)
