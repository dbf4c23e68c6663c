"""Go on to another site after a form.

Browsers hold the policy's ``form-action`` against the redirect that answers a form, too, and the
addresses of sign-in providers are theirs to change. So such an answer becomes a page that goes on
by itself, from which no form is sent.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render


class LeavingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method != "POST" or not isinstance(response, HttpResponseRedirect):
            return response
        host = urlsplit(response.url).netloc
        if not host or host == request.get_host():
            return response
        page = render(request, "leaving.html", {"address": response.url, "host": host})
        page.cookies = response.cookies
        return page
