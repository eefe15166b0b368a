"""Enrolments (备案): loans made known to a compensation fund before anything goes wrong."""
