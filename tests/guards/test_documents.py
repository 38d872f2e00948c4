"""What the documents say is there: variables, files, links, and the project's own words."""

import ast
import re

import pytest

from tests.guards.source import ROOT, dotted, modules

DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "AGENTS.md", "CHANGELOG.md", "SECURITY.md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
WRITTEN = [ROOT / name for name in DOCUMENTS] + DECISIONS
README_LINES_MAX, AGENTS_LINES_MAX, DECISION_LINES_MAX = 120, 60, 40

# What the user of this project has fixed, whether or not something reads it yet.
FIXED_VARIABLES = ["ENVIRONMENT", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "SITE_URL", "SITE_NAME", "DATABASE_URL"]
FIXED_VARIABLES += ["MIGRATION_DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORGANIZATION"]
FIXED_VARIABLES += ["OPENAI_MODEL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE", "SENTRY_DSN"]
FIXED_VARIABLES += ["EMAIL_URL"]
VARIABLE = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=.*$")
# Set by programs for one another, or by the shell: nobody writes them into a file.
NOT_IN_A_FILE = {"DJANGO_SETTINGS_MODULE", "PATH", "PYTEST_XDIST_WORKER", "PYTHONHOME", "PYTHONPATH"}

# A word of somebody else's house, and ours for the same thing (docs/glossary.md).
FOREIGN_WORDS = {
    r"vendors?": "provider",
    r"wallets?": "credit account",
    r"organi[sz]ations?": "workspace",
    r"(?<!auto )top[- ]ups?": "purchase, or auto top-up",
    r"debit(s|ed)?": "capture",
    r"(prompt|completion) tokens": "input tokens, output tokens",
    r"LLMs?": "model",
    r"chunks?": "delta",
    r"cancell(ed|ing)": "canceled, canceling",
}
FOREIGN = re.compile(rf"\b(?:{'|'.join(FOREIGN_WORDS)})\b", re.IGNORECASE)

QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE_ENDING = re.compile(r"\.(py|md|yml|yaml|toml|sql|txt|in|sh|js|css|html|example)$")
# Made when the programs run, never checked in.
MADE_LATER = re.compile(r"(\.env|\.venv|var|staticfiles)(/.*)?")


def example_lines() -> list[str]:
    return (ROOT / ".env.example").read_text().splitlines()


def named_variables() -> list[str]:
    """The variables that the example names, in its order."""
    return [match[1] for line in example_lines() if (match := VARIABLE.match(line))]


def variables_read_by(tree: ast.AST) -> set[str]:
    """Names that a module takes out of the environment: env.kind("X"), os.environ["X"] and os.environ.get("X")."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            owner, _, method = dotted(node.func).rpartition(".")
            key = node.args[0] if owner == "env" or (owner, method) == ("os.environ", "get") else None
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and dotted(node.value) == "os.environ":
            key = node.slice
        else:
            continue
        if isinstance(key, ast.Constant):
            names.add(key.value)
    return names


def variables_read() -> set[str]:
    """Every variable that settings, the Procfile, docker-compose.yml and the verbs read."""
    names = set().union(*map(variables_read_by, modules("config", "dev").values()))
    for name in ("Procfile", "docker-compose.yml"):
        names |= set(re.findall(r"\$\{([A-Z_]+)", (ROOT / name).read_text()))
    return names - NOT_IN_A_FILE


def paths_named_in(text: str) -> list[str]:
    """The paths of this checkout that a document names in backticks; `bin/dev --once` names bin/dev."""
    quoted = [match.split()[0] for match in QUOTED.findall(FENCE.sub("", text)) if match.strip()]
    return [word for word in quoted if _is_path(word)]


def _is_path(word: str) -> bool:
    if word.startswith("/") or MADE_LATER.fullmatch(word) or not re.fullmatch(r"[\w.*/-]+", word):
        return False
    return "/" in word or FILE_ENDING.search(word) is not None or word in {"Procfile", "Dockerfile", "LICENSE"}


def missing_from_checkout(paths: list[str]) -> list[str]:
    """Those that are not there; a bare name, as `models.py`, may stand in any app."""
    return [path for path in paths if not (any(ROOT.glob(path.rstrip("/"))) or _is_in_an_app(path))]


def _is_in_an_app(path: str) -> bool:
    return "/" not in path and any((ROOT / "apps").rglob(path))


def foreign_words_in(text: str) -> list[str]:
    return FOREIGN.findall(QUOTED.sub("", FENCE.sub("", text)))


def test_the_example_names_every_variable_that_is_read():
    read = variables_read()

    assert {"SECRET_KEY", "ENVIRONMENT", "PORT", "APP_PASSWORD"} <= read
    assert read - set(named_variables()) == set()


def test_the_example_names_no_variable_that_nothing_reads():
    assert set(named_variables()) - variables_read() - set(FIXED_VARIABLES) == set()


def test_the_example_names_the_fixed_variables():
    assert set(FIXED_VARIABLES) - set(named_variables()) == set()


def test_the_example_names_each_variable_once_below_a_comment_of_its_own():
    lines = example_lines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if VARIABLE.match(line) and (not before.startswith("# ") or VARIABLE.match(before))
    ]

    assert len(named_variables()) == len(set(named_variables()))
    assert bare == []


def test_a_copied_example_changes_nothing():
    assert [line for line in example_lines() if line and not line.startswith("#")] == []


@pytest.mark.parametrize(
    "source", ['env.str("X")', 'env.int("X", default=1)', 'os.environ["X"]', 'os.environ.get("X")']
)
def test_a_variable_is_found_however_it_is_read(source):
    assert variables_read_by(ast.parse(source)) == {"X"}


def test_what_is_only_set_is_not_read():
    assert variables_read_by(ast.parse('os.environ["X"] = ""\nos.environ.setdefault("Y", "")')) == set()


@pytest.mark.parametrize(("name", "most"), [("README.md", README_LINES_MAX), ("AGENTS.md", AGENTS_LINES_MAX)])
def test_what_is_read_first_is_short(name, most):
    assert len((ROOT / name).read_text().splitlines()) <= most


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_every_path_that_a_document_names_exists(document):
    assert missing_from_checkout(paths_named_in(document.read_text())) == []


@pytest.mark.parametrize("document", [*WRITTEN, ROOT / "docs" / "glossary.md"], ids=lambda path: path.name)
def test_every_link_to_a_file_leads_there(document):
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_documents_name_paths_at_all():
    assert all(
        paths_named_in((ROOT / name).read_text()) for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
    )


def test_a_path_that_is_not_there_would_be_found():
    text = "see `apps/core/gone.py`, `gone.md`, `bin/gone --fast`, `bin/dev --once`, `/billing/`, `ledger.grant`, `a b`"

    assert missing_from_checkout(paths_named_in(text)) == ["apps/core/gone.py", "gone.md", "bin/gone"]


@pytest.mark.parametrize("document", WRITTEN, ids=lambda path: path.name)
def test_a_document_uses_the_words_of_the_project(document):
    assert foreign_words_in(document.read_text()) == []


def test_a_foreign_word_would_be_found():
    assert FOREIGN.search("The Wallet of an organisation.") is not None
    assert foreign_words_in("`OPENAI_ORGANIZATION` is a variable, `wallet` a quotation.") == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_says_its_context_and_its_consequences_shortly(decision):
    text = decision.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= DECISION_LINES_MAX


def test_decisions_are_numbered_without_a_gap():
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert DECISIONS
