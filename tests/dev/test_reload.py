"""Which processes an edited file restarts."""

from pathlib import PurePath

import pytest

from dev.reload import concerned_by

PROCESSES = ["model_server", "worker_generation", "worker_default", "beat", "web"]
CODE = {"worker_generation", "worker_default", "web"}


@pytest.mark.parametrize(
    ("path", "restarted"),
    [
        ("apps/billing/ledger.py", CODE),
        ("apps/generation/prompts/article.yaml", CODE),
        ("config/settings/base.py", CODE | {"beat"}),
        ("dev/model_server/slow.py", {"model_server"}),
        ("dev/supervisor.py", set()),
        ("apps/billing/__pycache__/ledger.cpython-311.pyc", set()),
        ("templates/base.html", set()),
        ("static/site.css", set()),
    ],
)
def test_a_change_restarts_only_what_it_concerns(path, restarted):
    assert concerned_by(path=PurePath(path), processes=PROCESSES) == restarted
