"""Mandates to operate (委托运营): an agency runs the rights for a time, reports each period, and they revert."""
