"""`manage.py eval_prompts`: try the prompt templates of this checkout on their cases, before anybody else does."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.generation import catalogue, evaluation, prompts
from apps.generation.evaluation import Result
from apps.generation.prompts import PromptTemplate


class Command(BaseCommand):
    """Prints a line per case; ends with 1 when one has failed or has drifted from the results kept last."""

    help = "Run the cases of apps/generation/prompts/cases against a model. The calls cost what the provider charges."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let templates be chosen, and the model."""
        parser.add_argument("slugs", nargs="*", help="templates; without any all of them")
        parser.add_argument("--model", default="", help="the first of OPENAI_MODEL unless it is said")
        parser.add_argument("--keep", action="store_true", help="keep the results, for later runs to compare with")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run them, compare, say."""
        model = options["model"] or catalogue.offered()[0]
        before, results, bad = evaluation.load_results(model), {}, 0
        self.stdout.write(f"{'cost':>8} {'words':>6} {'rounds':>6}  case, with {model} (cost in USD micros)")
        for template in _chosen(options["slugs"]):
            for case in evaluation.load_cases(template):
                result = evaluation.evaluate(template, case, model=model, on=timezone.now().date())
                drifts = [] if options["keep"] else evaluation.drift(result, before.get(case.key))
                results[case.key] = result
                bad += bool(result.problems or drifts)
                self._show(case.key, result, [*result.problems, *drifts])
        if bad:
            raise CommandError(f"{bad} of {len(results)} cases have failed or drifted.")
        if options["keep"]:
            evaluation.keep_results(model, results)
        compared = len(before.keys() & results.keys())
        self.stdout.write(f"{len(results)} cases hold, {compared} of them compared with the run before.")

    def _show(self, key: str, result: Result, wrong: list[str]) -> None:
        self.stdout.write(f"{result.cost_usd_micros:>8} {result.words:>6} {result.rounds:>6}  {key}")
        for sentence in wrong:
            self.stdout.write(f"{'':>24}{sentence}")


def _chosen(slugs: list[str]) -> list[PromptTemplate]:
    known = {template.slug: template for template in prompts.list_files()}
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise CommandError(f"There is no template {', '.join(unknown)}. There are: {', '.join(known)}.")
    return [known[slug] for slug in slugs or known]
