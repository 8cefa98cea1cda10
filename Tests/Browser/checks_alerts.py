"""An incident: the venue of this product started to reject orders twenty seconds after its start."""

import re

from playwright.sync_api import expect

from browser import DESKTOP, PHONE
from checks_looks import each_view, sideways, unreadable
from suite import Suite

check = Suite()
FIRING_MILLISECONDS = 90_000


@check("an alert that fires is on the page with its value, its limit and its age")
def fires(world):
    world.on_call = page = world.browser.person(world.incident, world.incident.links[0])
    row = page.locator("#alerts li.fire", has_text="OrderRejectRateHigh")
    expect(row).to_be_visible(timeout=FIRING_MILLISECONDS)
    expect(row).to_contain_text(re.compile(r"Critical.*\d+(\.\d)?% limit 10%.*for \d"))
    expect(row).to_contain_text("Nobody has it")
    expect(page.locator(".rail [data-count='alerts']")).to_contain_text("firing")


@check("with alerts firing and stops proposed everything is as readable, and nothing scrolls sideways")
def looks(world):
    expect(world.on_call.locator("#stops .approval", has_text="Proposed")).to_be_visible()
    expect(world.on_call.locator("#changes")).to_contain_text("OrderRejectRateHigh")
    for look, scheme in ((PHONE, "light"), ({"viewport": {"width": 320, "height": 640}}, "dark"), (DESKTOP, "light")):
        each_view(
            world, look, scheme, lambda page: sideways(page) + unreadable(page), product=world.incident, person=world.on_call
        )


@check("its page shows the runbook, filled in, beside the live value and a chart")
def detail(world):
    page = world.on_call
    page.locator("#alerts li", has_text="OrderRejectRateHigh").get_by_role("link", name="Runbook").click()
    expect(page.locator(".runbook header")).to_contain_text("filled in for this alert")
    for heading in ("Meaning", "First 60 seconds", "Contain", "Verify"):
        expect(page.locator(".prose").get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".prose")).to_contain_text("paper")
    assert "{{" not in page.locator(".prose").text_content()
    value = page.locator(".alert-facts .val b")
    before = value.text_content()
    expect(value).not_to_have_text(before)
    chart = page.get_by_role("slider", name="Value over time, cursor")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(r"UTC: paper \d"))


@check("the runbook's commands can be copied")
def copy(world):
    page = world.on_call
    button = page.get_by_role("button", name="Copy this sh block").first
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("breakwater status")


@check("whoever takes an alert is named on everyone's page")
def acknowledge(world):
    page = world.on_call
    page.get_by_label("Nobody has it").fill("asking the venue")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".who-box")).to_contain_text("You have it since")
    with world.browser.guest(world.incident, link=world.incident.links[1], scheme="light") as other:
        row = other.locator("#alerts li", has_text="OrderRejectRateHigh")
        expect(row).to_contain_text("j.alvarez has it")
        expect(row).to_contain_text("asking the venue")
        expect(row.get_by_role("button", name="Acknowledge")).to_have_count(0)


@check("what happened to an alert stands beside it, and a word to the others is kept")
def history(world):
    page = world.on_call
    card = page.get_by_role("region", name="History")
    expect(card.locator("li", has_text="Firing")).to_be_visible()
    expect(card.locator("li", has_text="asking the venue")).to_contain_text("by j.alvarez")
    page.get_by_label("A word to the others").fill("the venue rejects limit orders only")
    page.get_by_role("button", name="Note").click()
    expect(card.locator("li", has_text="the venue rejects limit orders only")).to_contain_text("Comment")


@check("a silence shows what it would mute before it exists, wants a reason, and mutes until it is ended")
def silence(world):
    page = world.on_call
    page.get_by_role("button", name="Silence", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Mutes 1 active alert")
    confirm = dialog.get_by_role("button", name="Silence", exact=True)
    expect(confirm).to_be_disabled()
    dialog.get_by_label("Reason").fill("the venue works on it, ticket 88")
    expect(dialog.locator(".cmd code")).to_contain_text("breakwater alerts silence add 'alertname=\"OrderRejectRateHigh\"'")
    confirm.click()
    expect(page.locator(".quiet-line")).to_contain_text("Nobody is told: silence")
    page.get_by_role("link", name="Silences").click()
    row = page.locator(".desk li", has_text="OrderRejectRateHigh")
    expect(row).to_contain_text("the venue works on it, ticket 88")
    expect(row).to_contain_text("mutes 1 active alert")
    expect(row).to_contain_text("by j.alvarez")
    row.get_by_role("button", name="End now").click()
    expect(row).to_contain_text("Ended")


@check("everyone sees who was told, and a receiver can be tested")
def notifications(world):
    page = world.on_call
    page.get_by_role("link", name="Notifications").click()
    row = page.locator(".desk li", has_text="to pager").last
    expect(row).to_contain_text("Sent")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("region", name="Receivers")).to_contain_text("took the test message")
    expect(page.locator(".desk li", has_text="a test").first).to_contain_text("Sent")
    page.go_back()
    page.go_back()
    expect(page.locator(".alert-facts")).to_be_visible()


@check("what an alert calls for is one step away, with the alert as the reason")
def proposal(world):
    page = world.on_call
    expect(page.locator(".calls")).to_contain_text("This alert calls for stopping a profile.")
    page.get_by_role("button", name="Review the stop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="One profile")).to_be_checked()
    expect(dialog.locator(".chip[aria-pressed='true']")).to_contain_text("OrderRejectRateHigh: paper rejects")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("#headline")).to_have_text("Trading is running")
    page.context.close()
