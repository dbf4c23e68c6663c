from django.urls import path

from integrations.connections import views as connections
from integrations.exports import staff_views as nights
from integrations.exports import views as exports
from integrations.live_orders import views as live_orders
from integrations.notifications import views as notifications
from integrations.operations import proxy_views, vault_views
from integrations.operations import views as operations
from integrations.programs import views as programs
from integrations.webhooks import views as webhooks

app_name = "integrations"

urlpatterns = [
    path("inbox", notifications.inbox_page, name="inbox"),
    path("inbox/badge", notifications.badge, name="inbox_badge"),
    path("inbox/read", notifications.read_all, name="inbox_read_all"),
    path("inbox/<uuid:notification_id>/read", notifications.read_one, name="inbox_read"),
    path(
        "settings/notifications/choices",
        notifications.choices_page,
        name="notification_choices",
    ),
    path("settings/notifications/slack", notifications.connect_slack, name="slack_connect"),
    path("settings/notifications/slack/removal", notifications.forget_slack, name="slack_forget"),
    path("settings/programs", programs.programs_page, name="programs"),
    path("settings/webhooks", webhooks.webhooks_page, name="webhooks"),
    path("settings/webhooks/<uuid:webhook_id>", webhooks.webhook_page, name="webhook"),
    path("settings/webhooks/<uuid:webhook_id>/test", webhooks.test, name="webhook_test"),
    path("settings/webhooks/<uuid:webhook_id>/secret", webhooks.rotate, name="webhook_rotate"),
    path("settings/webhooks/<uuid:webhook_id>/deletion", webhooks.delete, name="webhook_delete"),
    path(
        "settings/webhooks/deliveries/<uuid:delivery_id>/replay",
        webhooks.replay,
        name="webhook_replay",
    ),
    path("connections", connections.connections_page, name="connections"),
    path("connections/new", connections.new_connection, name="new_connection"),
    path("connections/<uuid:connection_id>", connections.connection_page, name="connection"),
    path(
        "connections/<uuid:connection_id>/verification",
        connections.verify,
        name="connection_verify",
    ),
    path("connections/<uuid:connection_id>/sync", connections.sync, name="connection_sync"),
    path(
        "connections/<uuid:connection_id>/sign-in",
        connections.sign_in,
        name="connection_sign_in",
    ),
    path("connections/<uuid:connection_id>/change", connections.change, name="connection_change"),
    path("connections/<uuid:connection_id>/symbols", connections.choose, name="connection_choose"),
    path("connections/<uuid:connection_id>/unlock", connections.unlock, name="connection_unlock"),
    path(
        "connections/<uuid:connection_id>/deletion",
        connections.delete,
        name="connection_delete",
    ),
    path(
        "connections/<uuid:connection_id>/arming",
        live_orders.arming_page,
        name="connection_arming",
    ),
    path(
        "connections/<uuid:connection_id>/disarming",
        live_orders.disarm,
        name="connection_disarming",
    ),
    path(
        "connections/<uuid:connection_id>/live-orders/new",
        live_orders.ticket_page,
        name="live_ticket",
    ),
    path("live-orders", live_orders.orders_page, name="live_orders"),
    path("live-orders/<uuid:live_order_id>", live_orders.order_page, name="live_order"),
    path(
        "live-orders/<uuid:live_order_id>/cancellation",
        live_orders.cancel,
        name="live_order_cancel",
    ),
    path(
        "live-orders/<uuid:live_order_id>/replacement",
        live_orders.replacement_page,
        name="live_order_replace",
    ),
    path("exports", exports.exports_page, name="exports"),
    path("exports/everything", exports.everything, name="export_everything"),
    path("exports/restoration", exports.restoration, name="export_restoration"),
    path("exports/<uuid:export_id>/download", exports.download, name="export_download"),
    path("exports/<uuid:export_id>/deletion", exports.delete, name="export_delete"),
    path("exports/links/<str:download_token>", exports.by_link, name="export_by_link"),
    path("operations/exports", nights.nights_page, name="operations_exports"),
    path(
        "operations/exports/<uuid:night_id>/download",
        nights.download,
        name="operations_export_download",
    ),
    path("operations/vault", vault_views.vault_page, name="operations_vault"),
    path("operations/proxies", proxy_views.proxies_page, name="operations_proxies"),
    path("operations/events", operations.events_page, name="operations_events"),
    path("operations/events/<uuid:event_id>/rerun", operations.rerun, name="operations_rerun"),
    path(
        "operations/notifications/rerun",
        operations.rerun_notifications,
        name="operations_rerun_notifications",
    ),
]
