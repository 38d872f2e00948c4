"""Staff flip a switch while somebody reads: the browser shows why, and goes on by itself once it is flipped back."""

from tests.e2e.test_workshop import appear, compose, press

REASON = "We are looking at odd answers. Back at noon."


def test_the_browser_shows_why_a_run_was_stopped_and_when_it_goes_on(member, shared_product):
    compose(member, model="keel-trickle")
    press(member)
    appear(member, "#generation-output >> text=drop 0")

    with shared_product.stopped("stop:template:product-announcement", reason=REASON, stops_running=True):
        appear(member, f"#generation-foot >> text={REASON}")
        member.reload()
        assert "drop 0" in member.inner_text("#generation-output")
        member.goto("/generations/new/?template=product-announcement")
        assert REASON in member.inner_text("#generation-paused")
        assert member.is_disabled("#composer-submit")
        member.goto("/generations/new/?template=summary")
        assert member.is_enabled("#composer-submit")
        member.goto("/generations/new/?template=product-announcement")

    appear(member, "#composer-submit:enabled")
    assert member.inner_text("#generation-paused") == ""
