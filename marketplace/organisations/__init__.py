"""Organisations 机构 and the people who act for them: users, roles, sign-in, sessions, API keys."""
