"""Django's PostgreSQL, with the time that a request has; settings name this package as ENGINE."""
