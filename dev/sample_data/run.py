"""A run that is made up: what was asked, when, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.generation.models import Generation
from apps.generation.prompts import PromptTemplate


@dataclass(frozen=True)
class Run:
    """One generation to be made up."""

    at: datetime
    template: PromptTemplate
    title: str
    details: str
    model: str = "keel-demo"
    status: str = Generation.Status.SUCCEEDED
    output: str | None = None
    finish_reason: str = "stop"
    error_code: str = ""
    stop_reason: str = ""
    lasts_seconds: int = 9
    findings: Mapping[str, Any] = field(default_factory=dict)
