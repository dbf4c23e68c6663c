from django.urls import path

from trading.charging import views as charging_views
from trading.halts import views as halt_views
from trading.order_entry import views as order_entry_views
from trading.resets import views as reset_views
from trading.views import many_orders as many_orders_views
from trading.views import marks as mark_views
from trading.views import orders as views
from trading.views import replacing as replace_views
from trading.views import settlements as settlement_views
from trading.views import tickets as ticket_views

app_name = "trading"

urlpatterns = [
    path("orders", views.orders, name="orders"),
    path("fills", views.fills, name="fills"),
    path("fills/file", views.fills_file, name="download_fills"),
    path("orders/<uuid:order_id>", views.order, name="order"),
    path("orders/<uuid:order_id>/state", views.order_state, name="order_state"),
    path("orders/<uuid:order_id>/cancellation", views.cancel, name="cancel"),
    path("orders/<uuid:order_id>/replacement", replace_views.replace, name="replace"),
    path(
        "portfolios/<uuid:portfolio_id>/orders/cancellation",
        many_orders_views.cancel_all,
        name="cancel_all",
    ),
    path(
        "portfolios/<uuid:portfolio_id>/positions/closure",
        many_orders_views.close_all,
        name="close_all",
    ),
    path(
        "portfolios/<uuid:portfolio_id>/positions/<str:address>/closure",
        many_orders_views.close,
        name="close",
    ),
    path("closures", many_orders_views.closings, name="closings"),
    path("instruments/<str:address>/desk", ticket_views.desk, name="desk"),
    path("instruments/<str:address>/own-marks", mark_views.own_marks, name="own_marks"),
    path("portfolios/<uuid:portfolio_id>/ticket", ticket_views.ticket, name="ticket"),
    path("portfolios/<uuid:portfolio_id>/ticket/estimate", ticket_views.estimate, name="estimate"),
    path(
        "portfolios/<uuid:portfolio_id>/holdings/<str:address>",
        ticket_views.holding,
        name="holding",
    ),
    path(
        "portfolios/<uuid:portfolio_id>/settlements",
        settlement_views.settlements,
        name="settlements",
    ),
    path("portfolios/<uuid:portfolio_id>/commission", charging_views.commission, name="commission"),
    path("portfolios/<uuid:portfolio_id>/reset", reset_views.reset_page, name="reset"),
    path("operations/halts", halt_views.halts_page, name="operations_halts"),
    path(
        "operations/instruments/<uuid:instrument_id>/resumption",
        halt_views.resume,
        name="operations_resume",
    ),
    path("operations/books", order_entry_views.books, name="operations_books"),
    path("operations/books/check", order_entry_views.check, name="operations_books_check"),
    path("operations/order-entry/reopening", order_entry_views.reopen, name="operations_reopen"),
]
