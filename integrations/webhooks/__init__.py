"""Events sent to addresses of users, by the Standard Webhooks specification."""
