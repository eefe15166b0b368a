"""Notices (公告): what the public is told before a sale, frozen and hashed."""
