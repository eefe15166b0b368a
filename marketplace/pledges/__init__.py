"""Pledge registrations (质押登记): who holds which right for which debt."""
