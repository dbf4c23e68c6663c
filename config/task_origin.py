"""Who acts in a task, for what it records; see accounts/audit.py."""

from __future__ import annotations

from contextvars import Token
from typing import Any, Final

from celery import signals

from accounts import audit
from accounts.audit import FindOrigin, Origin, Via

# By task id, because a worker's threads run several at once.
_tasks: Final[dict[str, Token[FindOrigin]]] = {}


def enter_task(task_id: str, **_: Any) -> None:
    """A task acts for the desk itself; its id stands where a request's would."""
    _tasks[task_id] = audit.enter(lambda: Origin(Via.TASK, request_id=task_id))


def leave_task(task_id: str, **_: Any) -> None:
    if token := _tasks.pop(task_id, None):
        audit.leave(token)


signals.task_prerun.connect(enter_task)
signals.task_postrun.connect(leave_task)
