"""Judged destinations as rows: tables, filters, exports and the events of open pages."""
