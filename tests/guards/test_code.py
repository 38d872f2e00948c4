"""Rules that every module keeps, read from the source itself."""

import ast
import inspect
import re

import pytest
from django.conf import settings
from django.db.models import TextChoices

from config.celery import app as celery_app
from dev.procfile import read_procfile
from tests.guards.source import ROOT, dotted, functions, modules, texts

PRODUCT = modules("apps", "config")
DATABASE_DOOR = "apps/core/db.py"
SCOPES = {"workspace_scope", "system_scope", "atomic"}
DATABASE_ERRORS = {"DatabaseError", "IntegrityError", "OperationalError", "DataError", "InternalError", "Error"}
DATABASE_ERRORS |= {"ProgrammingError", "NotSupportedError", "Exception", "BaseException"}
# Whatever outlives a transaction is lost, or met by somebody else, behind PgBouncer in transaction mode.
SESSION_STATE = re.compile(r"^\s*(SET|RESET|LISTEN|NOTIFY|DISCARD|PREPARE|DECLARE)\s|pg_(try_)?advisory_lock|WITH HOLD")


def offences(check) -> list[str]:
    return [f"{path}:{line}" for path, tree in PRODUCT.items() for line in check(path, tree)]


def test_no_function_imports_except_ready():
    def check(path, tree):
        for function in functions(tree):
            if path.endswith("/apps.py") and function.name == "ready":
                continue
            yield from (node.lineno for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))

    assert offences(check) == []


def test_only_the_scopes_start_transactions():
    def check(path, tree):
        if path != DATABASE_DOOR:
            names = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name))
            # A migration may say `atomic = False`: nothing is read there.
            read = (node for node in names if isinstance(node.ctx, ast.Load))
            yield from (node.lineno for node in read if dotted(node).split(".")[-1] == "atomic")

    assert offences(check) == []
    assert "transaction.atomic" in (ROOT / DATABASE_DOOR).read_text()


def test_no_session_state_is_left_in_a_connection():
    written = {path: list(texts(tree)) for path, tree in PRODUCT.items()}
    written |= {str(path): [path.read_text()] for path in (ROOT / "apps").rglob("*.sql")}

    assert [path for path, strings in written.items() if any(SESSION_STATE.search(text) for text in strings)] == []


@pytest.mark.parametrize("text", ["SET TIME ZONE 'UTC'", " LISTEN x", "SELECT pg_advisory_lock(1)", "RESET ALL"])
def test_session_state_would_be_found(text):
    assert SESSION_STATE.search(text)


@pytest.mark.parametrize("text", ["Set up", "UPDATE a SET b = 1", "SELECT set_config('a', 'b', true)"])
def test_what_ends_with_its_transaction_is_no_session_state(text):
    assert not SESSION_STATE.search(text)


def scoped_catches(tree: ast.AST) -> list[int]:
    """The lines on which a database error is caught within a transaction that it has already broken."""
    found = []
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.With) or not any(_is_scope(item.context_expr) for item in scope.items):
            continue
        for handler in (node for node in ast.walk(scope) if isinstance(node, ast.ExceptHandler)):
            caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            if any(kind is None or dotted(kind).split(".")[-1] in DATABASE_ERRORS for kind in caught):
                found.append(handler.lineno)
    return found


def _is_scope(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Call) and dotted(expression.func).split(".")[-1] in SCOPES


def test_database_errors_are_caught_outside_of_transactions():
    assert offences(lambda _path, tree: scoped_catches(tree)) == []


@pytest.mark.parametrize(
    "kind", ["IntegrityError", "db.DatabaseError", "(ValueError, IntegrityError)", "", "Exception"]
)
def test_a_catch_inside_a_transaction_would_be_found(kind):
    inside = f"with system_scope():\n    try:\n        x()\n    except {kind}:\n        pass"
    outside = f"try:\n    with system_scope():\n        x()\nexcept {kind}:\n    pass"

    assert scoped_catches(ast.parse(inside)) == [4]
    assert scoped_catches(ast.parse(outside)) == []


def tasks() -> dict[str, object]:
    celery_app.loader.import_default_modules()
    return {name: task for name, task in celery_app.tasks.items() if task.__module__.startswith("apps.")}


def test_there_are_tasks():
    assert len(tasks()) >= 4


@pytest.mark.parametrize("name", sorted(tasks()))
def test_a_task_takes_keywords_and_whatever_a_later_version_sends(name):
    *named, last = inspect.signature(tasks()[name].run).parameters.values()

    assert {parameter.kind for parameter in named} <= {inspect.Parameter.KEYWORD_ONLY}
    assert (last.kind, last.name) == (inspect.Parameter.VAR_KEYWORD, "later")


def declared_queues() -> dict[str, str]:
    """The queue that each task names in its own decorator, by the path of the function."""
    return {
        f"{path}:{function.name}": keyword.value.value
        for path, tree in PRODUCT.items()
        for function in functions(tree)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and dotted(decorator.func) == "shared_task"
        for keyword in decorator.keywords
        if keyword.arg == "queue"
    }


def test_every_task_names_a_queue_that_a_worker_of_the_procfile_serves():
    commands = " ".join(read_procfile(ROOT / "Procfile").values())
    served = set(re.findall(r"--queues (\S+)", commands))

    assert len(declared_queues()) == len(tasks())
    assert set(declared_queues().values()) <= served


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE)
def test_beat_rings_for_tasks_that_exist(entry):
    assert settings.CELERY_BEAT_SCHEDULE[entry]["task"] in tasks()


def all_choices(base: type = TextChoices) -> list[type]:
    return [kind for child in base.__subclasses__() for kind in (child, *all_choices(child))]


OUR_CHOICES = [kind for kind in all_choices() if kind.__module__.startswith("apps.")]


@pytest.mark.parametrize("choices", OUR_CHOICES, ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_the_values_of_choices_are_lower_case_words(choices):
    assert [value for value in choices.values if not re.fullmatch(r"[a-z]+(_[a-z]+)*", value)] == []


def test_there_are_choices():
    assert "Status" in {kind.__name__ for kind in OUR_CHOICES}
