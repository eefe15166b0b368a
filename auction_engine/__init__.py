"""The bid engine: rules of every format, the function library, gateway, journal, receipts."""
