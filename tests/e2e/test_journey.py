"""The journey of a customer, in a real browser against the whole running product."""

import re
import secrets

import pytest

from apps.generation.markdown import render
from tests.product import wait_for

PASSWORD = "a-long-enough-password"


@pytest.fixture
def customer(page, shared_product):
    """A new customer, signed up through the mail link."""
    email = f"{secrets.token_hex(6)}@example.com"
    page.goto("/accounts/signup/")
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(mailed_link(shared_product, email))
    page.click("main button[type=submit]")
    page.wait_for_url("**/generations/new/**")
    return email


def mailed_link(product, email, *, part="confirm-email"):
    mails = product.services.var_dir / "mail"

    def find():
        texts = (path.read_text() for path in mails.glob("*"))
        found = (re.search(rf"http://\S+/{part}/\S+", text) for text in texts if email in text)
        return next((link[0] for link in found if link), None)

    return wait_for(find, seconds=30)


def generate(page, *, model, text):
    page.goto("/generations/new/?template=product-announcement")
    page.fill("input[name=product]", "Tide tables")
    page.fill("textarea[name=details]", text)
    page.select_option("select[name=model]", model)
    page.click("#composer-form button[type=submit]")
    page.wait_for_url(re.compile(r"/generations/[0-9a-f-]{36}/$"))
    return page.url.rstrip("/").split("/")[-1]


def sent_text(product):
    return product.calls()[-1]["text_sent"]


def copied(page):
    with page.expect_response("**/markdown/") as answer:
        page.click("text=Copy as Markdown")
    return answer.value.text()


def visible(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_new_customer_generates_reloads_opens_a_second_tab_and_copies(customer, page, context, shared_product):
    generate(page, model="keel-demo", text="Tell our sailors about the new tide tables.")
    page.wait_for_selector("#generation-output h1, #generation-output h2")

    page.reload()
    second = context.new_page()
    second.goto(page.url)
    page.wait_for_selector("[data-status=succeeded]", timeout=40_000)
    second.wait_for_selector("[data-status=succeeded]", timeout=40_000)

    assert copied(page) == sent_text(shared_product)
    assert page.inner_text("#generation-blocks") == second.inner_text("#generation-blocks")


def test_the_pages_text_is_one_canonical_render_also_after_a_reload_in_the_middle(member, page, shared_product):
    generate(page, model="keel-demo", text="Explain ebb and flow to new sailors, with a table.")
    page.wait_for_selector("#generation-blocks > :nth-child(2)")
    page.reload()
    page.wait_for_selector("#generation-blocks > :nth-child(2)")
    middle = visible(page.inner_html("#generation-blocks"))
    page.wait_for_selector("[data-status=succeeded]", timeout=40_000)

    whole = visible(render(sent_text(shared_product)))

    assert whole.startswith(middle)
    assert visible(page.inner_html("#generation-blocks")) == whole


def test_stop_keeps_what_was_written_and_charges_for_it(member, page, shared_product):
    generation = generate(page, model="keel-demo", text="A long story about the moon and the sea.")
    page.wait_for_selector("#generation-output h1, #generation-output h2")

    page.click("#stop-button")
    page.wait_for_selector("[data-status=canceled]", timeout=10_000)

    assert sent_text(shared_product).startswith(copied(page))
    charged = shared_product.value("SELECT charged_credits FROM generation_generation WHERE id = %s", generation)
    assert 0 < charged < 10


def test_every_credit_is_explained(customer, page, shared_product):
    generate(page, model="keel-demo-fast", text="One short text about harbours and tides.")
    page.wait_for_selector("[data-status=succeeded]", timeout=20_000)

    page.goto("/billing/")

    assert "500" in page.inner_text("main")
    assert page.locator("main >> text=/generation/i").count() > 0


def test_typed_text_survives_a_refusal(member, page):
    page.goto("/generations/new/?template=product-announcement")
    page.fill("input[name=product]", "Only this")
    page.fill("textarea[name=details]", "short")
    page.click("#composer-form button[type=submit]")
    assert "at least 3 words" in page.locator("textarea[name=details]").evaluate("field => field.validationMessage")

    # A browser that checks nothing: the server refuses, and the text stays.
    page.locator("#composer-form").evaluate("form => { form.noValidate = true }")
    page.click("#composer-form button[type=submit]")
    page.wait_for_selector("#composer-form .field-error")

    assert page.input_value("textarea[name=details]") == "short"
