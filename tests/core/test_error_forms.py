"""Every error comes in the form that its reader can use: a page, a toast, or problem+json."""

import pytest
from django.test import Client

pytestmark = pytest.mark.urls("tests.core.urls")
HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def test_a_refusal_is_a_page_with_its_own_sentence_and_the_request_id(visitor):
    response = visitor.get("/refuse/", headers={"X-Request-ID": "shown-on-the-page"})

    assert response.status_code == 418
    assert response["Retry-After"] == "7"
    assert "This is a &lt;teapot&gt;." in response.text
    assert "shown-on-the-page" in response.text
    assert "<html" in response.text


def test_a_refusal_is_a_toast_for_htmx(visitor):
    response = visitor.get("/refuse/", headers=HTMX)

    assert response.status_code == 418
    assert response["HX-Retarget"] == "#toasts"
    assert response["HX-Reswap"] == "beforeend"
    assert "This is a &lt;teapot&gt;." in response.text
    assert "<html" not in response.text


@pytest.mark.parametrize(("path", "headers"), [("/refuse/", JSON), ("/api/refuse/", {})])
def test_a_refusal_is_problem_json_for_a_program(visitor, path, headers):
    response = visitor.get(path, headers={"X-Request-ID": "asked-by-a-program", **headers})

    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == "7"
    assert response.json() == {
        "type": "about:blank",
        "title": "teapot",
        "status": 418,
        "detail": "This is a <teapot>.",
        "code": "teapot",
        "request_id": "asked-by-a-program",
    }


@pytest.mark.parametrize("path", ["/lose-database/", "/lose-redis/"])
@pytest.mark.parametrize("headers", [{}, HTMX, JSON])
def test_a_lost_service_is_a_503_with_retry_after(visitor, path, headers):
    response = visitor.get(path, headers=headers)

    assert response.status_code == 503
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize("headers", [{}, HTMX, JSON])
def test_a_bug_is_a_500_that_tells_nothing_of_the_bug(visitor, headers):
    response = visitor.get("/crash/", headers=headers)

    assert response.status_code == 500
    assert "a bug" not in response.text
    assert response["X-Request-ID"] in response.text


@pytest.mark.parametrize("headers", [{}, HTMX, JSON])
def test_an_unknown_address_is_a_404(visitor, headers):
    response = visitor.get("/nowhere/", headers=headers)

    assert response.status_code == 404
    assert "There is nothing at this address." in response.text


def test_an_error_page_asks_neither_session_nor_database(visitor):
    # No database is allowed in this test: a session cookie must not lead to one.
    visitor.cookies["sessionid"] = "a" * 32

    response = visitor.get("/lose-database/")

    assert response.status_code == 503


def test_a_lost_database_outside_of_a_view_is_a_503_too(visitor, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.core.middleware.losing_the_database"]

    response = visitor.get("/echo/")

    assert response.status_code == 503


def test_a_form_without_csrf_token_is_refused_in_our_words():
    visitor = Client(enforce_csrf_checks=True)

    response = visitor.post("/echo/", headers=HTMX)

    assert response.status_code == 403
    assert 'data-code="csrf_failed"' in response.text


def test_an_expired_login_is_a_401_toast_for_htmx_and_the_login_page_for_others(visitor, db):
    fragment = visitor.get("/members-only/", headers=HTMX)
    page = visitor.get("/members-only/")

    assert fragment.status_code == 401
    assert fragment["HX-Retarget"] == "#toasts"
    assert 'data-code="login_expired"' in fragment.text
    assert page["Location"] == "/accounts/login/?next=/members-only/"


@pytest.mark.parametrize("path", ["/echo/%00/", "/echo/?q=a%00b", "/%00"])
def test_nul_in_an_address_is_a_400(visitor, path):
    response = visitor.get(path)

    assert response.status_code == 400


def test_a_cookie_with_nul_is_dropped(visitor, db):
    response = visitor.get("/members-only/", headers={"Cookie": 'sessionid="aaaaaaaaaa\\000bbbbbbbbbb"; theme=dark'})
    echoed = visitor.get("/echo/", headers={"Cookie": 'sessionid="aaaaaaaaaa\\000bbbbbbbbbb"; theme=dark'})

    assert response.status_code == 302
    assert echoed.json()["cookies"] == ["theme"]


def test_nul_in_a_form_field_is_an_error_of_the_field(visitor, db):
    response = visitor.post("/accounts/login/", {"login": "ada\x00@example.com", "password": "x"})

    assert response.status_code == 200
    assert "Null characters are not allowed." in response.text


def test_a_body_that_is_too_large_is_a_413(visitor, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    response = visitor.post("/echo/", {"text": "x" * 200})

    assert response.status_code == 413


def test_too_many_fields_are_a_400(visitor, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3

    response = visitor.post("/echo/", {f"field{number}": "x" for number in range(5)})

    assert response.status_code == 400
