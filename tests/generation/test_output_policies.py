"""What a template says about personal data and secrets holds: on the way out, on the way back, and never silently."""

from dataclasses import replace

import pytest

from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.generation import policies, prompts, services
from apps.generation.models import Generation, PromptTemplateVersion
from apps.generation.policies import Action, Policies, Policy
from tests.generation import runs
from tests.generation.findings_corpus import FALSE_FRIENDS, FOUND

ALL = [(kind, sample) for kind, samples in FOUND.items() for sample in samples]
# Every sample between two false friends, so that each is looked for where it is hard to see.
CORPUS = "\n".join(
    f"{friend} — here: {sample} ;" for (_kind, sample), friend in zip(ALL, FALSE_FRIENDS * 3, strict=False)
)
COUNTS = {kind.value: len(samples) for kind, samples in FOUND.items()}
ACTIONS = ["off", "warn", "mask", "refuse"]


@pytest.fixture
def template():
    """Return a template with policies, published as a version of its own."""

    def with_policies(*, input="off", output="off"):
        of_both = {"input": Action(input), "output": Action(output)}
        base = prompts.get_template("summary")
        content = prompts.json.loads(base.content) | {
            category: {"input": input, "output": output} for category in ("personal_data", "secrets")
        }
        made = replace(
            base,
            slug=f"summary-{input}-{output}",
            content=prompts.json.dumps(content, sort_keys=True),
            output_tokens_max=8000,
            policies=Policies(personal_data=Policy(**of_both), secrets=Policy(**of_both)),
        )
        PromptTemplateVersion.objects.create(slug=made.slug, number=1, fingerprint=made.fingerprint, content=content)
        return made

    return with_policies


def start(member, template, text=CORPUS):
    return services.start_generation(
        user=member.user,
        workspace=member.workspace,
        template=template,
        inputs={"text": text, "format": "Bullet points"},
        model="keel-echo",
        idempotency_key=str(uuid7()),
        address="203.0.113.7",
    )


@pytest.mark.parametrize("action", ["off", "warn", "mask"])
def test_what_goes_out_is_as_the_policy_says(action, customer, template):
    generation = runs.run(start(customer, template(input=action)))

    assert generation.findings == ({"input": {action: COUNTS}} if action != "off" else {})
    assert generation.inputs["text"] == CORPUS
    sent = runs.calls()[-1]["messages"][-1]["content"]
    assert len([sample for _kind, sample in ALL if sample in sent]) == (0 if action == "mask" else len(ALL))
    assert [friend for friend in FALSE_FRIENDS if friend not in sent] == []


@pytest.mark.parametrize("kind", FOUND)
def test_what_is_refused_is_neither_sent_nor_held(kind, customer, template):
    refusing = template(input="refuse")

    for sample in FOUND[kind]:
        with pytest.raises(policies.InputRefusedError) as refused:
            start(customer, refusing, text=f"Say {sample} .")
        assert policies.in_words({kind: 1}) in str(refused.value)

    assert not Generation.objects.exists()
    assert runs.calls() == []


@pytest.mark.parametrize("action", ["off", "warn", "mask"])
def test_what_comes_back_is_as_the_policy_says(action, customer, template):
    generation = runs.run(start(customer, template(output=action)))

    assert generation.status == "succeeded"
    assert generation.findings == ({"output": {action: COUNTS}} if action != "off" else {})
    shown = [sample for _kind, sample in ALL if sample in generation.output]
    assert len(shown) == (0 if action == "mask" else len(ALL))
    assert [friend for friend in FALSE_FRIENDS if friend not in generation.output] == []
    assert generation.output.count(" masked]") == (len(ALL) if action == "mask" else 0)
    runs.assert_settled_once(generation)


@pytest.mark.parametrize("kind", FOUND)
def test_an_answer_ends_before_what_is_refused_and_costs_nothing(kind, customer, template):
    generation = runs.run(start(customer, template(output="refuse"), text=f"Say this: {FOUND[kind][0]} and more."))

    assert (generation.status, generation.error_code) == ("failed", "output_refused")
    assert generation.output.endswith("Say this: ")
    assert generation.findings == {"output": {"refuse": {kind.value: 1}}}
    assert generation.charged_credits == 0
    runs.assert_settled_once(generation)


def test_the_end_of_an_answer_is_shown_however_the_run_ends(customer, template):
    at_end = runs.run(start(customer, template(output="mask"), text="Write to ada@example.com"))
    cut = start(customer, template(output="mask", input="warn"), text="Nothing to hide")
    Generation.objects.filter(pk=cut.pk).update(request_model="keel-cut")
    cut = runs.run(cut)

    assert at_end.output.strip().endswith("Write to [e-mail address masked]")
    assert cut.error_code == "stream_interrupted"
    assert cut.output == runs.calls()[-1]["text_sent"]


def test_a_hold_covers_what_is_really_sent(customer, template):
    generation = runs.run(start(customer, template(input="mask"), text="a@b.co " * 60))

    assert generation.status == "succeeded"
    assert generation.charged_credits <= generation.hold.amount


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"secrets": {"input": "hide"}}, "'hide'"),
        ({"secrets": "mask"}, "input and output"),
        ({"personal_data": {"inputs": "mask"}}, "input and output"),
        ({"personal_data": {"output": ["mask"]}}, "mask"),
    ],
)
def test_a_broken_policy_names_the_file(content, complaint, tmp_path):
    path = tmp_path / "broken.yaml"
    whole = {"name": "x", "description": "x", "output_tokens_max": 1, "system": "x", "user": "x", "fields": []}
    path.write_text(prompts.yaml.safe_dump(whole | content))

    with pytest.raises(prompts.InvalidTemplateError, match=r"broken\.yaml") as broken:
        prompts._load(path)

    assert complaint in str(broken.value)


def test_off_means_off_as_yaml_reads_it_and_what_is_not_said_is_the_default():
    read = policies.of(prompts.yaml.safe_load("personal_data: {input: off}\nsecrets: {output: mask}"))

    assert read.personal_data == Policy(input=Action.OFF, output=Action.OFF)
    assert read.secrets == Policy(input=Action.MASK, output=Action.MASK)
    assert policies.of({}) == Policies()


def test_the_error_is_a_refusal_that_doors_know():
    assert issubclass(policies.InputRefusedError, DomainError)
