"""How a person likes to be written for: choices that are kept, and the sentences of ours that each puts in a prompt."""

from collections.abc import Sequence

from apps.generation.models import Preference
from apps.generation.prompts import PromptTemplate

# For models, so in English. A person's own words never stand here: this goes to the system role.
TONES: dict[str, str] = {
    Preference.Tone.FRIENDLY: "Write in a warm and friendly tone",
    Preference.Tone.FORMAL: "Write in a formal tone",
    Preference.Tone.PLAIN: "Write plainly, in short sentences and everyday words",
    Preference.Tone.LIVELY: "Write in a lively and vivid tone",
}
LANGUAGES: dict[str, str] = {
    Preference.Language.ENGLISH: "English",
    Preference.Language.GERMAN: "German",
    Preference.Language.FRENCH: "French",
    Preference.Language.SPANISH: "Spanish",
    Preference.Language.ITALIAN: "Italian",
    Preference.Language.PORTUGUESE: "Portuguese",
    Preference.Language.DUTCH: "Dutch",
    Preference.Language.POLISH: "Polish",
    Preference.Language.JAPANESE: "Japanese",
    Preference.Language.CHINESE: "Chinese",
}


def of_user(user_id: int) -> Preference:
    """Return what a person prefers; where they have chosen nothing, that they prefer nothing."""
    return Preference.objects.filter(user_id=user_id).first() or Preference(user_id=user_id)


def save(*, user_id: int, tone: str, language: str, template: str) -> None:
    """Keep what a person prefers."""
    chosen = {"tone": tone, "language": language, "template": template}
    Preference.objects.update_or_create(user_id=user_id, defaults=chosen)


def sentences(preference: Preference) -> tuple[str, ...]:
    """Return what the choices say to a model; an explicit wish in the request goes before them."""
    said = []
    if preference.tone in TONES:
        said.append(f"{TONES[preference.tone]}, unless the request asks for another tone.")
    if preference.language in LANGUAGES:
        said.append(f"Answer in {LANGUAGES[preference.language]}, unless the request asks for another language.")
    return tuple(said)


def first_template(preference: Preference, *, templates: Sequence[PromptTemplate]) -> PromptTemplate:
    """Return the template that the composer opens with, of those that people choose from."""
    return next((template for template in templates if template.slug == preference.template), templates[0])
