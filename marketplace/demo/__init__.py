"""The story that `luochui demo` plays: one defaulted loan, from spreadsheet to statement, over the HTTP API alone."""
