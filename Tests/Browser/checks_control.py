"""Stopping, with proof; starting again, with a second person."""

import json
import re

from playwright.sync_api import expect

from suite import Suite

check = Suite()
WHY = "The drill is over and the venue answers again"


def release(page, button):
    """Asks for a release with a reason that will do."""
    button.click()
    page.get_by_label("Reason", exact=True).fill(WHY)
    page.get_by_role("button", name="Ask for release").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def approve(page, button):
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(WHY)
    dialog.get_by_role("button", name="Approve and release").click()
    expect(dialog).to_have_count(0)


def proof_of(page, scope):
    return page.locator("#stops .stop", has_text=scope)


@check("a stop of everything by keyboard is proved: closed, sealed, durable, no order since")
def halt_by_keyboard(world):
    page = world.alvarez
    page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name="Halt trading")
    expect(dialog.get_by_role("radio", name="Everything")).to_be_focused()
    expect(dialog.locator(".blast dd").first).to_have_text("61 in 14 tenants")
    expect(dialog).to_contain_text("counted")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#headline")).to_have_text("Trading is halted")
    expect(page.locator("#stops-h")).to_be_focused()
    # An order that is at the gate when it closes leaves until the seal, and no other.
    expect(page.locator(".now")).to_contain_text(re.compile(r"none since the stop|\d ms after the request"))
    steps = proof_of(page, "Everything").locator(".steps")
    for words in ("Requested", "Gate closed", "Sealed by 1 of 1", "Durable", "Nothing in doubt"):
        expect(steps).to_contain_text(words)
    expect(steps).to_contain_text(re.compile("before the request|before the seal"))
    expect(steps.locator("svg.crit")).to_have_count(0)


@check("everybody else sees the stop within a second, told aloud")
def halt_elsewhere(world):
    page = world.chen
    expect(page.locator("#headline")).to_have_text("Trading is halted")
    expect(page.locator("#live-urgent")).to_have_text("Trading is halted")
    expect(proof_of(page, "Everything")).to_contain_text("audit #")
    expect(page.locator("#tenants tbody tr").first).to_contain_text("Halted")
    assert page.title().startswith("Halted"), page.title()


@check("the receipt can be copied, and names control, epoch and audit row")
def receipt(world):
    page = world.alvarez
    button = page.get_by_role("button", name="Copy the receipt as JSON")
    button.click()
    expect(button).to_have_text("Copied")
    copied = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    assert copied["state"] in ("sealed", "settled") and copied["audit"] and copied["epoch"] == 1, copied


@check("a release needs a reason of ten characters, alone one of twenty")
def short_reason(world):
    page = world.alvarez
    page.locator("#resume-button").click()
    dialog = page.get_by_role("dialog")
    reason = dialog.get_by_label("Reason", exact=True)
    expect(reason).to_be_focused()
    reason.fill("too short")
    dialog.get_by_role("button", name="Ask for release").click()
    expect(dialog.get_by_role("alert")).to_contain_text("at least 10 characters")
    dialog.get_by_text("No second admin can be reached").click()
    dialog.get_by_role("checkbox").check()
    reason.fill("not twenty long")
    dialog.get_by_role("button", name="Release alone, now").click()
    expect(dialog.get_by_role("alert")).to_contain_text("at least 20 characters")
    page.keyboard.press("Escape")
    expect(page.locator("#headline")).to_have_text("Trading is halted")


@check("whoever asks for a release cannot approve it")
def own_release(world):
    page = world.alvarez
    release(page, page.locator("#resume-button"))
    waiting = page.locator("#stops .approval")
    expect(waiting).to_contain_text("needs another admin")
    expect(waiting.get_by_role("button")).to_have_count(0)
    expect(page.locator(".act")).to_contain_text("Waits for another admin")


@check("a second admin who denies leaves the stop in force")
def denied(world):
    page = world.chen
    page.locator("#stops .approval").get_by_role("button", name="Deny").click()
    expect(page.locator("#stops .approval")).to_have_count(0)
    expect(page.locator("#headline")).to_have_text("Trading is halted")
    expect(world.alvarez.locator("#resume-button")).to_be_visible()


@check("a second admin who approves starts trading again, for everyone")
def approved(world):
    release(world.alvarez, world.alvarez.locator("#resume-button"))
    approve(world.chen, world.chen.locator("#review-button"))
    for page in (world.chen, world.alvarez):
        expect(page.locator("#headline")).to_have_text("Trading is running")
        expect(page.locator("#halt-button")).to_be_visible()
    expect(world.chen.locator("#stops .released")).to_contain_text("audit #")
    expect(world.alvarez.locator(".now")).to_contain_text(re.compile(r"Last order \d\.\d s ago"))
    world.chen.get_by_role("button", name="Dismiss").click()


@check("a stop of one profile by mouse reaches that profile only")
def halt_by_mouse(world):
    page = world.alvarez
    page.locator("#halt-button").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("label", has_text="One profile").click()
    dialog.get_by_role("combobox", name="Tenant").select_option("kestrel")
    dialog.get_by_role("combobox", name="Profile").select_option("swing-1")
    dialog.get_by_role("button", name="Drill, no incident").click()
    dialog.get_by_placeholder("Details, ticket").fill("INC-318")
    expect(dialog.locator(".blast dd").first).to_have_text("1 in 1 tenant")
    expect(dialog.locator(".cmd")).to_contain_text("--profile kestrel/swing-1")
    dialog.get_by_role("button", name="Halt kestrel/swing-1").click()
    expect(proof_of(page, "profile swing-1")).to_contain_text("Drill, no incident; INC-318")
    expect(page.locator("#headline")).to_have_text("Trading is running")
    expect(page.locator(".gates")).to_contain_text("60 of 61")


@check("the timeline of a stop's request shows its audit row")
def stop_timeline(world):
    page = world.alvarez
    proof_of(page, "profile swing-1").get_by_role("link", name="Timeline of the request").click()
    expect(page.locator(".view-title")).to_have_text("POST /admin/controls")
    expect(page.locator(".timeline")).to_contain_text("control.impose")
    page.keyboard.press("Escape")


@check("a stop goes through when its preview cannot be counted")
def no_preview(world):
    state = world.alvarez.context.storage_state()
    with world.browser.guest(world.product, state=state, is_quiet=False) as page:
        page.route("**/admin/controls/plan", lambda route: route.abort())
        page.goto("/#tenant/heron")
        page.get_by_role("button", name="Disable scalper-1").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("The count failed.")
        dialog.get_by_role("button", name="Disable").click()
        expect(page.locator("#detail tbody tr", has_text="scalper-1")).to_contain_text("Disabled")


@check("a tenant is disabled from its page and says why it does not trade")
def disable_tenant(world):
    page = world.alvarez
    page.locator(".rail a[href='#tenants']").click()
    page.goto("/#tenant/orchid")
    page.locator("#tenant-disable").click()
    expect(page.get_by_role("dialog")).to_contain_text("refuses its trading requests at once")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.locator(".facts")).to_contain_text("Disabled")
    expect(page.get_by_role("region", name="Why it does not trade")).to_contain_text("Tenant orchid")
    expect(page.locator("#detail tbody")).not_to_contain_text("Trading")


@check("a disabled tenant trades again once a second admin agrees")
def enable_tenant(world):
    release(world.alvarez, world.alvarez.locator("#tenant-enable"))
    expect(world.alvarez.locator(".view-actions")).to_contain_text("waits for another admin")
    waiting = world.chen.locator("#stops .approval", has_text="orchid")
    approve(world.chen, waiting.get_by_role("button", name="Approve"))
    expect(world.alvarez.locator(".facts")).to_contain_text("Trading")
    world.alvarez.keyboard.press("Escape")


@check("a release asked for before another stop is refused, not applied to it")
def moved(world):
    page = world.alvarez
    release(page, proof_of(page, "profile swing-1").get_by_role("button", name="Request release"))
    waiting = world.chen.locator("#stops .approval", has_text="profile swing-1")
    expect(waiting).to_be_visible()
    page.goto("/#tenant/lark")
    page.get_by_role("button", name="Disable scalper-1").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(waiting).to_contain_text("approving will be refused")
