"""Every error comes in the form that its reader can use: a page, a toast, or problem+json."""

import pytest
from allauth.core.ratelimit import respond_429
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client, RequestFactory

pytestmark = pytest.mark.urls("tests.core.urls")
HTMX = {"HX-Request": "true"}
NAVIGATION = {**HTMX, "HX-Boosted": "true", "HX-Target": "main"}
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


def test_a_link_of_the_shell_gets_the_error_page_as_its_main_region(visitor):
    response = visitor.get("/refuse/", headers=NAVIGATION)

    assert response.status_code == 418
    assert "HX-Retarget" not in response
    assert "This is a &lt;teapot&gt;." in response.text
    assert response.text.lstrip().startswith("<title>")
    assert '<main id="main"' in response.text
    assert "<html" not in response.text


def test_a_form_that_is_sent_into_the_main_region_gets_a_toast_so_that_nothing_typed_is_lost(visitor):
    response = visitor.post("/refuse/", {"text": "mine"}, headers=NAVIGATION)

    assert response["HX-Retarget"] == "#toasts"
    assert '<main id="main"' not in response.text


@pytest.mark.parametrize("headers", [{}, NAVIGATION])
def test_an_error_page_leads_to_the_contact_form_with_its_request_id(visitor, headers):
    response = visitor.get("/nowhere/", headers={"X-Request-ID": "seen-by-a-person", **headers})

    assert 'href="/contact/?request_id=seen-by-a-person&amp;page=/nowhere/"' in response.text


def test_an_error_page_names_no_secret_of_its_address(visitor):
    response = visitor.get("/accounts/confirm-email/secret-key-of-a-mail/more/")

    assert response.status_code == 404
    assert "page=/accounts/confirm-email/%5BFiltered%5D" in response.text


@pytest.mark.parametrize(
    ("path", "status", "next_step"),
    [
        ("/nowhere/", 404, "the link is incomplete"),
        ("/crash/", 500, "the request id leads us to what went wrong"),
        ("/lose-redis/", 503, "We are most likely on it already."),
        ("/%00", 400, "it may have been cut off"),
    ],
)
def test_an_error_page_says_what_to_do_next(visitor, path, status, next_step):
    response = visitor.get(path)

    assert response.status_code == status
    assert f"Error {status}" in response.text
    assert next_step in response.text


@pytest.mark.parametrize(("path", "again"), [("/lose-redis/?page=2", True), ("/nowhere/?page=2", False)])
def test_what_may_pass_can_be_tried_again(visitor, path, again):
    assert (f'href="{path}"' in visitor.get(path).text) == again


@pytest.mark.parametrize("headers", [{}, HTMX, JSON])
def test_a_wrong_method_is_explained_and_the_right_ones_are_named(visitor, db, headers):
    response = visitor.post("/pricing/", headers=headers)

    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
    assert "This address does not take such a request." in response.text
    assert response["X-Request-ID"] in response.text


def test_a_limit_says_when_it_ends(visitor, db):
    addressed = {"REMOTE_ADDR": "203.0.113.77"}
    refused = [visitor.post("/twice-a-day/", **addressed) for _ in range(3)][-1]

    assert refused.status_code == 429
    assert "It works again in " in refused.text


def test_a_limit_of_allauth_looks_like_ours(visitor):
    request = RequestFactory().get("/accounts/login/")

    assert respond_429(request).status_code == 429
    assert "Too many attempts." in respond_429(request).text


def test_an_error_page_that_breaks_gives_way_to_a_plain_one(visitor, monkeypatch):
    monkeypatch.setattr("apps.core.responses.WHOLE_PAGE", "gone.html")

    response = visitor.get("/nowhere/")

    assert response.status_code == 404
    assert "Nothing was lost" in response.text


def test_the_plain_page_needs_no_template_engine():
    text = (settings.BASE_DIR / "templates" / "503.html").read_text()

    assert "{%" not in text
    assert "{{" not in text


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


@pytest.mark.parametrize("headers", [{}, NAVIGATION, HTMX, JSON])
def test_an_error_page_asks_neither_session_nor_database(visitor, db, headers):
    # Every query fails: a session cookie must lead to none from within the page.
    visitor.cookies["sessionid"] = "a" * 32

    with connection.execute_wrapper(_refuse):
        response = visitor.get("/lose-database/", headers=headers)

    assert response.status_code == 503
    assert "We are having trouble right now. Nothing was lost" in response.text


def _refuse(execute, sql, parameters, many, context):
    raise OperationalError("server closed the connection")


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
