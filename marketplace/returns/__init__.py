"""Quarterly returns of banks (季度统计表) and the notification made of them (季度通报)."""
