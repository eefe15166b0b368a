"""Approvals 复核: nothing of weight is done on one person's word; the hash says what exactly was approved."""
