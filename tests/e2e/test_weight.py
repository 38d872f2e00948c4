"""How much a first visit to each page loads, with static files as production serves them."""

import pytest

from tests.e2e.catalogue import PRODUCT

FIRST_VIEW_BYTES_MAX = 150_000


def test_a_first_view_is_light(visit):
    if visit.page not in PRODUCT or visit.page.act is not None:
        pytest.skip("the admin's and a laptop's pages may be heavier, and a state is no first view")

    assert any(".css" in address for address in visit.weights), "no style sheet was loaded"
    assert sum(visit.weights.values()) <= FIRST_VIEW_BYTES_MAX, visit.weights
