"""Early warning (监测预警): signals about loans, collateral, bidding and funds, and their way through review."""
