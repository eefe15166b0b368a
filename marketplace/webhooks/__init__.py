"""Webhooks (回调通知): changes sent to an organisation's own address, signed as Standard Webhooks asks."""
