"""Lots (标的): what is for sale, under which regime and rules, and how far its sale has come."""
