"""The demo: a disposable user, and portfolios with a past for the first look."""
