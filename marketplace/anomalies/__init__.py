"""Anomalies (异常竞价): bids that look like a seller's own, rings, conflicts found late; a result on hold."""
