"""The desk's addresses, and those of a provider as its environment would add them."""

from allauth.socialaccount.providers.openid_connect.urls import urlpatterns as provider_patterns
from django.urls import include, path

from accounts.whole_requests import all_whole
from config.urls import handler400, handler500, urlpatterns

__all__ = ("handler400", "handler500", "urlpatterns")

urlpatterns = [*urlpatterns, path("accounts/", include(all_whole(provider_patterns)))]
