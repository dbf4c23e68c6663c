from django.urls import path

from market import currency_views, download_views, views, watchlist_views

app_name = "market"

urlpatterns = [
    path("instruments", views.instruments, name="instruments"),
    path("instruments/<str:address>", views.instrument, name="instrument"),
    path("instruments/<str:address>/chart", views.instrument_chart, name="instrument_chart"),
    path("instruments/<str:address>/watch", watchlist_views.watch, name="instrument_watch"),
    path("markets/currencies", currency_views.currencies, name="currencies"),
    path("instruments/<str:address>/bars/file", download_views.bars, name="download_bars"),
    path("instruments/<str:address>/ticks/file", download_views.ticks, name="download_ticks"),
    path("watchlists", watchlist_views.watchlists, name="watchlists"),
    path("watchlists/<uuid:watchlist_id>", watchlist_views.watchlist, name="watchlist"),
    path("watchlists/<uuid:watchlist_id>/name", watchlist_views.rename, name="watchlist_rename"),
    path(
        "watchlists/<uuid:watchlist_id>/deletion", watchlist_views.delete, name="watchlist_delete"
    ),
    path("watchlists/<uuid:watchlist_id>/symbols", watchlist_views.add, name="watchlist_add"),
    path("watchlists/<uuid:watchlist_id>/removal", watchlist_views.remove, name="watchlist_remove"),
]
