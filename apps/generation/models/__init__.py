"""The tables of the workshop: templates, generations and their runs, batches, and what people keep beside them."""

from apps.generation.models.batches import Batch, BatchRow
from apps.generation.models.budgets import Budget, BudgetSlice
from apps.generation.models.generations import Conversation, Generation, StartCounter
from apps.generation.models.readers import Feedback, Preference, ShareLink
from apps.generation.models.retention import RetentionPolicy
from apps.generation.models.runs import Attempt, CachedAnswer, Step
from apps.generation.models.switches import Flag, Switch
from apps.generation.models.templates import PromptTemplateVersion, PublishedTemplate

__all__ = [
    "Attempt",
    "Batch",
    "BatchRow",
    "Budget",
    "BudgetSlice",
    "CachedAnswer",
    "Conversation",
    "Feedback",
    "Flag",
    "Generation",
    "Preference",
    "PromptTemplateVersion",
    "PublishedTemplate",
    "RetentionPolicy",
    "ShareLink",
    "StartCounter",
    "Step",
    "Switch",
]
