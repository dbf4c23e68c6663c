"""Every task that a worker would run, with whom it works for."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from celery import Celery

from accounts.policies import TaskPolicy, task_policy_of


@dataclass(frozen=True, slots=True)
class WorkerTask:
    name: str
    policy: TaskPolicy | None
    arguments: frozenset[str]


def worker_tasks(application: Celery) -> Iterator[WorkerTask]:
    """All tasks but Celery's own, which it uses within itself."""
    application.autodiscover_tasks(force=True)
    for name, task in sorted(application.tasks.items()):
        if not name.startswith("celery."):
            arguments = frozenset(inspect.signature(task.run).parameters)
            yield WorkerTask(name, task_policy_of(task.run), arguments)
