"""What the declarations of pages do."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import User
from accounts.policies import Policy, policy_of, signed_in, staff_only


def request_by(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/somewhere")
    request.user = user
    return request


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


def test_marks_can_be_read_back() -> None:
    assert policy_of(signed_in(page)) is Policy.SIGNED_IN
    assert policy_of(staff_only(page)) is Policy.STAFF_ONLY


def test_a_stranger_is_sent_to_sign_in() -> None:
    view = signed_in(page)
    response = view(request_by(AnonymousUser()))
    assert response.status_code == 302
    assert "next=/somewhere" in response.headers["Location"]


def test_staff_pages_do_not_exist_for_others() -> None:
    view = staff_only(page)
    with pytest.raises(Http404):
        view(request_by(User(email="alice@example.org")))
    staff = User(email="carol@example.org", is_staff=True)
    assert view(request_by(staff)).status_code == 200
