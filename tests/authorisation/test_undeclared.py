"""What does not declare who may call it stops the start."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from channels.routing import URLRouter
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.urls.resolvers import RegexPattern
from ninja import NinjaAPI, Router
from ninja.security import django_auth
from pydantic import BaseModel

import config.api
import config.celery
import config.routing
from accounts.api_keys import Scope
from accounts.auth import KeyAuth
from accounts.policies import (
    anybody,
    public,
    socket_for,
    socket_for_nobody,
    takes_ids,
    works_for_owner_of,
    works_for_the_desk,
)
from config.access import checks, routes


def view_of(module: str) -> Any:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    view.__module__ = module
    return view


def ids_of(found: list[Any]) -> list[str]:
    return [error.id for error in found]


def put_routes(monkeypatch: pytest.MonkeyPatch, *patterns: URLPattern) -> None:
    resolver = URLResolver(RegexPattern(r"^/"), list(patterns))
    monkeypatch.setattr(routes, "get_resolver", lambda: resolver)


def test_everything_in_the_desk_is_declared() -> None:
    assert run_checks(tags=["security"]) == []


def test_a_page_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = view_of("portfolio.views.forgotten")
    put_routes(monkeypatch, path("gap", forgotten), path("ok", public(view_of("market.views"))))
    (error,) = checks.find_undeclared_pages()
    assert error.id == "access.E001"
    assert "'gap'" in error.msg


def test_a_page_that_an_upgrade_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    known = path("login/", view_of("allauth.account.views"), name="account_login")
    new = path("secret/", view_of("allauth.account.views"), name="account_new_door")
    put_routes(monkeypatch, known, new, path("nameless/", view_of("django.views.static")))
    assert ids_of(checks.find_undeclared_pages()) == ["access.E002", "access.E002"]


def test_an_id_in_a_page_that_nobody_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    view = public(view_of("market.views"))
    filtered = public(takes_ids(account="account_id")(view_of("market.views")))
    put_routes(monkeypatch, path("<int:gadget_id>/<uuid:order_id>", view), path("f", filtered))
    found = checks.find_undeclared_pages()
    assert ids_of(found) == ["access.E007", "access.E007"]
    assert "'gadget_id'" in found[0].msg
    assert "'account_id'" in found[1].msg


class Order(BaseModel):
    basket_id: int


class Basket(BaseModel):
    orders: list[Order]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> NinjaAPI:
    built = NinjaAPI(urls_namespace="undeclared", docs_url=None)
    monkeypatch.setattr(config.api, "api", built)
    return built


def test_an_endpoint(api: NinjaAPI) -> None:
    def answer(request: HttpRequest) -> None: ...

    api.get("/open", auth=None)(lambda request: None)
    api.get("/cookie", auth=django_auth)(lambda request: None)
    api.get("/either", auth=[KeyAuth("read"), django_auth])(lambda request: None)
    api.get("/said", auth=None)(anybody("it is a test")(answer))
    api.get("/scoped", auth=KeyAuth("read"))(lambda request: None)
    found = checks.find_undeclared_operations()
    assert ids_of(found) == ["access.E003"] * 3
    assert [error.msg.split()[3] for error in found] == ["/open", "/cookie", "/either"]


def test_an_endpoint_of_a_router_within_a_router(api: NinjaAPI) -> None:
    outer, inner = Router(), Router()
    inner.get("/open", auth=None)(lambda request: None)
    outer.add_router("/inner", inner)
    api.add_router("/outer", outer)
    (error,) = checks.find_undeclared_operations()
    assert "outer/inner/open" in error.msg


def test_an_id_of_an_endpoint_that_nobody_explained(api: NinjaAPI) -> None:
    def basket(
        request: HttpRequest, payload: Basket, order_id: str, shelf: int, cart_id: int = 0
    ) -> None: ...

    api.post("/b/{int:shelf}/{order_id}", auth=KeyAuth("trade"))(basket)
    found = checks.find_undeclared_operations()
    assert [error.msg.split()[5] for error in found] == ["'shelf',", "'basket_id',", "'cart_id',"]


def test_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(scope: Any, receive: Any, send: Any) -> None: ...

    async def refuse(scope: Any, receive: Any, send: Any) -> None: ...

    async def undeclared(scope: Any, receive: Any, send: Any) -> None: ...

    sockets: list[Any] = [
        path("ws/<uuid:portfolio_id>", socket_for(Scope.READ, serve)),
        path("ws/<uuid:gadget_id>", undeclared),  # type: ignore[arg-type]
        path("", socket_for_nobody(refuse)),
    ]
    monkeypatch.setattr(config.routing, "websocket_application", URLRouter(sockets))
    found = checks.find_undeclared_sockets()
    assert ids_of(found) == ["access.E004", "access.E007"]
    assert all("gadget_id" in error.msg for error in found)


def put_tasks(monkeypatch: pytest.MonkeyPatch, **works: Any) -> None:
    worker = Celery("undeclared", set_as_current=False)
    tasks = {name: worker.task(name=name)(work) for name, work in works.items()}
    application = SimpleNamespace(tasks=tasks, autodiscover_tasks=lambda *, force: None)
    monkeypatch.setattr(config.celery, "app", application)


def forgotten(**_: Any) -> None:
    """A task that says nothing."""


@works_for_the_desk
def declared(**_: Any) -> None:
    """A task of the desk."""


@works_for_owner_of("portfolio_id")
def of_owner(*, portfolio_id: str, **_: Any) -> None:
    """A task of a portfolio's owner."""


@works_for_owner_of("portfolio_id")
def of_nobody(*, order_id: str, **_: Any) -> None:
    """A task that says it is for the owner of what it does not take."""


@works_for_owner_of("gadget_id")
def of_gadget(*, gadget_id: str, **_: Any) -> None:
    """A task for the owner of what nobody explained."""


def test_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    put_tasks(
        monkeypatch,
        declared=declared,
        of_owner=of_owner,
        forgotten=forgotten,
        of_nobody=of_nobody,
        of_gadget=of_gadget,
    )
    errors = [(error.id, error.msg.split()[2]) for error in checks.find_undeclared_tasks()]
    assert errors == [
        ("access.E005", "forgotten"),
        ("access.E007", "of_gadget"),
        ("access.E006", "of_nobody"),
    ]


def test_a_server_does_not_start_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    checks.refuse_undeclared(checks.OF_SERVERS)
    put_routes(monkeypatch, path("gap", view_of("market.views")))
    with pytest.raises(ImproperlyConfigured, match="gap"):
        checks.refuse_undeclared(checks.OF_SERVERS)


def test_a_worker_does_not_start_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    config.celery.refuse_undeclared_tasks()
    put_tasks(monkeypatch, forgotten=forgotten)
    with pytest.raises(SystemExit, match="forgotten"):
        config.celery.refuse_undeclared_tasks()
