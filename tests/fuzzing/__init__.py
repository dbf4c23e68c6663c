"""Requests made from the OpenAPI document, against a running desk."""
