"""Two hundred hostile answers in a real browser, as they stream and as they stay: nothing runs, nothing is fetched.

The page keeps its promise by what it shows, so the browser is asked twice: with the content security policy, and
without it.
"""

import re

import pytest

from dev.model_server import hostile
from tests.product import EMAIL

CONTROL = f"<img src={hostile.AWAY}/control.png onerror={hostile.RUN}>"
FORBIDDEN = "script, img, svg, iframe, object, embed, form, style, link, meta, base, video, audio, input, template"
INSIDE = """
  (forbidden) => {
    const inside = document.getElementById("generation-output");
    const handlers = [...inside.querySelectorAll("*")].flatMap((element) => element.getAttributeNames()
      .filter((name) => /^(on|hx-|style$|id$|data-(?!open))/.test(name)).map((name) => `${element.tagName} ${name}`));
    const ours = /^DIV (id|hx-swap)$/;
    return {
      elements: [...inside.querySelectorAll(forbidden)].map((element) => element.outerHTML),
      handlers: handlers.filter((found) => !ours.test(found)),
      addresses: [...inside.querySelectorAll("a")].map((link) => link.protocol),
      bidi: [...inside.innerText].filter((letter) => /[\\u202a-\\u202e\\u2066-\\u2069\\u0000\\u001b]/.test(letter)),
      hacked: window.hacked,
    };
  }
"""


class Watched:
    """A tab, and everything that it asked for, opened or complained about."""

    def __init__(self, cast, *, bypass_csp):
        self.context = cast.profile(EMAIL, bypass_csp=bypass_csp)
        self.asked, self.alarms = [], []
        self.tab = self.context.new_page()
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.on("page", lambda page: self.alarms.append(f"opened {page.url}"))
        self.tab.on("dialog", lambda dialog: (self.alarms.append(dialog.message), dialog.dismiss()))
        self.tab.on("pageerror", lambda error: self.alarms.append(str(error)))
        self.tab.on("console", lambda said: self.alarms.append(said.text) if said.type == "error" else None)

    def strangers(self, base_url, generation):
        """What was asked for that is none of the page's own."""
        page = rf"generations/{generation}/((stream|position)/.*)?"
        own = re.compile(rf"{re.escape(base_url)}/(static/.*|favicon\.ico|{page})|data:image/.*")
        return [url for url in self.asked if not own.fullmatch(url)]


@pytest.fixture(params=[False, True], ids=["with-csp", "without-csp"])
def watched(request, cast):
    tab = Watched(cast, bypass_csp=request.param)
    yield tab
    tab.context.close()


def test_nothing_of_two_hundred_hostile_answers_runs_or_is_fetched(watched, shared_product):
    customer = shared_product.customer()
    assert len(hostile.payloads()) == 200

    for part, sent in enumerate(hostile.parts(), start=1):
        generation = customer.start("keel-hostile", f"Write part={part} of the long list, please.")
        # First as it streams, then as it stays.
        for _visit in range(2):
            watched.tab.goto(f"/generations/{generation}/")
            watched.tab.wait_for_selector("[data-status=succeeded]", timeout=20_000)
            found = watched.tab.evaluate(INSIDE, FORBIDDEN)
            assert set(found.pop("addresses")) <= {"http:", "https:", "mailto:"}
            assert found == {"elements": [], "handlers": [], "bidi": [], "hacked": None}, part
        assert watched.strangers(shared_product.base_url, generation) == []
        assert shared_product.call_of(generation)["text_sent"] == sent
        watched.asked.clear()

    assert watched.alarms == []


def test_the_watch_itself_sees_what_runs_and_what_is_fetched(watched, shared_product, request):
    generation = shared_product.customer().start("keel-demo-fast")
    watched.tab.goto(f"/generations/{generation}/")
    watched.tab.wait_for_selector("[data-status=succeeded]", timeout=20_000)

    watched.tab.evaluate(
        "html => document.getElementById('generation-output').insertAdjacentHTML('beforeend', html)", CONTROL
    )
    watched.tab.wait_for_timeout(500)
    found = watched.tab.evaluate(INSIDE, FORBIDDEN)

    assert found["elements"]
    assert found["handlers"] == ["IMG onerror"]
    if "without-csp" in request.node.name:
        assert watched.strangers(shared_product.base_url, generation) == [f"{hostile.AWAY}/control.png"]
        assert found["hacked"] == 1
    else:
        assert found["hacked"] is None
        assert any("Content Security Policy" in said for said in watched.alarms)
