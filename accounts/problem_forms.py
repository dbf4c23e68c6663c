"""Forms that show what an operation refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from django import forms

from accounts.errors import HoldfastError, Problem, ProblemsError


class ProblemForm(forms.Form):
    # The form's field for a problem's, where the two are named otherwise.
    field_names: ClassVar[Mapping[str, str]] = {}

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Show each problem at its field, or above the form where it has none here."""
        for problem in problems:
            name = self.field_of(problem)
            self.add_error(name if name in self.fields else None, problem.message)

    def add_refusal(self, error: HoldfastError) -> None:
        """Show what an operation refused: its problems, else its own words above the form."""
        if isinstance(error, ProblemsError):
            self.add_problems(error.problems)
        else:
            self.add_error(None, str(error))

    def field_of(self, problem: Problem) -> str:
        """The name of the form's field, if it has one for this problem."""
        return self.field_names.get(problem.field, problem.field)
