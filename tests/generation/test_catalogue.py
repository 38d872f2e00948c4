"""The catalogue of models: what is offered, in which order, who runs it, and which broken files are refused by name."""

import copy

import pytest
import yaml
from django.core.checks import run_checks

from apps.billing.catalogue import load_catalogue
from apps.billing.entitlements import Entitlements, Standing
from apps.generation import catalogue, composer, prompts
from apps.generation.catalogue import InvalidModelsError
from apps.generation.model_names import model_label
from tests.generation import chains

FILE = yaml.safe_load(catalogue.CATALOGUE_PATH.read_text())


def rights_of(*models: str) -> Entitlements:
    """What a plan with these models allows."""
    plan = load_catalogue().get_free_plan()
    limits = plan.limits.model_copy(update={"models": list(models)})
    return Entitlements(plan.model_copy(update={"limits": limits}), Standing.FREE, subscription=None)


def names_at_start(settings, *names):
    settings.GENERATION_MODELS = list(names)
    return catalogue.offered()


def test_the_environment_says_which_of_openais_models_are_offered_listed_or_not(settings):
    assert names_at_start(settings, "keel-demo", "somebodys-model", "keel-demo") == ["keel-demo", "somebodys-model"]
    assert catalogue.find("somebodys-model").provider == "openai"
    assert catalogue.find("gpt-4o-mini").context_window == 128_000
    assert catalogue.find("keel-demo").can("tools")
    assert catalogue.find("nobodys-model") is None


def test_a_hosted_provider_is_offered_once_its_key_is_there(settings):
    assert "claude-haiku-4-5" not in names_at_start(settings, "keel-demo")

    settings.PROVIDER_VARIABLES = {"ANTHROPIC_API_KEY": "sk-ant"}

    assert catalogue.offered() == ["keel-demo", "claude-haiku-4-5"]
    endpoint = catalogue.find_endpoint(catalogue.describe("claude-haiku-4-5"))
    assert (endpoint.protocol, endpoint.base_url, endpoint.key) == (
        "anthropic",
        "https://api.anthropic.com/v1",
        "sk-ant",
    )
    assert model_label("claude-haiku-4-5") == "Claude Haiku 4.5"


@pytest.mark.parametrize(
    ("environment", "task", "expected"),
    [
        ("production", "", ["gpt-4o", "gpt-4o-mini", "keel-demo"]),
        ("production", "extraction", ["gpt-4o-mini", "gpt-4o", "keel-demo"]),
        ("development", "", ["gpt-4o-mini", "gpt-4o", "keel-demo"]),
        ("development", "writing", ["gpt-4o-mini", "gpt-4o", "keel-demo"]),
    ],
)
def test_the_first_model_depends_on_the_task_and_is_cheap_outside_of_production(environment, task, expected, settings):
    settings.ENVIRONMENT = environment
    settings.GENERATION_MODELS = ["gpt-4o", "gpt-4o-mini", "keel-demo"]

    assert catalogue.offered(task) == expected


def test_a_template_may_prefer_models_by_itself(settings):
    settings.ENVIRONMENT = "production"
    settings.GENERATION_MODELS = ["gpt-4o", "gpt-4o-mini"]

    assert catalogue.offered("", first=["gpt-4o-mini", "not-offered"]) == ["gpt-4o-mini", "gpt-4o"]


def test_a_task_leads_to_the_best_model_that_the_plan_includes(settings):
    settings.ENVIRONMENT = "production"
    settings.GENERATION_MODELS = ["keel-demo", "gpt-4o", "gpt-4o-mini"]

    assert catalogue.route("writing", rights=rights_of("*")) == "gpt-4o"
    assert catalogue.route("writing", rights=rights_of("gpt-4o-mini", "keel-*")) == "gpt-4o-mini"
    assert catalogue.route("writing", rights=rights_of("nothing")) == "gpt-4o"


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (lambda file: file["models"][0].update(provider="nobody"), "nobody"),
        (lambda file: file["models"][0].update(fallbacks=["gpt-4o-mini"]), "falls back to itself"),
        (lambda file: file["models"][0].update(fallbacks=["gpt-7"]), "gpt-7, a fallback of gpt-4o-mini"),
        (lambda file: file["models"][0].update(fallbacks=["a", "b", "c", "d"]), "models.gpt-4o-mini.fallbacks"),
        (lambda file: file["models"][0].update(capabilities=["flying"]), "models.gpt-4o-mini.capabilities"),
        (lambda file: file["models"][0].update(price=3), "models.gpt-4o-mini.price"),
        (lambda file: file["models"].append(file["models"][0]), "gpt-4o-mini is listed twice"),
        (lambda file: file["providers"][0].update(key="sk-secret"), "providers.openai.key"),
        (lambda file: file["providers"][0].update(protocol="telepathy"), "providers.openai.protocol"),
        (lambda file: file["providers"][0].update(base_url="ftp://example.com"), "providers.openai.base_url"),
        (lambda file: file["providers"].pop(0), "openai"),
        (lambda file: file["tasks"].update(singing=["gpt-7"]), "a model of the task singing"),
        (lambda file: file.clear(), "Field required"),
    ],
)
def test_a_broken_file_is_refused_by_the_name_of_its_entry(broken, named):
    file = copy.deepcopy(FILE)
    broken(file)

    with pytest.raises(InvalidModelsError, match=r"catalogue\.yaml") as refused:
        catalogue.parse(yaml.safe_dump(file))
    assert named in str(refused.value)


@pytest.mark.parametrize("text", ["{", "", "[]", "7"])
def test_what_is_no_catalogue_is_refused(text):
    with pytest.raises(InvalidModelsError, match=r"catalogue\.yaml"):
        catalogue.parse(text)


def test_a_secret_in_the_file_is_not_repeated_in_the_message():
    file = copy.deepcopy(FILE)
    file["providers"][0]["key"] = "sk-live-very-secret"

    with pytest.raises(InvalidModelsError) as refused:
        catalogue.parse(yaml.safe_dump(file))
    assert "very-secret" not in str(refused.value)


def test_checks_name_models_without_a_rate_or_a_provider(settings):
    settings.GENERATION_MODELS = ["nobody-knows-its-price", "claude-haiku-4-5"]

    found = {message.id: message.msg for message in run_checks(tags=["models"])}

    assert "nobody-knows-its-price has no rate" in found["keel.W005"]
    assert "provider anthropic is not configured" in found["keel.W006"]


@pytest.mark.parametrize("policy", [{"task": "singing"}, {"task": 7}, {"models": ["gpt-7"]}, {"models": "gpt-4o"}])
def test_a_template_that_asks_for_what_is_not_there_is_refused_by_name(policy, tmp_path):
    content = {"name": "Odd", "description": "", "output_tokens_max": 9, "system": "S", "user": "U", "fields": []}
    path = tmp_path / "odd.yaml"
    path.write_text(yaml.safe_dump(content | policy))

    with pytest.raises(prompts.InvalidTemplateError, match=r"odd\.yaml"):
        prompts._load(path)


def test_a_model_may_have_another_name_at_its_provider(settings, tmp_path):
    chains.offer(settings, tmp_path, chains.model("keel-ours", runs="keel-theirs"))

    assert catalogue.describe("keel-ours").model == "keel-theirs"
    assert "keel-ours" in catalogue.offered()


def test_the_composer_opens_with_the_best_model_for_its_template_that_the_plan_includes(settings):
    settings.GENERATION_MODELS = ["keel-demo", "gpt-4o-mini"]
    form = composer.submitted_form({}, template=prompts.get_file("summary"))
    assert form.shown_model() == "gpt-4o-mini"

    form.lock({"gpt-4o-mini": "Pro"})

    assert form.shown_model() == "keel-demo"
