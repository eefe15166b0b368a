"""Consignments (委托处置): a bank hands collateral in for disposal."""
