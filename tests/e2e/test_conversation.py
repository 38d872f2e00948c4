"""Going on from an answer in a real browser: by keyboard, with another version beside it, and shared until revoked."""

from tests.e2e.test_workshop import appear, compose, press


def test_a_talk_goes_on_by_keyboard_has_two_versions_and_is_shared_until_that_ends(member, cast):
    compose(member)
    press(member)
    appear(member, "[data-status=succeeded]")
    member.click("text=Ask a follow-up")
    member.wait_for_url("**/conversations/**")

    member.fill("#follow-up textarea", "Shorter, for the radio.")
    member.keyboard.press("Control+Enter")
    appear(member, "#generation-panel[data-live], [data-status=succeeded]")
    appear(member, "#generation-panel [data-status=succeeded]")
    assert member.locator(".turn-asked").count() == 2
    assert member.input_value("#follow-up textarea") == ""
    assert not member.is_disabled("#follow-up [type=submit]")

    member.click("#generation-foot >> text=Another version")
    appear(member, ".variants #generation-panel [data-status=succeeded]")
    columns = [box.bounding_box() for box in member.locator(".variants > *").all()]
    assert columns[0]["y"] == columns[1]["y"]
    assert columns[0]["x"] + columns[0]["width"] <= columns[1]["x"]
    member.click(".variants >> text=Go on from this one >> nth=0")

    member.click("#generation-foot >> text=Share")
    member.click("main form [type=submit] >> nth=0")
    address = member.input_value("#share-address")
    stranger = cast.profile("").new_page()
    assert stranger.goto(address).status == 200
    assert "AI-generated" in stranger.inner_text("main")
    member.click(".share-links button >> nth=0")
    member.wait_for_selector("text=The link is revoked")
    assert stranger.goto(address).status == 404
    stranger.context.close()
