"""White lists (白名单): drafted, published by another person, pushed to banks with receipts, answered by them."""
