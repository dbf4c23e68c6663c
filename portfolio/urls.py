from django.urls import path

from portfolio.views import (
    cash,
    home,
    import_changes,
    imports,
    landing,
    palette,
    performance,
    portfolios,
    recording,
)

app_name = "portfolio"

urlpatterns = [
    path("", landing.landing, name="landing"),
    path("board", landing.board, name="board"),
    path("demo", landing.try_demo, name="try_demo"),
    path("clock", palette.clock, name="clock"),
    path("palette", palette.palette, name="palette"),
    path("home", home.home, name="home"),
    path("portfolios", portfolios.portfolio_list, name="list"),
    path("portfolios/<uuid:portfolio_id>", portfolios.positions, name="detail"),
    path("portfolios/<uuid:portfolio_id>/positions", portfolios.positions, name="positions"),
    path("portfolios/<uuid:portfolio_id>/lots", portfolios.lots, name="lots"),
    path("portfolios/<uuid:portfolio_id>/activities", portfolios.activities, name="activities"),
    path("portfolios/<uuid:portfolio_id>/activities/new", recording.record, name="record"),
    path(
        "portfolios/<uuid:portfolio_id>/activities/<uuid:activity_id>",
        recording.correct,
        name="correct",
    ),
    path(
        "portfolios/<uuid:portfolio_id>/activities/<uuid:activity_id>/reversal",
        recording.reverse_one,
        name="reverse",
    ),
    path("portfolios/<uuid:portfolio_id>/lots/method", recording.change_method, name="method"),
    path("portfolios/<uuid:portfolio_id>/journal", portfolios.journal_entries, name="journal"),
    path(
        "portfolios/<uuid:portfolio_id>/journal/file",
        portfolios.journal_file,
        name="download_journal",
    ),
    path("portfolios/<uuid:portfolio_id>/performance", performance.performance, name="performance"),
    path("portfolios/<uuid:portfolio_id>/cash", cash.cash, name="cash"),
    path("portfolios/<uuid:portfolio_id>/cash/moves", cash.move_cash, name="move_cash"),
    path("portfolios/<uuid:portfolio_id>/imports", imports.imports, name="imports"),
    path("imports/<uuid:import_id>", imports.detail, name="import"),
    path("imports/<uuid:import_id>/commit", imports.commit, name="commit_import"),
    path("imports/<uuid:import_id>/reversal", imports.undo, name="undo_import"),
    path("imports/<uuid:import_id>/reading", import_changes.read_anew, name="read_import"),
    path("imports/<uuid:import_id>/choices", import_changes.choose, name="choose_in_import"),
    path("imports/<uuid:import_id>/rows", import_changes.decide, name="decide_in_import"),
    path("imports/<uuid:import_id>/row", import_changes.mend, name="mend_import_row"),
    path("portfolios/<uuid:portfolio_id>/name", cash.rename, name="rename"),
    path("portfolios/<uuid:portfolio_id>/archival", cash.archive, name="archive"),
    path("portfolios/<uuid:portfolio_id>/figures", home.fresh_figures, name="figures"),
]
