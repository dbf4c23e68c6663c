"""The sockets that tell a portfolio's watchers what changes in it."""
