"""The change feed (变更流): every event, for each organisation that it concerns, numbered without a gap."""
