"""Searches that are kept (检索订阅): a lot that holds all their words is found for them once it is published."""
