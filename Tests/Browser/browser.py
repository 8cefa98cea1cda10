"""Chromium, the people who use it, and a record of everything their pages complain about."""

from contextlib import contextmanager

from playwright.sync_api import expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
TIMEOUT_MILLISECONDS = 12_000
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}

REPORT_VIOLATIONS = """addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""


class Browser:
    def __init__(self):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self.complaints = []
        self.foreign = []
        expect.set_options(timeout=TIMEOUT_MILLISECONDS)

    def person(self, product, link=None, look=DESKTOP, scheme="dark", is_quiet=True, state=None):
        """A page of its own browser profile, signed in when `link` or `state` is given. `is_quiet`: nothing this
        person does is meant to fail, so whatever the page writes to the console is a complaint."""
        context = self.chromium.new_context(
            **look,
            color_scheme=scheme,
            storage_state=state,
            permissions=["clipboard-read", "clipboard-write"],
            base_url=product.origin,
        )
        context.set_default_timeout(TIMEOUT_MILLISECONDS)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", lambda request: self.watch(request.url, product.origin))
        context.on("console", lambda message: self.hear(message, is_quiet))
        context.on("weberror", lambda problem: self.complaints.append(f"uncaught: {problem.error}"))
        page = context.new_page()
        if link or state:
            page.goto(link or "/")
            expect(page.locator("#headline")).to_contain_text("rading")
        return page

    def watch(self, url, origin):
        if not url.startswith((origin, "data:", "blob:")):
            self.foreign.append(url)

    def hear(self, message, is_quiet):
        # Chromium itself writes down every answer that is not a 2xx. A request's record is a moment younger than its
        # answer; the page asks twice.
        is_early = "/admin/requests/" in message.location.get("url", "")
        is_expected = message.text.startswith("Failed to load resource") and (is_early or not is_quiet)
        if message.type in ("error", "warning") and not is_expected:
            self.complaints.append(f"{message.type}: {message.text}")

    @contextmanager
    def guest(self, product, **options):
        """A person for one check."""
        page = self.person(product, **options)
        try:
            yield page
        finally:
            page.context.close()

    def close(self):
        self.chromium.close()
        self.playwright.stop()
