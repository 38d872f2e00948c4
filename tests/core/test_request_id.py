"""One id follows a request: header, log line, SQL, message to the worker."""

import json
import uuid

import pytest
import structlog
from django.db import connection
from django.test import Client

from apps.core import redis
from apps.core.request_id import bind_request_id
from apps.core.sql_comments import comment_statements
from apps.core.tasks import deliver_mail

pytestmark = pytest.mark.urls("tests.core.urls")


@pytest.fixture(autouse=True)
def _no_request_id_stays():
    yield
    structlog.contextvars.clear_contextvars()


def test_an_offered_id_comes_back():
    response = Client().get("/echo/", headers={"X-Request-ID": "offered-by-a-proxy"})

    assert response["X-Request-ID"] == "offered-by-a-proxy"


@pytest.mark.parametrize("offered", ["", "short", "x" * 65, "*/ DROP TABLE x --", "line\nbreak-and-more", "ünïcödé-id"])
def test_an_id_that_is_not_well_formed_is_replaced(offered):
    request_id = bind_request_id(offered)

    assert request_id != offered
    assert len(request_id) == 16


def test_two_requests_have_two_ids():
    first, second = Client().get("/echo/"), Client().get("/echo/")

    assert first["X-Request-ID"] != second["X-Request-ID"]


def test_the_log_line_of_a_request_names_it(log_lines):
    Client().get("/echo/?token=secret", headers={"X-Request-ID": "in-the-log-line"})

    [line] = [line for line in log_lines() if line["event"] == "request"]
    assert line["request_id"] == "in-the-log-line"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/echo/", 200)
    assert "secret" not in json.dumps(line)


def test_a_link_from_a_mail_is_not_in_the_log(log_lines, db):
    Client().get("/accounts/confirm-email/MTA:secret/")

    [line] = [line for line in log_lines() if line["event"] == "request"]
    assert line["path"] == "/accounts/confirm-email/[Filtered]/"


def test_a_statement_in_postgresql_names_the_request(db):
    response = Client().get("/ask-database/", headers={"X-Request-ID": "seen-by-postgresql"})

    assert response.text.endswith(" /* request_id=seen-by-postgresql */")


def test_a_statement_outside_of_a_request_has_no_comment(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()")

        assert "request_id" not in cursor.fetchone()[0]


def test_the_comment_is_installed_once_however_often_the_connection_is_made(db):
    before = list(connection.execute_wrappers)

    comment_statements(connection=connection)

    assert connection.execute_wrappers == before


def test_a_message_to_the_worker_carries_the_id():
    queue = f"test-{uuid.uuid4()}"
    bind_request_id("on-its-way-to-the-worker")

    deliver_mail.apply_async(kwargs={"mail_id": "x"}, queue=queue)

    message = json.loads(redis.client().lpop(queue))
    assert message["headers"]["__django_structlog__"]["request_id"] == "on-its-way-to-the-worker"
