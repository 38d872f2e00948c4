"""The composer and the page of a generation in a real browser: shown at once, put back on refusal, never lost."""

import re
import secrets
import time

import pytest
import redis

from apps.generation.stream import channel
from tests.e2e.test_journey import mailed_link
from tests.product import EMAIL, PASSWORD, wait_for

TEXT = "Tell our sailors about the new tide tables."
GENERATION = re.compile(r"/generations/[0-9a-f-]{36}/$")
TOAST = '<div class="notice-toast" data-level="error"><p>No.</p><button data-dismiss>x</button></div>'
RETARGETED = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend", "Content-Type": "text/html"}
OBSERVE = """
  window.shifts = 0; window.spoken = [];
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (!entry.hadRecentInput) window.shifts += entry.value;
  })).observe({ type: "layout-shift", buffered: true });
  new MutationObserver((records) => records.forEach(({ target }) => {
    const node = target.nodeType === 1 ? target : target.parentElement;
    const region = node && node.closest("[role=status], [role=alert], [aria-live]");
    if (region && region.textContent.trim()) window.spoken.push(region.textContent.trim());
  })).observe(document, { childList: true, subtree: true, characterData: true });
"""


@pytest.fixture
def rough_member(cast):
    """The demo customer in a browser that may complain: about answers that are lost or broken on purpose."""
    opened = cast.profile(EMAIL)
    yield opened.new_page()
    opened.close()


def log_in(page):
    page.goto("/accounts/login/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/generations/**")


def compose(page, *, model="keel-demo-fast", text=TEXT):
    page.goto("/generations/new/?template=product-announcement")
    page.fill("input[name=product]", "Tide tables")
    page.fill("textarea[name=details]", text)
    with page.expect_response("**/generations/estimate/**"):
        page.select_option("select[name=model]", model)


def press(page):
    page.click("#composer-form .composer-submit")


def hold_back(page):
    """Keep every submit on its way until the test lets it go on."""
    held = []
    page.route(
        "**/generations/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    return held


def credits(page) -> tuple[int, int]:
    texts = [page.locator(f"[data-credits={name}]").first.text_content() for name in ("available", "held")]
    return tuple(int(re.sub(r"\D", "", text)) for text in texts)


def amount(page) -> int:
    return int(page.get_attribute("#generation-estimate", "data-amount"))


def appear(page, selector, *, seconds=20):
    page.wait_for_selector(selector, timeout=seconds * 1000)


def as_if(page, state):
    """Tell a tab that it is hidden, or visible again; a headless browser shows all its tabs."""
    page.evaluate(
        """(state) => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def readers(product, generation) -> int:
    """Return how many web processes follow a generation for some reader."""
    client = redis.Redis.from_url(product.services.valkey.url())
    return client.pubsub_numsub(channel(generation))[0][1]


def test_a_run_shows_at_once_though_the_answer_takes_two_seconds(member):
    compose(member)
    held, before, price = hold_back(member), credits(member), amount(member)

    press(member)
    member.wait_for_selector("[data-pending]", timeout=500)

    assert f"Reserving up to {price} credits" in member.inner_text("[data-pending]")
    assert credits(member) == (before[0] - price, before[1] + price)
    assert member.is_disabled(".composer-submit")
    member.wait_for_timeout(2000)
    held.pop().continue_()
    appear(member, "[data-status=succeeded]")
    assert member.locator("[data-pending]").count() == 0
    wait_for(lambda: credits(member)[1] == before[1], seconds=5)
    assert before[0] - price <= credits(member)[0] < before[0]


@pytest.mark.parametrize("status", [402, 429, 503, 502, 0])
def test_a_refusal_puts_everything_back_and_keeps_the_text(rough_member, status):
    member = rough_member
    compose(member)
    held, before = hold_back(member), credits(member)
    press(member)
    appear(member, "[data-pending]")

    if status == 0:
        held.pop().abort()
    else:
        held.pop().fulfill(
            status=status, headers=RETARGETED if status != 502 else {}, body=TOAST if status != 502 else ""
        )
    appear(member, "#toasts .notice-toast")

    assert member.locator("[data-pending]").count() == 0
    assert member.is_visible("#generation-panel .empty")
    assert credits(member) == before
    assert member.input_value("textarea[name=details]") == TEXT
    assert member.is_enabled(".composer-submit")
    wait_for(lambda: member.evaluate("document.activeElement.matches('.notice-toast')"), seconds=3)


def test_an_invalid_form_puts_everything_back_and_leads_to_the_field(member):
    compose(member, text="short")
    before = credits(member)
    member.locator("#composer-form").evaluate("form => { form.noValidate = true }")

    press(member)
    appear(member, "#composer-form .field-error")

    assert credits(member) == before
    wait_for(lambda: member.evaluate("document.activeElement.name") == "details", seconds=3)
    assert member.input_value("textarea[name=details]") == "short"


def test_an_impatient_person_starts_one_run(member, shared_product):
    compose(member)
    count = "SELECT count(*) FROM generation_generation"
    before = shared_product.value(count)

    member.evaluate("for (let i = 0; i < 5; i += 1) document.querySelector('.composer-submit').click()")
    appear(member, "[data-status=succeeded]")

    assert shared_product.value(count) == before + 1


def test_the_estimate_follows_the_text_and_sends_none_of_it(member):
    compose(member, model="keel-demo")
    before = amount(member)

    with member.expect_response("**/generations/estimate/**") as asked:
        member.fill("textarea[name=details]", "A secret that no log may keep. " * 120)
    member.wait_for_function(f"document.getElementById('generation-estimate').dataset.amount > {before}")

    assert "secret" not in asked.value.url
    assert "details=3720" in asked.value.url


def test_a_stream_speaks_of_its_stages_only_and_moves_nothing(member):
    member.add_init_script(OBSERVE)
    compose(member, model="keel-demo")
    press(member)
    member.wait_for_url(GENERATION)
    member.reload()

    appear(member, "#generation-blocks > :nth-child(2)")
    writing = member.title()
    appear(member, "[data-status=succeeded]", seconds=40)
    member.wait_for_timeout(200)

    assert writing.startswith("Writing · ")
    assert member.title().startswith("Done · ")
    assert set(member.evaluate("spoken")) <= {"Waiting for a worker", "Thinking", "Writing", "Done."}
    assert len(member.evaluate("spoken")) <= 4
    assert member.evaluate("shifts") < 0.05
    assert member.get_attribute("#generation-output", "aria-busy") is None


def test_the_focus_stays_where_it_was_while_a_run_comes_and_goes(member):
    compose(member)
    member.focus(".composer-submit")
    member.keyboard.press("Enter")
    appear(member, "[data-status=succeeded]")

    assert member.evaluate("document.activeElement.matches('.composer-submit')")


def test_stop_says_that_it_is_stopping(member):
    compose(member, model="keel-trickle")
    press(member)
    appear(member, "#generation-tail > *, #generation-blocks > *")
    held = []
    member.route("**/cancellation/", lambda route: held.append(route))

    member.click("#stop-button")

    wait_for(lambda: held, seconds=3)
    assert member.inner_text("#generation-panel [data-stage-text]") == "Stopping…"
    held.pop().continue_()
    appear(member, "[data-status=canceled]")
    assert "only that was charged" in member.inner_text("#generation-foot")


def test_eight_tabs_stream_because_hidden_ones_let_go(member, context, shared_product):
    customer = shared_product.customer()
    runs = [customer.start("keel-trickle") for _ in range(8)]
    tabs = [member, *(context.new_page() for _ in runs[1:])]
    for run, tab in zip(runs, tabs, strict=True):
        tab.goto(f"/generations/{run}/")
        appear(tab, "#generation-blocks > *, #generation-tail > *")
        as_if(tab, "hidden")
    as_if(tabs[0], "visible")

    wait_for(lambda: readers(shared_product, runs[0]) == 1, seconds=10)
    wait_for(lambda: sum(readers(shared_product, run) for run in runs[1:]) == 0, seconds=10)
    seen = tabs[0].inner_text("#generation-output")
    wait_for(lambda: len(tabs[0].inner_text("#generation-output")) > len(seen) + 5, seconds=10)
    drops = re.findall(r"drop (\d+)", tabs[0].inner_text("#generation-output"))
    for run in runs:
        customer.stop(run)
    assert drops == [str(number) for number in range(len(drops))]


def test_an_unfinished_text_survives_reload_and_another_template_until_it_is_sent(member):
    compose(member)
    member.reload()
    assert member.input_value("textarea[name=details]") == TEXT

    member.click("#template-summary")
    appear(member, "textarea[name=text]")
    member.fill("textarea[name=text]", "Another text")
    member.click("#template-product-announcement")
    appear(member, "textarea[name=details]")
    assert member.input_value("textarea[name=details]") == TEXT

    press(member)
    appear(member, "[data-status=succeeded]")
    member.goto("/generations/new/?template=product-announcement")
    assert member.input_value("textarea[name=details]") == ""
    member.goto("/generations/new/?template=summary")
    assert member.input_value("textarea[name=text]") == "Another text"


def test_an_estimate_that_comes_after_another_template_was_chosen_goes_nowhere(member):
    compose(member)
    waiting = []
    member.route("**/generations/estimate/**", lambda route: route.continue_() if waiting else waiting.append(route))
    with member.expect_request("**/generations/estimate/**"):
        member.fill("textarea[name=details]", f"{TEXT} They are waterproof.")
    member.click("#template-summary")
    appear(member, "textarea[name=text]")

    waiting[0].continue_()

    with member.expect_response("**/generations/estimate/**"):
        member.fill("textarea[name=text]", "Another text")
    member.wait_for_load_state("networkidle")  # A complaint of the browser would fail this test.


def test_an_example_can_be_taken_back(member):
    compose(member)

    member.click("[data-fill-example]")
    example = member.input_value("textarea[name=details]")
    member.click("[data-fill-example]")

    assert "spreadsheet" in example
    assert member.input_value("textarea[name=details]") == TEXT


def test_after_an_expired_login_the_same_page_works_again(member, context):
    compose(member)
    context.clear_cookies(name="sessionid")
    press(member)
    appear(member, "[data-code=login_expired] a")
    assert member.input_value("textarea[name=details]") == TEXT

    with context.expect_page() as opened:
        member.click("[data-code=login_expired] a")
    log_in(opened.value)
    opened.value.close()
    press(member)

    appear(member, "[data-status=succeeded]")


def test_back_and_forward_and_a_deep_link_show_what_their_addresses_say(member):
    compose(member)
    press(member)
    appear(member, "[data-status=succeeded]")
    written = member.inner_text("#generation-blocks")

    member.go_back()
    appear(member, "#generation-panel .empty")
    member.go_forward()
    appear(member, "[data-status=succeeded]")

    assert member.locator("#composer-form").count() == 0
    assert member.inner_text("#generation-blocks") == written


def test_a_run_can_be_run_again_from_its_page(member):
    compose(member)
    press(member)
    appear(member, "[data-status=succeeded]")

    member.click("text=Run again")
    member.wait_for_url("**/generations/new/?from=*")

    assert member.input_value("textarea[name=details]") == TEXT


def test_what_has_just_ended_can_be_deleted_and_brought_back(member):
    compose(member)
    press(member)
    appear(member, "[data-status=succeeded]")
    title, address = member.get_attribute("#generation-panel", "data-title"), member.url

    member.click("#generation-foot >> text=Delete")
    member.click("#toasts >> text=Undo")
    member.wait_for_selector("#toasts >> text=Restored.")

    assert member.locator(".history-title").first.inner_text() == title
    assert member.goto(address).status == 200


def test_from_sign_up_to_the_first_text_are_three_clicks_and_less_than_a_minute(page, shared_product):
    started, email = time.monotonic(), f"{secrets.token_hex(6)}@example.com"
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", "a-long-enough-password")
    page.click("main button[type=submit], form[action*=signup] button[type=submit]")
    page.goto(mailed_link(shared_product, email))
    page.click("main button[type=submit]")
    page.wait_for_url("**/generations/new/**")

    assert "500 credits" in page.inner_text("#generation-panel")
    press(page)
    appear(page, "[data-status=succeeded]", seconds=40)

    assert time.monotonic() - started < 60
