"""The recorded run of the landing page: plays at its pace, moves nothing, stops for whoever wants it to."""

import pytest

SHOWN = "document.querySelectorAll('.demo-word.is-shown').length"
STAGE = "document.querySelector('[data-demo]').dataset.stage"
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifted += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""
# What the run shows as its figure at the end of each stage: a stage can be over before anybody asks for it.
WATCH_STAGES = """
window.stages = {};
new MutationObserver(() => {
  const demo = document.querySelector("[data-demo]");
  if (demo) window.stages[demo.dataset.stage] = demo.querySelector("[data-demo-figure]")?.innerText;
}).observe(document, { subtree: true, childList: true, characterData: true, attributeFilter: ["data-stage"] });
"""


@pytest.fixture
def landing(page):
    page.add_init_script(WATCH_SHIFTS)
    page.add_init_script(WATCH_STAGES)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/")
    return page


def test_the_run_plays_from_hold_to_charge_without_moving_the_page(landing):
    height = landing.evaluate("document.documentElement.scrollHeight")
    wait_for_words(landing, 10)
    assert landing.evaluate("window.stages.held") == "495"
    assert landing.inner_text("[data-demo-status]") == "Writing"

    landing.wait_for_selector("[data-stage=done]")

    assert landing.inner_text("[data-demo-figure]") == "499"
    assert landing.evaluate("document.documentElement.scrollHeight") == height
    assert landing.evaluate("window.shifted") < 0.02


def test_it_pauses_goes_on_and_plays_again(landing):
    wait_for_words(landing, 5)
    landing.click("[data-demo-button]")
    paused_at = landing.evaluate(SHOWN)
    landing.wait_for_timeout(500)
    assert landing.evaluate(SHOWN) == paused_at
    assert landing.inner_text("[data-demo-button]") == "Play"

    landing.click("[data-demo-button]")
    landing.wait_for_selector("[data-stage=done]")
    landing.click("text=Play again")

    landing.wait_for_selector("[data-stage=writing]")


def test_it_rests_while_nobody_can_see_it(landing):
    wait_for_words(landing, 5)
    landing.evaluate("scrollTo(0, document.body.scrollHeight)")
    landing.wait_for_timeout(300)
    unseen = landing.evaluate(SHOWN)
    landing.wait_for_timeout(500)
    assert landing.evaluate(SHOWN) == unseen

    landing.evaluate("scrollTo(0, 0)")

    wait_for_words(landing, unseen + 1)


def test_who_wants_no_motion_sees_the_whole_answer_at_once(page):
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")

    assert page.evaluate(STAGE) == "done"
    assert page.evaluate("getComputedStyle(document.querySelector('.demo-word')).opacity") == "1"


def wait_for_words(page, count):
    # wait_for_function would evaluate text in the page, which its content security policy refuses.
    page.locator(".demo-word.is-shown").nth(count - 1).wait_for()
