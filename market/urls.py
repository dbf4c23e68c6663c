from django.urls import path

from market import (
    action_views,
    alert_views,
    correction_views,
    currency_views,
    download_views,
    views,
    watchlist_item_views,
    watchlist_views,
)
from market.operations import quarantine_views, run_views, upload_views
from market.operations import views as operations

app_name = "market"

urlpatterns = [
    path("instruments", views.instruments, name="instruments"),
    path("instruments/<str:address>", views.instrument, name="instrument"),
    path("instruments/<str:address>/chart", views.instrument_chart, name="instrument_chart"),
    path("instruments/<str:address>/watch", watchlist_views.watch, name="instrument_watch"),
    path(
        "instruments/<str:address>/corporate-actions",
        action_views.corporate_actions,
        name="corporate_actions",
    ),
    path(
        "instruments/<str:address>/corporate-actions/new",
        action_views.record,
        name="corporate_action_record",
    ),
    path("corporate-actions/<uuid:action_id>", action_views.correct, name="corporate_action"),
    path(
        "corporate-actions/<uuid:action_id>/cancellation",
        action_views.cancel,
        name="corporate_action_cancel",
    ),
    path("markets/currencies", currency_views.currencies, name="currencies"),
    path("instruments/<str:address>/corrections", correction_views.corrections, name="corrections"),
    path("instruments/<str:address>/bars/file", download_views.bars, name="download_bars"),
    path("instruments/<str:address>/ticks/file", download_views.ticks, name="download_ticks"),
    path("watchlists", watchlist_views.watchlists, name="watchlists"),
    path("watchlists/movers", watchlist_views.movers, name="movers"),
    path("watchlists/<uuid:watchlist_id>", watchlist_views.watchlist, name="watchlist"),
    path("watchlists/<uuid:watchlist_id>/name", watchlist_views.rename, name="watchlist_rename"),
    path(
        "watchlists/<uuid:watchlist_id>/deletion", watchlist_views.delete, name="watchlist_delete"
    ),
    path("watchlists/<uuid:watchlist_id>/symbols", watchlist_views.add, name="watchlist_add"),
    path("watchlists/<uuid:watchlist_id>/order", watchlist_item_views.move, name="watchlist_order"),
    path("watchlists/<uuid:watchlist_id>/note", watchlist_item_views.note, name="watchlist_note"),
    path("watchlists/<uuid:watchlist_id>/removal", watchlist_views.remove, name="watchlist_remove"),
    path("alerts", alert_views.alerts, name="alerts"),
    path("alerts/new", alert_views.new, name="alert_new"),
    path("alerts/figures", alert_views.figures, name="alert_figures"),
    path("alerts/badge", alert_views.badge, name="alert_badge"),
    path("alerts/triggered", alert_views.triggered, name="alerts_triggered"),
    path("alerts/<uuid:alert_id>", alert_views.alert, name="alert"),
    path("alerts/<uuid:alert_id>/deletion", alert_views.delete, name="alert_delete"),
    path("alerts/<uuid:alert_id>/arming", alert_views.rearm, name="alert_rearm"),
    path("operations/instruments", operations.instruments_page, name="operations_instruments"),
    path("operations/instruments/new", operations.new_instrument, name="operations_new_instrument"),
    path(
        "operations/instruments/file",
        operations.upload_instruments,
        name="operations_instrument_file",
    ),
    path(
        "operations/instruments/<uuid:instrument_id>",
        operations.instrument_page,
        name="operations_instrument",
    ),
    path(
        "operations/instruments/<uuid:instrument_id>/activation",
        operations.activate,
        name="operations_activate",
    ),
    path(
        "operations/instruments/<uuid:instrument_id>/deactivation",
        operations.deactivate,
        name="operations_deactivate",
    ),
    path("operations/quarantine", quarantine_views.quarantine_page, name="operations_quarantine"),
    path(
        "operations/quarantine/<int:row_id>",
        quarantine_views.quarantined_row,
        name="operations_quarantined_row",
    ),
    path(
        "operations/quarantine/<int:row_id>/rejection",
        quarantine_views.reject,
        name="operations_reject_row",
    ),
    path("operations/runs", run_views.runs_page, name="operations_runs"),
    path("operations/runs/<uuid:run_id>", run_views.run_page, name="operations_run"),
    path(
        "operations/runs/<uuid:run_id>/repetition",
        run_views.repeat_run,
        name="operations_repeat_run",
    ),
    path("operations/files", upload_views.files_page, name="operations_files"),
    path("operations/files/prices", upload_views.upload_prices, name="operations_upload_prices"),
    path(
        "operations/files/corporate-actions",
        upload_views.upload_actions,
        name="operations_upload_actions",
    ),
    path("operations/feeds", run_views.feeds_page, name="operations_feeds"),
]
